"""What runs, and when: live work, runs that are asked for, cancel, effects."""

import time

import numpy as np
import pytest
import soundfile
from bench_of_work import CALLS, Bench, graph, make_studio, port

from nodegraph.editor.listen.sound import map_of
from nodegraph.editor.work.run_actions import add_run_actions


@pytest.fixture
def bench(tmp_path):
    return Bench(make_studio(tmp_path))


CHAIN = graph("a.audio > b.audio", "b.audio > c.audio", a="test.noise", b="test.turn", c="test.slow")
END = port("c.audio")


def ran(kind):
    return [seconds for name, seconds in CALLS if name == kind]


def listen(bench, at="c.audio"):
    """Listen to a port until its whole file is there."""
    bench.desk.listen_to(port(at), None)
    bench.wait(lambda: bench.whole(port(at)) and not bench.runner.busy)
    CALLS.clear()


def test_nothing_runs_when_a_document_is_opened(bench):
    bench.open(CHAIN)
    bench.wait(lambda: bench.statuses() == {"a": "stale", "b": "stale", "c": "stale"})
    bench.frames(0.9)
    assert not CALLS
    assert bench.runner.sound(END) is None
    assert bench.runner.why_not(END) == "Press Run to make it."


def test_nothing_runs_when_a_parameter_changes_that_nobody_listens_to(bench):
    bench.open(CHAIN)
    bench.set("b", "by", 2.0)
    bench.frames(0.9)
    assert not CALLS


def test_listening_makes_a_passage_first_and_then_the_whole(bench):
    bench.open(CHAIN)
    bench.desk.listen_to(END, None)
    bench.wait(lambda: bench.runner.sound(END))
    first = bench.runner.sound(END)
    assert first.preview
    assert (first.begin_s, first.audio.seconds) == (0.0, 10.0)
    assert bench.desk.run_state.what in ("idle", "region")
    bench.wait(lambda: bench.whole(END))
    assert bench.runner.sound(END).audio.seconds == 30.0
    np.testing.assert_array_equal(bench.runner.sound(END).audio.samples[:, :80000], first.audio.samples)


def test_a_changed_parameter_is_heard_in_the_loop_and_then_whole(bench):
    bench.open(CHAIN)
    listen(bench)
    bench.desk.loop((12.0, 16.0))
    bench.set("b", "by", -1.0)
    bench.wait(lambda: not bench.whole(END))
    sound = bench.runner.sound(END)
    assert sound.preview
    assert (sound.begin_s, sound.end_s) == (12.0, 16.0)
    bench.wait(lambda: bench.whole(END))
    whole = bench.runner.sound(END).audio.samples
    np.testing.assert_array_equal(whole[:, 96000:128000], sound.audio.samples)
    assert not ran("noise")


def test_passages_that_were_heard_are_kept_in_files(bench):
    bench.open(CHAIN)
    bench.desk.listen_to(END, None)
    bench.wait(lambda: bench.runner.sound(END))
    bench.wait(lambda: not bench.runner._hearing.busy)
    kept = bench.runner._regions.kept
    sounds = [value for values in kept._kept.values() for value in values.values()]
    assert sounds
    assert all(map_of(sound) is not None for sound in sounds)


def test_moving_a_slider_runs_only_what_comes_after_it(bench):
    bench.open(graph("a.audio > b.audio", "b.audio > c.audio", a="test.noise", b="test.turn", c="test.turn"))
    listen(bench)
    bench.set("b", "by", 3.0)
    bench.wait(lambda: len(ran("turn")) >= 2)
    bench.frames(0.05)
    bench.set("c", "by", 2.0)
    bench.wait(lambda: len(ran("turn")) >= 3)
    bench.frames(0.1)
    assert len(ran("turn")) == 3


def test_a_drag_is_heard_once_it_rests(bench):
    bench.open(CHAIN)
    listen(bench)
    for step in range(10):
        bench.set("c", "by", 1.0 + step / 10, merge="drag")
        bench.frame()
    bench.wait(lambda: not bench.whole(END))
    assert len(ran("slow")) <= 2
    loudest = np.abs(bench.runner.sound(END).audio.samples).max()
    assert loudest == pytest.approx(1.9 * 0.5, abs=0.01)


@pytest.mark.parametrize("way", ["released", "no drag"])
def test_a_change_that_is_no_drag_any_more_is_heard_without_a_wait(bench, monkeypatch, way):
    bench.open(CHAIN)
    listen(bench)
    monkeypatch.setattr("nodegraph.editor.work.runner._SETTLED_S", 600.0)
    if way == "released":
        bench.set("c", "by", 1.5, merge="drag")
        bench.frames(0.1)
        assert bench.whole(END)
        bench.desk.history.close_step()
    else:
        bench.set("c", "by", 1.5)
    bench.wait(lambda: not bench.whole(END))


def test_a_change_cancels_the_run_that_it_makes_useless(bench):
    bench.open(CHAIN)
    listen(bench)
    bench.set("c", "take_s", 5.0)
    bench.wait(lambda: 30.0 in ran("slow"), "the whole to begin")
    bench.set("c", "take_s", 0.3)
    bench.wait(lambda: bench.whole(END))
    assert ran("slow done").count(30.0) == 1


def test_cancel_stops_at_once_and_keeps_what_is_finished(bench):
    bench.open(CHAIN)
    bench.set("c", "take_s", 20.0)
    bench.runner.run_all()
    bench.wait(lambda: ran("slow"))
    bench.runner.cancel()
    assert not bench.runner.busy
    bench.wait(lambda: bench.status("b") == "clean")
    assert bench.status("c") == "stale"
    assert bench.desk.run_state.what == "idle"


def test_an_asked_run_goes_on_when_something_changes(bench):
    bench.open(CHAIN)
    bench.runner.run_all()
    bench.wait(lambda: ran("slow"))
    bench.set("b", "by", 2.0)
    bench.wait(lambda: ran("slow done"))
    bench.wait(lambda: not bench.runner.busy)
    assert bench.status("c") == "stale"


def test_undo_finds_the_earlier_result(bench):
    bench.open(CHAIN)
    listen(bench)
    key = bench.runner.sound(END).key
    bench.set("b", "by", 2.0)
    bench.wait(lambda: not bench.whole(END))
    CALLS.clear()
    bench.desk.undo()
    bench.wait(lambda: bench.whole(END))
    assert bench.runner.sound(END).key == key
    assert not CALLS


def test_a_sound_stays_until_the_new_one_is_there(bench):
    bench.open(CHAIN)
    listen(bench)
    bench.set("b", "by", 2.0)
    while bench.whole(END):
        assert bench.runner.sound(END) is not None
        bench.frame()
    assert bench.runner.sound(END).preview


def test_without_live_nothing_runs_by_itself(bench):
    bench.open(CHAIN)
    listen(bench)
    bench.studio.prefer(live=False)
    bench.set("b", "by", 2.0)
    bench.wait(lambda: bench.runner.sound(END) is None)
    bench.frames(0.9)
    assert not CALLS
    assert bench.runner.why_not(END) == "Press Run to make it."


def test_a_and_b_are_both_heard(bench):
    bench.open(CHAIN)
    bench.desk.listen_to(END, port("a.audio"))
    bench.wait(lambda: bench.whole(END) and bench.whole(port("a.audio")))


def test_a_port_that_is_asked_for_comes_when_it_is_there(bench):
    bench.open(CHAIN)
    listen(bench)
    assert bench.runner.sound(port("b.audio")) is None
    bench.wait(lambda: bench.runner.sound(port("b.audio")))
    assert not CALLS


def test_a_long_run_waits_for_the_user(bench, monkeypatch):
    monkeypatch.setattr("nodegraph.editor.work.making.LONGEST_BY_ITSELF_S", 0.1)
    bench.open(CHAIN)
    bench.runner.run_all()
    bench.wait(lambda: not bench.runner.busy)
    CALLS.clear()
    bench.desk.listen_to(END, None)
    bench.set("c", "by", 2.0)
    bench.wait(lambda: bench.runner.hint)
    assert bench.runner.sound(END).preview
    assert 30.0 not in ran("slow")
    bench.runner.run_all()
    bench.wait(lambda: bench.whole(END))
    assert not bench.runner.hint


def test_a_failure_keeps_the_rest(bench):
    bench.open(
        graph(
            "a.audio > bad.audio",
            "a.audio > c.audio",
            "bad.audio > d.audio",
            a="test.noise",
            bad="test.fail",
            c="test.turn",
            d="test.turn",
        )
    )
    bench.runner.run_all()
    bench.wait(lambda: not bench.runner.busy and bench.status("bad") == "failed")
    assert bench.statuses() == {"a": "clean", "bad": "failed", "c": "clean", "d": "blocked"}
    assert bench.desk.states["bad"].reason == "ValueError: the sound is sour"
    assert bench.runner.why_not(port("bad.audio")) == "ValueError: the sound is sour"
    bench.set("bad", "broken", False)
    bench.wait(lambda: bench.status("bad") == "stale")
    bench.runner.run_all()
    bench.wait(lambda: set(bench.statuses().values()) == {"clean"})


def test_a_failure_of_a_passage_is_told(bench):
    bench.open(graph("a.audio > b.audio", a="test.noise", b="test.fail"))
    bench.desk.listen_to(port("b.audio"), None)
    bench.wait(lambda: bench.status("b") == "failed")
    assert bench.runner.why_not(port("b.audio")) == "ValueError: the sound is sour"
    bench.set("b", "broken", False)
    bench.wait(lambda: bench.whole(port("b.audio")))


# --- files --------------------------------------------------------------------------------------------

EXPORT = graph(
    "a.audio > out.audio", a=("test.noise", {"length_s": 0.5}), out=("export", {"file": "out.wav"})
)


def test_effects_never_run_by_themselves(bench, tmp_path):
    bench.open(EXPORT, tmp_path / "graph.json")
    bench.desk.listen_to(port("a.audio"), None)
    bench.wait(lambda: bench.whole(port("a.audio")))
    bench.set("a", "seed", 3)
    bench.frames(1.0)
    assert not (tmp_path / "out.wav").exists()


def test_run_all_writes_beside_the_document(bench, tmp_path):
    bench.open(EXPORT, tmp_path / "graph.json")
    assert not bench.runner.needs_folder()
    bench.runner.run_all()
    bench.wait(lambda: bench.status("out") == "clean")
    assert soundfile.info(tmp_path / "out.wav").frames == 4000


def test_an_existing_file_is_replaced_only_with_the_users_word(bench, tmp_path):
    (tmp_path / "out.wav").write_bytes(b"mine")
    refused = []
    bench.open(EXPORT, tmp_path / "graph.json")
    bench.runner.run_all(refused=refused.append)
    bench.wait(lambda: refused)
    assert refused[0].existing == (tmp_path / "out.wav",)
    assert (tmp_path / "out.wav").read_bytes() == b"mine"
    assert not CALLS
    bench.runner.run_all(overwrite=True)
    bench.wait(lambda: bench.status("out") == "clean")
    assert soundfile.info(tmp_path / "out.wav").frames == 4000


def test_an_untitled_document_needs_a_folder_and_stays_inside(bench, tmp_path):
    (tmp_path / "results").mkdir()
    bench.open(EXPORT)
    assert bench.runner.needs_folder()
    bench.runner.write_into(tmp_path / "results")
    bench.set("out", "file", "../elsewhere.wav")
    bench.runner.run_all()
    bench.wait(lambda: not bench.runner.busy and bench.status("out") == "blocked")
    assert not (tmp_path / "elsewhere.wav").exists()
    bench.desk.undo()
    bench.runner.run_all()
    bench.wait((tmp_path / "results" / "out.wav").exists)


class Answers:
    """Answers every question with the same word, and every picking with the same folder."""

    showing = False

    def __init__(self, word, folder=None):
        self.word, self.folder, self.asked = word, folder, []

    def ask(self, question, answer):
        self.asked.append(question)
        answer(self.word)

    def enter(self, title, text, answer):
        answer(None)

    def pick(self, picking, answer):
        self.asked.append(picking)
        answer(self.folder)


def test_the_action_asks_for_the_folder_and_before_it_replaces(bench, tmp_path):
    studio = bench.studio
    add_run_actions(studio)
    (tmp_path / "out.wav").write_bytes(b"mine")
    studio.dialogs = Answers("replace", tmp_path)
    bench.open(EXPORT)
    bench.frame()
    assert studio.actions.do("run.all")
    bench.wait(lambda: bench.status("out") == "clean")
    assert len(studio.dialogs.asked) == 2
    assert soundfile.info(tmp_path / "out.wav").frames == 4000


def test_the_action_runs_to_the_selection(bench):
    add_run_actions(bench.studio)
    bench.open(CHAIN)
    assert not bench.studio.actions.do("run.selected")
    bench.desk.select(type(bench.desk.selection)(frozenset("b")))
    assert bench.studio.actions.do("run.selected")
    bench.wait(lambda: bench.status("b") == "clean")
    assert not ran("slow")


def test_clearing_the_cache_makes_everything_stale(bench):
    add_run_actions(bench.studio)
    bench.studio.dialogs = Answers("clear")
    bench.open(CHAIN)
    bench.runner.run_all()
    bench.wait(lambda: not bench.runner.busy and bench.status("c") == "clean")
    assert bench.studio.actions.do("run.clear_cache")
    bench.wait(lambda: bench.status("c") == "stale")


def test_the_windows_thread_never_waits(bench):
    bench.open(CHAIN)
    bench.desk.listen_to(END, None)
    own = []
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        if len(own) == 200:
            bench.set("b", "by", 2.0)
        bench.studio.inbox.drain()
        begin = time.thread_time()
        bench.runner.update()
        own.append(time.thread_time() - begin)
        time.sleep(0.002)
    # What the thread itself spends: the wall clock also counts what other processes take. Python's own
    # collection of garbage may fall into a call or two.
    assert sorted(own)[-3] <= 0.005
