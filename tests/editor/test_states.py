"""What is known of nodes: states, reasons, the plan before a run, loudness."""

import threading
import time
from itertools import count, pairwise

import pytest
from bench_of_work import Bench, graph, make_studio, port
from yardstick import plain_seconds

from nodegraph.document import Document
from nodegraph.editor.desk.edits import rename
from nodegraph.editor.window.toolbar import run_text
from nodegraph.editor.words import use_language
from nodegraph.editor.work.knowledge import Inquiry, Knowledge
from nodegraph.editor.work.lane import Lane
from nodegraph.editor.work.sessions import session_of
from nodegraph.graph import Graph, Link, Node


@pytest.fixture
def bench(tmp_path):
    return Bench(make_studio(tmp_path))


def made(bench):
    """Run everything and wait until that is known."""
    bench.runner.run_all()
    bench.wait(lambda: not bench.runner.busy)
    bench.wait(lambda: bench.statuses() and "stale" not in bench.statuses().values())


def test_each_node_says_what_it_is(bench, tmp_path):
    links = (
        "a.audio > off.audio",
        "off.audio > b.audio",
        "a.audio > h.audio",
        "h.audio > after.audio",
        "lost.audio > on.audio",
    )
    nodes = {
        "a": "test.noise",
        "off": "test.turn",
        "b": "test.turn",
        "h": "test.heavy",
        "after": "test.turn",
        "lost": ("load", {"file": "gone.wav"}),
        "on": "test.turn",
        "alone": "test.turn",
    }
    whole = graph(*links, **nodes).put("off", Node("test.turn", bypassed=True))
    bench.open(whole, tmp_path / "graph.json")
    bench.wait(bench.statuses)
    assert bench.statuses() == {
        "a": "stale",
        "off": "bypassed",
        "b": "stale",
        "h": "unavailable",
        "after": "blocked",
        "lost": "blocked",
        "on": "blocked",
        "alone": "blocked",
    }
    reasons = {node_id: state.reason for node_id, state in bench.desk.states.items()}
    assert "pip install no_such_package_anywhere" in reasons["h"]
    assert reasons["after"] == "It needs Heavy, which cannot run."
    assert reasons["lost"] == "file: gone.wav is not there. Choose where it is now."
    assert reasons["alone"] == "Nothing is linked to its input audio."


def test_a_file_that_comes_back_is_noticed_with_the_next_edit(bench, tmp_path):
    import numpy as np
    import soundfile

    bench.open(graph(a=("load", {"file": "a.wav"})), tmp_path / "graph.json")
    bench.wait(lambda: bench.status("a") == "blocked")
    soundfile.write(tmp_path / "a.wav", np.zeros(100), 8000)
    bench.runner.look_again()
    bench.wait(lambda: bench.status("a") == "stale")


def test_reasons_are_sentences(bench):
    bench.open(
        graph(
            "a.audio > b.audio",
            "b.audio > c.audio",
            a=("test.noise", {"length_s": 1.0}),
            b="gain",
            c="test.turn",
        )
    )
    bench.set("b", "gain_db", -3.0)
    made(bench)
    bench.set("b", "gain_db", -6.0)
    bench.wait(lambda: bench.status("b") == "stale")
    assert bench.desk.states["b"].reason == "Gain: −3 → −6 dB."
    assert bench.desk.states["c"].reason == "Gain changed."
    assert bench.desk.states["c"].seconds is not None


def test_reasons_call_nodes_what_the_user_sees(bench):
    bench.open(graph("a.audio > c.audio", a="test.noise", b=("test.noise", {"seed": 3}), c="test.turn"))
    made(bench)
    document = rename(rename(bench.desk.document, "a", "Seite A"), "b", "Seite B")
    bench.desk.edit(document, "Rename")
    bench.set("a", "seed", 7)
    bench.wait(lambda: bench.status("c") == "stale")
    assert bench.desk.states["c"].reason == "Seite A changed."
    other = graph("b.audio > c.audio", a="test.noise", b=("test.noise", {"seed": 3}), c="test.turn")
    bench.desk.edit(bench.desk.document.with_graph(other), "Link")
    bench.wait(lambda: "comes" in bench.desk.states["c"].reason)
    assert bench.desk.states["c"].reason == "Audio comes from Seite B instead of Seite A."
    assert any(line.why == bench.desk.states["c"].reason for line in bench.desk.run_state.lines)


def test_what_keeps_everything_from_running_is_told(bench):
    bench.open(graph("load.audio > b.audio", load="load", b="gain"))
    bench.wait(lambda: bench.status("b") == "blocked")
    state = bench.desk.run_state
    assert state.to_run == 0
    text = "Load audio cannot run: No file is chosen. Choose a file."
    assert run_text(state, bench.desk.document) == text
    use_language("de")
    try:
        german = run_text(state, bench.desk.document)
    finally:
        use_language("en")
    assert german == "„Ton laden“ kann nicht laufen: „Datei“ ist nicht gewählt. Eine Datei wählen."
    bench.open(graph(a="test.noise"))
    made(bench)
    bench.wait(lambda: bench.desk.run_state.to_run == 0)
    assert run_text(bench.desk.run_state, bench.desk.document) == "Everything is up to date."


def test_the_plan_tells_what_would_run_why_and_for_how_long(bench):
    bench.open(graph("a.audio > b.audio", a=("test.noise", {"length_s": 1.0}), b=("gain", {"gain_db": 1.0})))
    bench.wait(lambda: len(bench.desk.run_state.lines) == 2)
    assert [line.why for line in bench.desk.run_state.lines] == ["It has not run yet."] * 2
    assert bench.desk.run_state.to_run == 2
    assert bench.desk.run_state.expected_s is None
    made(bench)
    assert bench.desk.run_state.lines == ()
    assert bench.desk.run_state.to_run == 0
    bench.set("b", "gain_db", 2.0)
    bench.wait(lambda: bench.desk.run_state.lines)
    (line,) = bench.desk.run_state.lines
    assert (line.node_id, line.why) == ("b", "Gain: 1 → 2 dB.")
    assert line.expected_s is not None
    assert bench.desk.run_state.expected_s == line.expected_s


def test_another_untitled_document_does_not_explain_this_one(bench):
    bench.open(graph(a=("test.noise", {"length_s": 1.0})))
    made(bench)
    bench.open(graph(a=("test.noise", {"length_s": 2.0})))
    bench.wait(lambda: bench.status("a") == "stale")
    assert bench.desk.states["a"].reason == "It has not run yet."


def test_running_nodes_tell_how_far_they_are(bench):
    bench.open(graph("a.audio > b.audio", a="test.noise", b=("test.slow", {"take_s": 0.6})))
    bench.runner.run_all()
    bench.wait(lambda: bench.desk.states.get("b") and bench.desk.states["b"].fraction > 0.3)
    assert bench.status("b") == "running"
    assert bench.status("a") == "clean"
    assert bench.desk.run_state.what == "run"
    assert 0.0 < bench.desk.run_state.fraction < 1.0
    bench.wait(lambda: bench.status("b") == "clean" and not bench.runner.busy)
    assert bench.desk.states["b"].seconds >= 0.6


def test_how_loud_results_are_is_measured_afterwards_and_remembered(bench, tmp_path):
    bench.open(graph(a=("test.noise", {"length_s": 3.0})))
    made(bench)
    bench.wait(lambda: "a" in bench.desk.states and bench.desk.states["a"].loudness)
    level = bench.desk.states["a"].loudness["audio"]
    # Uniform noise to ±0.5: its peak is −6 dBFS, its K-weighted loudness some dB below its RMS of −10.8.
    assert level.peak_dbfs == pytest.approx(-6.02, abs=0.01)
    assert -14.0 < level.lufs < -6.0
    bench.frames(0.1)
    other = Bench(make_studio(tmp_path))
    other.open(bench.desk.document.graph)
    other.wait(lambda: other.status("a") == "clean" and other.desk.states["a"].loudness)
    assert other.desk.states["a"].loudness["audio"].peak_dbfs == pytest.approx(level.peak_dbfs)


def test_a_node_without_effect_shows_its_inputs_state(bench):
    bench.open(graph("a.audio > b.audio", a=("test.noise", {"length_s": 1.0}), b=("gain", {"gain_db": 0.0})))
    made(bench)
    assert bench.statuses() == {"a": "clean", "b": "clean"}


def test_a_report_can_be_read(bench):
    bench.open(graph("a.audio > m.audio", a=("test.noise", {"length_s": 2.0}), m="measure"))
    made(bench)
    outputs = bench.studio.library.find("measure").outputs
    report = next(out.name for out in outputs if out.type.__name__ == "Report")
    bench.wait(lambda: bench.runner.value(port(f"m.{report}")))
    assert bench.runner.value(port(f"m.{report}")).measures


def test_a_node_that_is_taken_away_has_no_state(bench):
    bench.open(graph(a="test.noise", b="test.noise"))
    bench.wait(bench.statuses)
    document = bench.desk.document
    bench.desk.edit(document.with_graph(document.graph.remove("b")), "remove")
    bench.wait(lambda: set(bench.statuses()) == {"a"})


def test_moving_a_node_asks_nothing(bench):
    bench.open(graph(a="test.noise"))
    bench.wait(bench.statuses)
    states = bench.desk.states
    bench.desk.edit(bench.desk.document.move("a", 5.0, 5.0), "move")
    bench.frames(0.15)
    assert bench.desk.states is states


def test_300_nodes_cost_little(bench):
    nodes = {"a": Node("test.noise")} | {
        f"n{number}": Node("gain", {"gain_db": 1.0}) for number in range(299)
    }
    names = list(nodes)
    links = tuple(Link(before, "audio", after, "audio") for before, after in pairwise(names))
    document = Document(Graph(nodes, links))
    knowledge = Knowledge(bench.studio.cache)
    knowledge.answer(Inquiry(document, session_of(bench.studio, None)), lambda: None)
    values = count(2.0)

    def edit_and_ask() -> None:
        changed = document.graph.set_param("n150", "gain_db", next(values), bench.studio.library)
        knowledge.answer(Inquiry(document.with_graph(changed), session_of(bench.studio, None)), lambda: None)

    assert plain_seconds(edit_and_ask) <= 0.030


# --- lanes --------------------------------------------------------------------------------------------


def test_a_lane_does_the_latest_and_cancels_what_was_before():
    lane = Lane("test", lambda error: None)
    begun, done = threading.Event(), []

    def first(cancel):
        begun.set()
        cancel.wait(5)
        done.append(("first", cancel.is_set()))

    lane.do(first)
    assert begun.wait(5)
    lane.do(lambda cancel: done.append(("never", True)))
    lane.do(lambda cancel: done.append(("last", cancel.is_set())))
    while lane.busy:
        time.sleep(0.001)
    assert done == [("first", True), ("last", False)]


def test_a_lane_hands_on_what_is_raised():
    raised = []
    lane = Lane("test", raised.append)

    def fall(cancel):
        raise ValueError("sour")

    lane.do(fall)
    while lane.busy:
        time.sleep(0.001)
    assert [str(error) for error in raised] == ["sour"]
