"""Failures, lost results, and the plan: what is told, and what runs after all."""

import shutil

import pytest
from lab import Lab, chain, graph, link, trio

from nodegraph.errors import NodeError
from nodegraph.graph import Node

# --- failures -------------------------------------------------------------------------------------


def fork(broken):
    return graph(
        "a.audio > bad.audio",
        "bad.audio > after.audio",
        "a.audio > good.audio",
        "good.audio > end.audio",
        a="tone",
        bad=("fail", {"broken": broken}),
        after=("gain", {"gain_db": 1}),
        good=("gain", {"gain_db": 2}),
        end=("gain", {"gain_db": 3}),
    )


def test_a_failure_lets_other_branches_end_and_names_node_parameters_and_cause(lab):
    result = lab.run(fork(broken=True))
    assert sorted(result.ran) == ["a", "end", "good"]
    assert set(result.failures) == {"bad"}
    failure = result.failures["bad"]
    assert isinstance(failure, NodeError)
    assert isinstance(failure.cause, ValueError)
    assert failure.__cause__ is failure.cause
    assert str(failure) == "bad (fail) failed: ValueError: the sound is sour [broken=True, gain_db=0.0]"
    assert result.skipped == {"after": "it needs bad, which failed"}
    assert ("end", "audio") in result.values


def test_after_a_mend_only_the_failed_part_runs(lab):
    lab.run(fork(broken=True))
    again = lab.run(fork(broken=True))
    assert again.ran == ()
    assert set(again.failures) == {"bad"}, "a failure is not cached"
    assert lab.ran(fork(broken=False)) == ["after", "bad"]


def test_a_node_that_breaks_its_word_fails_by_name(lab):
    result = lab.run(graph("a.audio > b.audio", a="tone", b="liar"))
    assert "liar gave ndarray at audio, not Audio" in str(result.failures["b"])


def test_an_unknown_kind_is_kept_and_the_others_run(lab):
    made = graph(
        "a.audio > odd.audio",
        "odd.audio > after.audio",
        "a.audio > good.audio",
        a="tone",
        odd=Node("from.elsewhere", {"x": 1}, extra={"y": 2}),
        after=("gain", {"gain_db": 1}),
        good=("gain", {"gain_db": 2}),
    )
    result = lab.run(made)
    assert sorted(result.ran) == ["a", "good"]
    assert "unknown here" in result.skipped["odd"]
    assert result.skipped["after"] == "it needs odd, which cannot run"
    assert made.nodes["odd"].extra == {"y": 2}


def test_a_missing_package_says_the_command(lab):
    result = lab.run(graph("a.audio > b.audio", "a.audio > c.audio", a="tone", b="heavy", c="slow"), ["b"])
    assert result.ran == ()
    assert result.skipped["b"] == (
        "heavy needs no_such_package_anywhere, which is not installed. Run: regroove extras install nowhere"
    )


def test_a_parameter_out_of_range_stops_only_its_branch(lab):
    made = graph("a.audio > b.audio", "a.audio > c.audio", a="tone", b=("gain", {"gain_db": 900}), c="same")
    result = lab.run(made)
    assert sorted(result.ran) == ["a", "c"]
    assert result.skipped["b"] == "gain_db must be -96 to 48 dB, not 900."


def test_a_node_from_the_future_is_not_run(lab):
    result = lab.run(graph(a=Node("tone", version=7)))
    assert "version 7" in result.skipped["a"]


# --- lost results ---------------------------------------------------------------------------------


def test_a_lost_result_is_made_again_only_if_somebody_needs_it(lab):
    made = chain()
    lab.run(made)
    shutil.rmtree(lab.entry(made, "gain"))
    lab.reopened()
    assert lab.ran(made) == []
    assert lab.ran(made.set_param("split", "at_percent", 1.0, lab.library)) == ["gain", "mix", "split"]


def test_a_lost_target_is_made_again_from_what_is_there(lab):
    made = chain()
    lab.run(made)
    shutil.rmtree(lab.entry(made, "mix"))
    lab.reopened()
    assert lab.why(made) == {"mix": "its result is no longer in the cache"}
    assert lab.ran(made) == ["mix"]


# --- the plan -------------------------------------------------------------------------------------


def test_the_plan_is_what_the_run_does(lab):
    made = chain()
    for change in (made, made.set_param("gain", "gain_db", 1.0, lab.library), chain(tone_hz=100)):
        planned = [step.node_id for step in lab.plan(change).those("run")]
        assert sorted(planned) == lab.ran(change)
        assert lab.plan(change).those("run") == ()


def test_the_plan_explains(lab):
    made = trio(gains={"tracks.1": -3})
    assert set(lab.why(made).values()) == {"it has not run yet"}
    lab.run(made)
    assert lab.why(made) == {}
    louder = made.set_param("a", "tone_hz", 150, lab.library)
    assert lab.why(louder) == {"a": "tone_hz 100 → 150 Hz", "mix": "a changed"}
    lab.run(louder)
    two = made.set_param("mix", "gains_db", {"tracks.1": -3, "tracks.2": 1}, lab.library)
    assert lab.why(two)["mix"].startswith(
        "gains_db {'tracks.1': -3.0} → {'tracks.1': -3.0, 'tracks.2': 1.0} dB"
    )
    apart = louder.disconnect(link("b.audio > mix.tracks.2"))
    assert lab.why(apart) == {"mix": "tracks.2 is no longer linked"}
    lab.run(apart)
    other = apart.connect(link("c.audio > mix.tracks.2"), lab.library)
    assert lab.why(other) == {"mix": "tracks.2 is newly linked"}


def test_the_plan_explains_gain_db(lab):
    lab.run(chain(gain_db=24))
    assert lab.why(chain(gain_db=18)) == {
        "gain": "gain_db 24 → 18 dB",
        "split": "gain changed",
        "mix": "split changed",
    }


def test_the_plan_explains_a_link_that_moved(lab):
    made = graph("a.audio > g.audio", a="tone", b=("tone", {"tone_hz": 2}), g=("gain", {"gain_db": 2}))
    lab.run(made, ["a", "b", "g"])
    moved = made.disconnect(link("a.audio > g.audio")).connect(link("b.audio > g.audio"), lab.library)
    assert lab.why(moved, ["g"]) == {"g": "audio comes from b instead of a"}


def test_the_plan_expects_what_the_last_run_took(lab):
    made = chain()
    assert lab.plan(made).expected_s is None
    result = lab.run(made)
    later = made.set_param("mix", "gains_db", {"tracks.1": 1}, lab.library)
    assert lab.plan(later).expected_s == pytest.approx(result.seconds["mix"])


def test_a_plan_runs_nothing_and_writes_no_result(lab):
    lab.plan(chain())
    assert lab.cache.shelf.count() == 0


def test_garbled_memories_are_no_memories(lab):
    made = chain()
    lab.run(made)
    lab.cache.flush()
    for page in (lab.cache.ledger._folder).iterdir():
        page.write_text('{"tone": 7, "gain": {"key": 3}, "mix": {}, "stamp": []}')
    assert lab.ran(made) == []
    changed = chain(gain_db=1.5)
    assert lab.why(changed)["gain"] == lab.why(changed)["split"] == "it has not run yet"
    assert lab.ran(changed) == ["gain", "mix", "split"]


def test_two_laboratories_share_nothing(lab, tmp_path):
    lab.run(chain())
    (tmp_path / "other").mkdir()
    assert len(Lab(tmp_path / "other").ran(chain())) == 4
