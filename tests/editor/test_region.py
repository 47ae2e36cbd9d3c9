"""Passages: what is heard first is what the whole file will be there."""

import threading

import numpy as np
import pytest
from bench_of_work import CALLS, RATE, graph, make_studio, port

from nodegraph.audio import Audio, ClickMap, SpeedCurve
from nodegraph.document import Document
from nodegraph.editor.work.passages import Passage, cut, passage_near
from nodegraph.editor.work.region import Regions, Wish
from nodegraph.editor.work.sessions import session_of
from nodegraph.errors import Cancelled
from nodegraph.execute import run
from nodegraph.graph import Node


@pytest.fixture
def studio(tmp_path):
    return make_studio(tmp_path)


class Ear:
    """Hears passages, and runs whole files to compare them with."""

    def __init__(self, studio, made):
        self.studio, self.document = studio, Document(made)
        self.session = session_of(studio, None)
        self.regions = Regions(studio.cache)

    def set(self, node_id, name, value):
        changed = self.document.graph.set_param(node_id, name, value, self.studio.library)
        self.document = self.document.with_graph(changed)

    def heard(self, at, begin_s, end_s, cancel=None):
        wish = Wish(self.document, self.session, (port(at),), Passage(begin_s, end_s))
        return self.regions.hear(wish, cancel or threading.Event(), lambda fraction: None)

    def sound(self, at, begin_s, end_s):
        heard = self.heard(at, begin_s, end_s)
        assert not heard.why_not
        return heard.sounds[port(at)]

    def run(self, *targets):
        """Run whole files; return the last target's first output."""
        result = run(self.document, self.session, targets)
        assert not result.failures
        return next(value for (node_id, _port), value in result.values.items() if node_id == targets[-1])


def part(audio, begin_s, end_s):
    begin, end = round(begin_s * audio.sample_rate), round(end_s * audio.sample_rate)
    return audio.samples[:, begin:end]


def difference_db(found, wanted):
    """Return how loud what differs is, against what is wanted."""
    error = np.mean(np.square(found.astype(np.float64) - wanted))
    return 10 * np.log10(max(error, 1e-20) / np.mean(np.square(wanted.astype(np.float64))))


TURNS = graph("a.audio > b.audio", "b.audio > c.audio", a="test.noise", b="test.turn", c="test.turn")
DEMO = ("source.demo", {"length_s": 12.0, "channels": "mono", "sample_rate": 22050})


@pytest.mark.parametrize(
    ("kind", "params", "below_db"),
    [
        ("gain", {"gain_db": -3.0}, -150),
        ("tone.eq", {"mid_db": 6.0, "low_cut_hz": 60.0}, -90),
        # Its gain falls back over seconds: what was loud before the context is not known.
        ("level.limiter", {"ceiling_dbtp": -9.0}, -40),
        ("separate.hpss", {}, -60),
        ("stereo.widen", {"width_percent": 80.0}, -90),
    ],
)
def test_a_passage_is_what_the_whole_file_is_there(studio, kind, params, below_db):
    spec = studio.library.find(kind)
    output = spec.outputs[0].name
    ear = Ear(studio, graph("a.audio > b.audio", a=DEMO, b=(kind, params)))
    ear.run("a")
    sound = ear.sound(f"b.{output}", 6.0, 9.0)
    assert sound.preview
    assert (sound.begin_s, sound.audio.seconds) == (6.0, 3.0)
    whole = ear.run("b")
    assert difference_db(sound.audio.samples, part(whole, 6.0, 9.0)) <= below_db


def test_the_clicks_of_a_passage_are_those_of_the_whole_file(studio):
    ear = Ear(studio, graph("a.audio > b.audio", a=DEMO, b=("repair.declick", {"threshold_db": 20.0})))
    ear.run("a")
    found, wanted = ear.sound("b.audio", 6.0, 9.0).audio.samples, part(ear.run("b"), 6.0, 9.0)
    # One at the threshold may count in one and not in the other: blocks begin elsewhere.
    assert np.mean(found != wanted) <= 0.02


def test_noise_is_learned_where_the_whole_file_would_learn_it(studio):
    ear = Ear(studio, graph("a.audio > b.audio", a=DEMO, b="repair.denoise"))
    ear.run("a")
    sound = ear.sound("b.audio", 8.0, 11.0)
    whole = ear.run("b")
    assert difference_db(sound.audio.samples, part(whole, 8.0, 11.0)) <= -60


def test_noise_is_learned_from_what_is_upstream_even_if_only_passages_of_it_are_there(studio):
    made = graph(
        "a.audio > g.audio", "g.audio > b.audio", a=DEMO, g=("gain", {"gain_db": -12.0}), b="repair.denoise"
    )
    ear = Ear(studio, made)
    ear.run("a")
    sound = ear.sound("b.audio", 8.0, 11.0)
    whole = ear.run("b")
    # The place is the same; its edges fall on other windows of the estimate.
    assert difference_db(sound.audio.samples, part(whole, 8.0, 11.0)) <= -40


def test_a_noise_profile_is_learned_at_its_own_place(studio):
    links = ("a.audio > g.audio", "g.audio > n.audio", "g.audio > b.audio", "n.profile > b.profile")
    profile = ("repair.noise_profile", {"begin_s": 0.0, "length_s": 0.9})
    ear = Ear(studio, graph(*links, a=DEMO, g=("gain", {"gain_db": -6.0}), n=profile, b="repair.denoise"))
    ear.run("a")
    sound = ear.sound("b.audio", 8.0, 11.0)
    assert difference_db(sound.audio.samples, part(ear.run("b"), 8.0, 11.0)) <= -60


def test_a_trim_moves_the_passage(studio):
    links = ("a.audio > g.audio", "g.audio > t.audio")
    ear = Ear(
        studio, graph(*links, a="test.noise", g="test.turn", t=("trim", {"start_s": 5.0, "end_s": 20.0}))
    )
    sound = ear.sound("t.audio", 3.0, 6.0)
    np.testing.assert_array_equal(sound.audio.samples, part(ear.run("t"), 3.0, 6.0))


def test_what_is_in_the_cache_is_not_made_again(studio):
    ear = Ear(studio, TURNS)
    ear.run("b")
    CALLS.clear()
    ear.sound("c.audio", 5.0, 8.0)
    assert [kind for kind, _seconds in CALLS] == ["turn"]


def test_passages_are_kept_and_only_what_changed_runs_again(studio):
    ear = Ear(studio, TURNS)
    ear.sound("c.audio", 5.0, 8.0)
    CALLS.clear()
    ear.set("c", "by", 3.0)
    first = ear.sound("c.audio", 5.0, 8.0)
    assert [kind for kind, _seconds in CALLS] == ["turn"]
    again = ear.sound("c.audio", 5.0, 8.0)
    assert [kind for kind, _seconds in CALLS] == ["turn"]
    assert first.key == again.key


def test_another_passage_has_another_key(studio):
    ear = Ear(studio, graph("a.audio > b.audio", a="test.noise", b="test.turn"))
    assert ear.sound("b.audio", 5.0, 8.0).key != ear.sound("b.audio", 5.0, 9.0).key


def test_a_result_that_is_there_is_heard_whole(studio):
    ear = Ear(studio, graph("a.audio > b.audio", a="test.noise", b="test.turn"))
    ear.run("b")
    sound = ear.sound("b.audio", 5.0, 8.0)
    assert not sound.preview
    assert sound.audio.seconds == 30.0


def test_behind_the_end_the_last_passage_is_heard(studio):
    ear = Ear(studio, graph("a.audio > b.audio", a="test.noise", b="test.turn"))
    sound = ear.sound("b.audio", 50.0, 60.0)
    assert (sound.begin_s, sound.end_s) == (20.0, 30.0)


def test_a_node_that_changes_the_time_says_so(studio):
    ear = Ear(studio, graph("a.audio > b.audio", a="test.noise", b="test.double"))
    heard = ear.heard("b.audio", 5.0, 8.0)
    assert not heard.sounds
    assert heard.why_not[port("b.audio")] == "b changes how long the sound is. Press Run to hear it."


def test_a_failure_is_told_under_its_key(studio):
    ear = Ear(studio, TURNS.put("b", Node("test.fail")))
    heard = ear.heard("c.audio", 5.0, 8.0)
    assert list(heard.failures.values()) == ["ValueError: the sound is sour"]


def test_a_cancel_ends_it(studio):
    ear = Ear(studio, graph("a.audio > b.audio", a="test.noise", b="test.slow"))
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        ear.heard("b.audio", 5.0, 8.0, cancel)


def test_times_count_from_the_begin_of_the_passage():
    curve = cut(SpeedCurve(np.array([0.0, 10.0]), np.array([1.0, 1.1]), np.ones(2)), Passage(4.0, 6.0))
    np.testing.assert_array_equal(curve.times_s, [-4.0, 6.0])
    clicks = ClickMap(RATE, 80000, np.array([[0, 100, 200], [0, 31990, 32010], [0, 40000, 40005]]))
    found = cut(clicks, Passage(4.0, 6.0))
    np.testing.assert_array_equal(found.spans, [[0, 0, 10], [0, 8000, 8005]])
    assert found.frames == 16000


def test_a_passage_of_a_sound_ends_with_it():
    sound = Audio.from_array(np.arange(10.0), 1)
    np.testing.assert_array_equal(cut(sound, Passage(7.0, 20.0)).samples, [[7, 8, 9]])


@pytest.mark.parametrize(
    ("position_s", "loop", "begin_s", "end_s"),
    [
        (0.0, None, 0.0, 10.0),
        (5.9, None, 0.0, 10.0),
        (6.0, None, 5.0, 15.0),
        (99.0, None, 95.0, 105.0),
        (50.0, (3.0, 9.0), 3.0, 9.0),
        (50.0, (10.0, 100.0), 45.0, 55.0),
        (0.0, (10.0, 100.0), 10.0, 20.0),
        (99.0, (10.0, 100.0), 95.0, 100.0),
    ],
)
def test_the_passage_lies_where_the_listener_is(position_s, loop, begin_s, end_s):
    assert passage_near(position_s, loop) == Passage(begin_s, end_s)
