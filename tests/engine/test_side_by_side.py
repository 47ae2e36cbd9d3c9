"""Threads: branches side by side, one torch job at a time, cancel, events, notes, and memory let go."""

import gc
import threading
import time
import weakref

import engine_kinds
import pytest
from engine_kinds import AT_MOST_S, GATES
from lab import graph

from nodegraph.errors import Cancelled


def pair(kind="meet", a=None, b=None):
    return graph(
        "tone.audio > a.audio", "tone.audio > b.audio", tone="tone", a=(kind, a or {}), b=(kind, b or {})
    )


# --- side by side ---------------------------------------------------------------------------------


def test_two_branches_run_side_by_side(lab):
    # Each waits for the other: one after the other they would never end.
    GATES["both"] = threading.Barrier(2)
    made = pair("meet", {"gate": "both", "opens": ""}, {"gate": "both", "opens": "x"})
    GATES["x"] = threading.Event()
    assert sorted(lab.run(made, workers=2).ran) == ["a", "b", "tone"]


def test_one_worker_runs_one_node_at_a_time(lab):
    GATES["other"] = threading.Event()
    made = pair("slow", {"length_s": 0.1, "offset": 1}, {"length_s": 0.1, "offset": 2})
    running, most = set(), 0

    def watch(event):
        nonlocal most
        if event.what == "started":
            running.add(event.node_id)
        if event.what in ("finished", "failed"):
            running.discard(event.node_id)
        most = max(most, len(running))

    lab.run(made, workers=1, on_event=watch)
    assert most == 1


def test_torch_jobs_run_one_at_a_time(lab):
    # `torchy` itself fails when it is not alone.
    made = graph(
        *(f"tone.audio > t{number}.audio" for number in range(4)),
        tone="tone",
        **{f"t{number}": ("torchy", {"seed": number}) for number in range(4)},
    )
    result = lab.run(made, workers=4)
    assert not result.failures
    assert len(result.ran) == 5


def test_a_torch_job_that_waits_keeps_no_processor_from_others(lab):
    # The first torch job waits for `free`, which needs the second worker; a second torch job is in line.
    GATES["go"] = threading.Event()
    made = graph(
        "tone.audio > t0.audio",
        "tone.audio > t1.audio",
        "tone.audio > zfree.audio",
        tone="tone",
        t0=("torchy", {"gate": "go"}),
        t1=("torchy", {"seed": 5}),
        zfree=("meet", {"opens": "go"}),
    )
    result = lab.run(made, workers=2)
    assert not result.failures
    assert len(result.ran) == 4


def test_what_is_ready_does_not_wait_for_an_unrelated_slow_node(lab):
    GATES["end"] = threading.Event()
    made = graph(
        "tone.audio > waiting.audio",
        "tone.audio > x.audio",
        "x.audio > y.audio",
        tone="tone",
        waiting=("meet", {"gate": "end"}),
        x=("gain", {"gain_db": 1}),
        y=("meet", {"opens": "end"}),
    )
    assert len(lab.run(made, workers=2).ran) == 4


def test_two_runs_at_once_share_one_cache(lab):
    made = pair("slow", {"length_s": 0.2}, {"length_s": 0.2, "offset": 1})
    results = []
    threads = [threading.Thread(target=lambda: results.append(lab.run(made))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 3
    assert all(set(result.values) == {("a", "audio"), ("b", "audio")} for result in results)
    assert lab.ran(made) == []


# --- cancel ---------------------------------------------------------------------------------------


def test_a_cancel_is_felt_within_200_ms_and_what_was_finished_is_kept(lab):
    made = graph(
        "tone.audio > done.audio",
        "done.audio > slow.audio",
        tone="tone",
        done=("gain", {"gain_db": 1}),
        slow=("slow", {"length_s": 60.0}),
    )
    cancel, cancelled_at = threading.Event(), []

    def stop(event):
        if event.what == "progress" and event.node_id == "slow" and not cancel.is_set():
            cancelled_at.append(time.monotonic())
            cancel.set()

    with pytest.raises(Cancelled):
        lab.run(made, cancel=cancel, on_event=stop)
    # The promise is 200 ms (benchmarks/engine.py measures it); the rest is for a machine that is busy.
    assert time.monotonic() - cancelled_at[0] < 1.0
    assert lab.ran(made, ["done"]) == []


def test_a_cancel_is_felt_while_a_node_does_not_listen(lab):
    GATES["never"] = threading.Event()
    made = graph("tone.audio > deaf.audio", tone="tone", deaf=("meet", {"gate": "never"}))
    cancel = threading.Event()
    timer = threading.Timer(0.2, cancel.set)
    timer.start()
    begin = time.monotonic()
    with pytest.raises(Cancelled):
        lab.run(made, cancel=cancel)
    assert time.monotonic() - begin < AT_MOST_S / 4
    GATES["never"].set()


def test_a_cancelled_run_can_be_taken_up_again(lab):
    made = pair("slow", {"length_s": 0.3, "offset": 1}, {"length_s": 0.3, "offset": 2})
    cancel = threading.Event()
    with pytest.raises(Cancelled):
        lab.run(
            made,
            cancel=cancel,
            workers=1,
            on_event=lambda e: e.what == "finished" and e.node_id != "tone" and cancel.set(),
        )
    # What was cancelled may still be on its way out, so that counting calls would count it too.
    assert len(lab.run(made).ran) == 1


def test_a_cancel_before_the_start_runs_nothing(lab):
    cancel = threading.Event()
    cancel.set()
    engine_kinds.CALLS.clear()
    with pytest.raises(Cancelled):
        lab.run(pair(), cancel=cancel)
    assert engine_kinds.CALLS == []


def test_flush_ends_although_a_cancelled_node_stores_its_result_meanwhile(lab):
    for round_ in range(20):
        GATES["late"] = threading.Event()
        made = graph("n.audio > deaf.audio", n=("noise", {"seed": round_}), deaf=("meet", {"gate": "late"}))
        cancel = threading.Event()

        def stop(event, cancel=cancel):
            if event.what == "finished":
                cancel.set()

        with pytest.raises(Cancelled):
            lab.run(made, cancel=cancel, on_event=stop)
        GATES["late"].set()
        flusher = threading.Thread(target=lab.cache.flush, daemon=True)
        flusher.start()
        flusher.join(AT_MOST_S)
        assert not flusher.is_alive()


# --- events ---------------------------------------------------------------------------------------


def test_events_come_on_the_calling_thread(lab):
    threads = set()
    lab.run(
        pair("slow", {"length_s": 0.1}, {"length_s": 0.1, "offset": 1}),
        on_event=lambda e: threads.add(threading.get_ident()),
    )
    assert threads == {threading.get_ident()}


def test_each_node_tells_its_start_its_growing_progress_and_its_end(lab):
    made = pair("slow", {"length_s": 0.3}, {"length_s": 0.3, "offset": 1})
    result, events = lab.events(made, workers=2)
    assert len(result.ran) == 3
    for name in ("a", "b"):
        own = [event for event in events if event.node_id == name]
        assert own[0].what == "started"
        assert own[-1].what == "finished"
        assert own[-1].seconds >= 0.3
        shares = [event.fraction for event in own if event.what == "progress"]
        assert len(shares) >= 2
        assert shares == sorted(shares)
    order = [(event.what, event.node_id) for event in events]
    assert order.index(("finished", "tone")) < order.index(("started", "a"))


def test_reuse_failure_and_skip_are_events_too(lab):
    made = graph(
        "tone.audio > bad.audio",
        "bad.audio > after.audio",
        "odd.audio > later.audio",
        tone="tone",
        bad="fail",
        after=("gain", {"gain_db": 1}),
        odd="from.elsewhere",
        later=("gain", {"gain_db": 1}),
    )
    lab.run(made, ["tone"])
    _, events = lab.events(made)
    told = {(event.what, event.node_id): event.text for event in events}
    assert ("reused", "tone") in told
    assert "sour" in told["failed", "bad"]
    assert told["skipped", "after"] == "it needs bad, which failed"
    assert "unknown here" in told["skipped", "odd"]
    assert told["skipped", "later"] == "it needs odd, which cannot run"


def test_an_error_in_the_listener_ends_the_run_with_that_error(lab):
    def broken(event):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        lab.run(pair("slow", {"length_s": 0.1}), on_event=broken)
    assert len(lab.run(pair("slow", {"length_s": 0.1})).values) == 2


def test_the_time_that_is_left_is_told_once_it_is_known(lab):
    lab.run(pair("slow", {"length_s": 0.3}, {"length_s": 0.3, "offset": 1}))
    _, events = lab.events(pair("slow", {"length_s": 0.31}, {"length_s": 0.31, "offset": 1}))
    told = [event.eta_s for event in events if event.eta_s is not None]
    assert told
    assert all(0 <= seconds < 5 for seconds in told)


# --- notes ----------------------------------------------------------------------------------------


def test_notes_are_kept_with_the_result_and_told_again(lab):
    made = graph("tone.audio > m.audio", tone="tone", m="measure")
    result, events = lab.events(made)
    assert result.notes == (("m", "the peak is 0.500"),)
    assert [event.text for event in events if event.what == "note"] == ["the peak is 0.500"]
    lab.reopened()
    again = lab.run(made)
    assert again.ran == ()
    assert again.notes == result.notes


# --- memory ---------------------------------------------------------------------------------------


def test_a_run_lets_go_of_what_nobody_will_read(lab, monkeypatch):
    alive: list[weakref.ref] = []
    most = 0
    store = type(lab.cache).store

    def watching(cache, key, entry, workspace):
        nonlocal most
        store(cache, key, entry, workspace)
        cache.flush()
        alive.append(weakref.ref(entry))
        gc.collect()
        most = max(most, sum(one() is not None for one in alive))

    monkeypatch.setattr(type(lab.cache), "store", watching)
    links = ["n0.audio > n1.audio", *(f"n{k}.audio > n{k + 1}.audio" for k in range(1, 12))]
    made = graph(*links, n0="tone", **{f"n{k}": ("gain", {"gain_db": k}) for k in range(1, 13)})
    result = lab.run(made, workers=1)
    assert len(result.ran) == 13
    assert most <= 4, "its input, itself, and what is under way"
    del result
    gc.collect()
    assert sum(one() is not None for one in alive) <= 1
