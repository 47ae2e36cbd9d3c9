"""The folder of results: bounded, shared by threads and processes, clear about a full disk."""

import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import engine_kinds
import numpy as np
import pytest
from lab import FACTS, Lab, get, graph, put, sound

from nodegraph.audio import Audio, allocating, new_samples
from nodegraph.cache import Cache, Entry
from nodegraph.errors import CacheError, NodeError

HERE = Path(__file__).parent


# --- space ----------------------------------------------------------------------------------------


def test_the_results_stay_within_their_limit(tmp_path):
    cache = Cache(tmp_path / "kept", limit_bytes=50_000)
    for number in range(20):
        put(cache, f"{number:02d}key", sound(2000))
    assert cache.shelf.used_bytes() <= 50_000
    on_disk = sum(path.stat().st_size for path in (tmp_path / "kept" / "results").rglob("*.*"))
    assert on_disk == cache.shelf.used_bytes()
    assert 4 <= cache.shelf.count() <= 6


def test_what_is_old_large_and_quickly_made_goes_first(tmp_path):
    cache = Cache(tmp_path / "kept", limit_bytes=100_000)
    put(cache, "aa-slow-to-make", sound(5000), seconds=60.0)
    put(cache, "bb-quick", sound(5000), seconds=0.01)
    put(cache, "cc-small", sound(50), seconds=0.01)
    put(cache, "dd-old", sound(5000), seconds=1.0)
    os.utime(cache.shelf.place("dd-old") / "facts.json", (1e9, 1e9))
    put(cache, "ee-new", sound(12_000), seconds=1.0)
    kept = {
        key for key in ("aa-slow-to-make", "bb-quick", "cc-small", "dd-old", "ee-new") if cache.contains(key)
    }
    assert "aa-slow-to-make" in kept
    assert "dd-old" not in kept
    put(cache, "ff-new", sound(9000), seconds=1.0)
    assert not cache.contains("bb-quick")
    assert cache.contains("aa-slow-to-make")
    assert cache.contains("cc-small")


def test_pinned_results_survive_and_go_when_they_are_let_go(tmp_path):
    cache = Cache(tmp_path / "kept", limit_bytes=30_000)
    put(cache, "aa-pinned", sound(5000), seconds=0.001)
    with cache.pinned({"aa-pinned"}), cache.pinned({"aa-pinned"}):
        for number in range(5):
            put(cache, f"{number:02d}key", sound(5000), seconds=100.0)
        assert cache.contains("aa-pinned")
    put(cache, "zz-last", sound(5000), seconds=100.0)
    assert not cache.contains("aa-pinned")


def test_a_run_whose_results_do_not_fit_still_gives_its_values(tmp_path):
    lab = Lab(tmp_path, limit_bytes=1)
    made = graph("a.audio > g.audio", a="tone", g=("gain", {"gain_db": 6}))
    assert lab.run(made).values["g", "audio"].frames == 400
    lab.cache.flush()
    put(lab.cache, "ab-last")
    assert lab.cache.shelf.count() == 0
    assert lab.ran(made) == ["a", "g"]
    lab.cache.flush()


def test_clear_removes_all_and_says_how_much(cache):
    for number in range(5):
        put(cache, f"{number:02d}key", sound(1000))
    used = cache.shelf.used_bytes()
    assert used > 5 * 4000
    assert cache.clear() == used
    assert (cache.shelf.used_bytes(), cache.shelf.count()) == (0, 0)
    put(cache, "ab1")
    assert cache.contains("ab1")


def test_a_mapped_result_stays_readable_when_it_is_evicted(cache):
    put(cache, "ab1", sound(200_000))
    held = get(Cache(cache.shelf.folder), "ab1")
    cache.clear()
    assert np.all(held.samples == 0.25)


# --- others ---------------------------------------------------------------------------------------


def test_two_caches_on_one_folder_may_store_one_key_at_once(tmp_path):
    caches = [Cache(tmp_path / "kept") for _ in range(3)]
    barrier = threading.Barrier(len(caches))

    def work(cache):
        for number in range(30):
            barrier.wait()
            with cache.workspace() as space:
                samples = space.allocate((1, 80_000))
                samples[...] = number
                value = Audio(samples, 8000)
                cache.store(f"{number:02d}key", Entry({"audio": value}, FACTS), space)
        cache.flush()

    threads = [threading.Thread(target=work, args=(cache,)) for cache in caches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for cache in (*caches, Cache(tmp_path / "kept")):
        for number in range(30):
            assert np.all(get(cache, f"{number:02d}key").samples == number)
    assert caches[0].shelf.count() == 30


PROGRAM = """
import sys, time
sys.path[:0] = {paths!r}
from pathlib import Path
from lab import Lab, graph
lab = Lab(Path({folder!r}))
made = graph(*(f"t.audio > g{{k}}.audio" for k in range(8)), t=("noise", {{"length_s": 20.0}}),
             **{{f"g{{k}}": ("gain", {{"gain_db": 1.0 + k}}) for k in range(8)}})
print("ready", flush=True)
sys.stdin.readline()
result = lab.run(made)
assert not result.failures
assert len(result.values) == 8
lab.cache.flush()
print("done", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def programs(tmp_path):
    started = []

    def start():
        text = PROGRAM.format(paths=[str(HERE), str(HERE.parents[1])], folder=str(tmp_path))
        program = subprocess.Popen(
            [sys.executable, "-c", text], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        started.append(program)
        assert program.stdout.readline() == "ready\n"
        return program

    yield start
    for program in started:
        program.kill()
        program.wait()
        program.stdin.close()
        program.stdout.close()


def tell(program):
    program.stdin.write("\n")
    program.stdin.flush()


def test_processes_share_one_folder(programs, tmp_path):
    both = [programs(), programs()]
    for program in both:
        tell(program)
    for program in both:
        assert program.stdout.readline() == "done\n"
    lab = Lab(tmp_path)
    made = graph("t.audio > g3.audio", t=("noise", {"length_s": 20.0}), g3=("gain", {"gain_db": 4.0}))
    assert lab.ran(made) == []
    assert lab.cache.shelf.count() == 9


def test_the_work_of_a_dead_process_is_swept_and_that_of_a_living_one_is_not(programs, tmp_path):
    dead, living = programs(), programs()
    works = {int(path.name.split("-")[0]): path for path in (tmp_path / "cache" / "work").iterdir()}
    dead.kill()
    dead.wait()
    (works[dead.pid] / "half a result.npy").write_bytes(b"x" * 100)
    lab = Lab(tmp_path)
    left = set((tmp_path / "cache" / "work").iterdir())
    assert left == {works[living.pid], lab.cache.shelf.work}


def test_a_cache_that_ends_takes_its_work_folder_with_it(tmp_path):
    cache = Cache(tmp_path / "kept")
    work = cache.shelf.work
    put(cache, "ab1")
    del cache
    assert not work.exists()


def test_a_folder_that_cannot_be_used_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CacheError, match="REGROOVE_CACHE"):
        Cache(tmp_path / "file")


def test_the_whole_folder_may_vanish_between_runs(lab):
    made = graph("a.audio > g.audio", a="tone", g=("gain", {"gain_db": 6}))
    lab.run(made)
    lab.cache.flush()
    shutil.rmtree(lab.cache.shelf.folder / "results")
    assert lab.ran(made) == ["a", "g"]


# --- a full disk ----------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = (
        shutil.which("mount")
        and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(folder)], capture_output=True, check=False
        ).returncode
        == 0
    )
    if not mounted:
        pytest.skip("a small disk can only be mounted by root on Linux")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def whole(lab):
    """Return whether there are only whole entries, and nothing that somebody began."""
    begun = [path for path in lab.cache.shelf.work.iterdir() if path.name != ".lock"]
    return not begun and all(
        (place / "facts.json").exists() for place in lab.cache.shelf._results.glob("*/*")
    )


def amplified(length_s):
    return graph(
        "n.audio > g.audio", n=("noise", {"length_s": length_s}), g=("gain", {"gain_db": 3}), a="tone"
    )


def test_a_full_disk_is_a_clear_error_and_what_was_there_stays_whole(small_disk):
    lab = Lab(small_disk)
    lab.run(graph(a="tone"))
    lab.cache.flush()
    result = lab.run(amplified(1000.0), ["g", "a"])
    assert set(result.failures) == {"n"}
    assert isinstance(result.failures["n"], NodeError)
    assert isinstance(result.failures["n"].cause, CacheError)
    assert "is full: 32 MB are needed" in str(result.failures["n"])
    assert "REGROOVE_CACHE" in str(result.failures["n"])
    assert ("a", "audio") in result.values
    lab.cache.flush()
    assert whole(lab)


def test_a_result_that_cannot_be_kept_is_still_given(small_disk):
    lab = Lab(small_disk)
    made = amplified(60.0)
    # The second result is plain memory and can only be kept by copying; the first may not make room.
    with lab.cache.pinned(set(lab.keys(made).values())):
        result = lab.run(made, ["g", "a"])
        assert result.values["g", "audio"].frames == 480_000
        with pytest.raises(CacheError, match="is full"):
            lab.cache.flush()
    assert whole(lab)
    lab.cache.clear()
    assert lab.cache.shelf.count() == 0


def test_old_results_make_room_on_a_full_disk(small_disk):
    lab = Lab(small_disk)
    for seed in range(6):
        result = lab.run(graph(n=("noise", {"length_s": 30.0, "seed": seed})))
        assert not result.failures
        assert result.values["n", "audio"].frames == 240_000
        del result
        lab.cache.flush()


def test_a_document_saved_on_a_full_disk_leaves_the_old_one_whole(small_disk):
    from nodegraph.document import Document
    from nodegraph.document_file import load_document, save_document
    from nodegraph.errors import DocumentError

    path = small_disk / "mine.json"
    save_document(Document(title="old"), path)
    (small_disk / "filler").write_bytes(bytes(shutil.disk_usage(small_disk).free - 8192))
    with pytest.raises(DocumentError, match="cannot be saved: No space left"):
        save_document(Document(title="new", comment="x" * 100_000), path)
    assert load_document(path).title == "old"
    assert sorted(found.name for found in small_disk.iterdir()) == ["filler", "mine.json"]


def test_what_waits_to_become_durable_is_bounded(cache, monkeypatch):
    from nodegraph import cache as cache_module

    monkeypatch.setattr(cache_module, "_BACKLOG_BYTES", 100_000)
    most = 0
    for number in range(30):
        with cache.workspace() as space:
            cache.store(f"{number:02d}key", Entry({"audio": sound(5000)}, FACTS), space)
        most = max(most, sum(pending.in_memory for pending in list(cache._pending.values())))
    assert most <= 100_000
    with cache.workspace() as space:
        cache.store("99key", Entry({"audio": sound(50_000)}, FACTS), space)
    cache.flush()
    assert cache.shelf.count() == 31


def test_flush_after_trouble_goes_on(cache, monkeypatch):
    def broken(pending, folder):
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(cache, "_write", broken)
        with cache.workspace() as space:
            cache.store("ab1", Entry({"audio": sound()}, FACTS), space)
        with pytest.raises(CacheError, match="Input/output error"):
            cache.flush()
    put(cache, "ab2")
    assert cache.contains("ab2")
    assert not cache.contains("ab1")


def test_flush_and_store_from_many_threads_come_to_an_end(cache):
    def work(number):
        for turn in range(40):
            with cache.workspace() as space:
                cache.store(f"{number}{turn}key", Entry({"audio": sound(10)}, FACTS), space)
            if turn % 3 == 0:
                cache.flush()

    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(4)]
    for thread in threads:
        thread.start()
    end = time.monotonic() + engine_kinds.AT_MOST_S
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
        assert not thread.is_alive()
    cache.flush()
    assert cache.shelf.count() == 160


def test_a_result_that_was_stored_again_meanwhile_is_still_there_when_it_is_written(cache, monkeypatch):
    both_left, there = threading.Event(), []
    write = cache._write

    def written_late(pending, folder):
        assert both_left.wait(engine_kinds.AT_MOST_S)
        there.append(pending.workspace.folder.exists())
        return write(pending, folder)

    monkeypatch.setattr(cache, "_write", written_late)
    with cache.workspace() as first, cache.workspace() as second:
        for space in (first, second):
            with allocating(space.allocate):
                samples = new_samples(1, 500_000)
            samples[:] = 0.5
            cache.store("ab1", Entry({"audio": Audio(samples, 44100)}, FACTS), space)
    both_left.set()
    cache.flush()
    assert there == [True, True]
    assert get(Cache(cache.shelf.folder), "ab1").samples[0, -1] == 0.5
