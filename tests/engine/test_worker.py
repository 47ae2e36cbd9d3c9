"""Workers: a backend in another process gives exact results, can be stopped, and takes nobody with it."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from lab import graph

import nodegraph.worker as module
from nodegraph import (
    Audio,
    Cancelled,
    Progress,
    Worker,
    WorkerError,
    borrow_worker,
    new_samples,
    no_progress,
    node,
)
from nodegraph.audio import allocating
from nodegraph.library import Library
from nodegraph.spec import read_spec

BACKEND = Path(__file__).with_name("worker_backend.py")
PYTHON = Path(sys.executable)
SIDE = Path(module.__file__).with_name("worker_side.py")
# A process that was killed is gone after this long at the latest (s), on a busy machine too.
GONE_S = 10.0

posix = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


@pytest.fixture(autouse=True)
def own_temporary_folder(tmp_path, monkeypatch):
    """Every worker's folder lies in here, and is gone in the end."""
    folder = tmp_path / "temporary with ümlaut und 音"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield
    for idle in list(module._idle.values()):
        module._dismiss(idle)
    module._idle.clear()
    assert soon(lambda: not list(folder.iterdir())), "a worker left its folder behind"


def soon(happened, within_s=GONE_S):
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if happened():
            return True
        time.sleep(0.01)
    return False


def is_gone(pid):
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    if not Path("/proc/self/stat").exists():
        return False
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        # It went between the two questions.
        return True
    # A zombie whose new parent has not looked yet is gone, too.
    return stat.rsplit(")", 1)[1].split()[0] == "Z"


def worker(backend=BACKEND, **options):
    return Worker(PYTHON, backend, name="the backend", **options)


def noise(*shape, dtype=np.float32):
    return np.random.default_rng(0).standard_normal(shape).astype(dtype)


def refused(job, **options):
    """Return what is said of a job that goes wrong."""
    with worker(**options) as one, pytest.raises(WorkerError) as caught:
        one.run(job)
    return str(caught.value)


# --- what goes across ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "array",
    [
        noise(2, 5000),
        noise(2, 5000)[:, ::3],
        noise(3, 4, 5, dtype=np.float64),
        np.arange(7),
        np.zeros((2, 0), np.float32),
        np.float32(3.0),
    ],
    ids=["stereo", "strided", "cube", "integers", "empty", "number"],
)
def test_arrays_come_back_exactly(array):
    with worker() as one:
        found = one.run({"do": "double"}, {"audio": array}).arrays["audio"]
    assert found.dtype == np.asarray(array).dtype
    np.testing.assert_array_equal(found, 2 * array)
    assert found.shape == np.shape(array)


def test_large_results_lie_where_the_run_wants_them(monkeypatch):
    monkeypatch.setattr(module, "_IN_MEMORY_BYTES", 1000)
    asked = []

    def allocate(shape):
        asked.append(shape)
        return np.empty(shape, np.float32)

    array = noise(2, 5000)
    with worker() as one, allocating(allocate):
        found = one.run({"do": "double"}, {"audio": array, "small": array[:, :10]}).arrays
    assert asked == [(2, 5000)]
    np.testing.assert_array_equal(found["audio"], 2 * array)


def test_what_comes_back_is_there_after_the_end_of_the_worker():
    with worker() as one:
        found = one.run({"do": "double"}, {"audio": noise(2, 50)}).arrays["audio"]
    found += 1.0
    np.testing.assert_array_equal(found, 2 * noise(2, 50) + 1.0)


def test_the_backend_cannot_write_into_its_inputs_and_knows_nothing_of_the_hosts_python(monkeypatch):
    for name in ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP"):
        monkeypatch.setenv(name, "/nowhere")
    monkeypatch.setenv("KEPT", "yes")
    names = ["PYTHONPATH", "PYTHONHOME", "KEPT", "OMP_WAIT_POLICY", "HF_HUB_OFFLINE", "OWN"]
    with worker(variables={"OWN": "here"}) as one:
        facts = one.run({"do": "look", "variables": names}, {"audio": noise(1, 10)}).facts
    assert (facts["writeable"], facts["mapped"]) == (False, True)
    assert facts["variables"] == {
        "PYTHONPATH": None,
        "PYTHONHOME": None,
        "KEPT": "yes",
        "OMP_WAIT_POLICY": "PASSIVE",
        "HF_HUB_OFFLINE": "1",
        "OWN": "here",
    }
    assert facts["modules"] == []
    assert str(BACKEND.parent) not in facts["path"]
    assert str(SIDE.parent) not in facts["path"]


def test_versions_are_told():
    with worker() as one:
        assert one.versions == {}
        one.run({"do": "double"})
        assert one.versions == {
            "python": sys.version.split()[0],
            "numpy": np.__version__,
            "a-package-that-nobody-has": "not installed",
        }


def test_progress_and_notes_arrive_in_order():
    told = []
    progress = Progress(report=told.append, note=told.append)
    with worker() as one:
        one.run({"do": "tell", "shares": [0.25, 0.5, 1.0], "note": "Größer"}, progress=progress)
    assert told == [0.25, 0.5, 1.0, "Größer"]


def test_one_process_does_all_jobs_of_a_worker():
    with worker() as one:
        first, second = (one.run({"do": "double"}).facts for _ in range(2))
    assert (first["jobs"], second["jobs"]) == (1, 2)
    assert first["pid"] == second["pid"] != os.getpid()


def test_what_a_backend_prints_does_not_reach_the_protocol():
    with worker() as one:
        # 20 MB of stderr are more than any pipe holds.
        found = one.run({"do": "chatter", "lines": 200_000}, {"audio": noise(2, 5)})
    np.testing.assert_array_equal(found.arrays["audio"], 2 * noise(2, 5))


def test_the_scripts_path_may_be_any(tmp_path):
    folder = tmp_path / "mit Leerzeichen, ß und 音楽 'quoted'"
    folder.mkdir()
    script = folder / "bäckend.py"
    script.write_bytes(BACKEND.read_bytes())
    with worker(script) as one:
        assert one.run({"do": "double"}).facts["jobs"] == 1


def test_workers_run_side_by_side():
    def work(number):
        with worker() as one:
            array = np.full((2, 1000), number, np.float32)
            return one.run({"do": "double"}, {"audio": array}).arrays["audio"]

    with ThreadPoolExecutor(4) as pool:
        for number, found in enumerate(pool.map(work, range(6))):
            np.testing.assert_array_equal(found, 2 * number)


# --- what goes wrong -------------------------------------------------------------------------------------


def test_what_a_backend_raises_is_told():
    assert refused({"do": "fail"}) == "the backend failed: ValueError: this cannot be done: ü"
    assert refused({"do": "leave_politely"}) == "the backend failed: SystemExit: no more"


def test_memory_that_is_not_there_is_told():
    assert refused({"do": "starve"}).startswith("the backend failed: ")
    assert "Unable to allocate" in refused({"do": "starve"})


def test_an_exit_is_told_with_its_last_words():
    said = refused({"do": "leave"})
    assert said.startswith(
        "the backend ended in the middle of its work, with the exit status 3. Its last words: "
    )
    assert said.endswith("I have had enough")


@posix
def test_a_crash_is_told_by_its_signal():
    assert refused({"do": "abort"}).startswith("the backend crashed (SIGABRT).")


@posix
def test_a_kill_is_told_as_what_it_often_is():
    said = refused({"do": "kill", "signal": int(signal.SIGKILL)})
    assert said.startswith("the backend was killed from outside; often that is because memory ran out.")


@posix
def test_rubbish_in_the_protocol_is_told():
    assert refused({"do": "babble"}).startswith("the backend said what cannot be understood: '")
    assert "all is lost" in refused({"do": "babble"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import what_is_not_there", "ModuleNotFoundError: No module named 'what_is_not_there'"),
        ("def work(:", "SyntaxError"),
        ("", "AttributeError"),
    ],
)
def test_a_script_that_cannot_be_loaded_is_told(tmp_path, text, said):
    script = tmp_path / "broken.py"
    script.write_text(text)
    with worker(script) as one, pytest.raises(WorkerError, match=f"^the backend failed: {said}"):
        one.run({})


@posix
def test_a_python_that_is_none_is_told(tmp_path):
    with Worker(tmp_path / "none", BACKEND, name="it") as one, pytest.raises(WorkerError) as caught:
        one.run({})
    assert str(caught.value) == f"it cannot be started: {tmp_path / 'none'}: No such file or directory."
    talker = tmp_path / "talker"
    talker.write_text("#!/bin/sh\necho Welcome to your environment\nsleep 60\n")
    talker.chmod(0o755)
    with Worker(talker, BACKEND, name="it") as one, pytest.raises(WorkerError) as caught:
        one.run({})
    assert str(caught.value) == "it said what cannot be understood: 'Welcome to your environment'."


def test_what_is_no_array_with_a_name_is_not_taken():
    assert "an array with a name that cannot be: 'no name'" in refused({"do": "wrong_name"})
    assert "Object arrays cannot be saved" in refused({"do": "objects"})


def test_without_progress_it_is_stopped_even_if_a_thread_of_it_still_beats():
    said = refused({"do": "beat"}, limit_s=0.7)
    assert said.startswith("the backend was stopped: it showed no progress for 0.7 s.")


def test_however_long_it_takes_it_is_not_stopped_while_it_gets_on():
    # So long that also a busy machine starts the process within it.
    with worker(limit_s=3.0) as one:
        began = time.monotonic()
        one.run({"do": "crawl"})
        assert time.monotonic() - began > 3.0


def test_after_a_failure_the_next_job_starts_anew():
    with worker() as one:
        with pytest.raises(WorkerError):
            one.run({"do": "leave"})
        assert one.run({"do": "double"}).facts["jobs"] == 1


@posix
def test_a_process_that_was_killed_between_two_jobs_is_replaced():
    with worker() as one:
        pid = one.run({"do": "double"}).facts["pid"]
        os.kill(pid, signal.SIGKILL)
        assert soon(lambda: one._process is not None and one._process.ended)
        assert one.run({"do": "double"}).facts["jobs"] == 1


# --- cancel, and who goes with whom ----------------------------------------------------------------------


@posix
def test_a_cancel_kills_the_process_and_its_children_within_200_ms(tmp_path):
    """The best of three counts: the machine that tests run on may be busy."""
    waited = []
    for number in range(3):
        pids, cancel, at = tmp_path / f"pids {number}", threading.Event(), []

        def stop(_, cancel=cancel, at=at):
            at.append(time.perf_counter())
            cancel.set()

        with worker() as one, pytest.raises(Cancelled):
            one.run({"do": "wait", "pids": str(pids)}, progress=Progress(report=stop, cancel=cancel))
        waited.append(time.perf_counter() - at[0])
        for pid in pids.read_text().split():
            assert soon(lambda pid=pid: is_gone(pid))
    assert min(waited) <= 0.2


# What was started in the background ignores SIGINT, and so would the host of these tests.
HOST = """
import signal
import sys
from pathlib import Path
from nodegraph import Worker
signal.signal(signal.SIGINT, signal.default_int_handler)
with Worker(Path(sys.executable), Path({backend!r}), name="it") as one:
    one.run({{"do": "wait", "pids": {pids!r}}})
"""


@posix
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_worker_ends_with_its_host_however_that_ends(tmp_path, end):
    pids = tmp_path / "pids"
    text = HOST.format(backend=str(BACKEND), pids=str(pids))
    environment = {**os.environ, "TMPDIR": tempfile.gettempdir(), "PYTHONPATH": str(SIDE.parents[1])}
    host = subprocess.Popen([sys.executable, "-c", text], env=environment, stderr=subprocess.DEVNULL)
    assert soon(lambda: pids.exists() and len(pids.read_text().split()) == 2, 30.0)
    host.send_signal(end)
    host.wait(30)
    for pid in pids.read_text().split():
        assert soon(lambda pid=pid: is_gone(pid))


def test_a_host_that_ends_has_closed_what_was_kept_warm(tmp_path):
    text = """
import sys
from pathlib import Path
from nodegraph import borrow_worker
with borrow_worker(Path(sys.executable), Path({backend!r}), name="it") as one:
    print(one.run({{"do": "double"}}).facts["pid"])
"""
    environment = {**os.environ, "TMPDIR": tempfile.gettempdir(), "PYTHONPATH": str(SIDE.parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", text.format(backend=str(BACKEND))],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    assert soon(lambda: is_gone(done.stdout.strip()))


# --- kept warm -------------------------------------------------------------------------------------------


def borrowed(do="double", idle_s=60.0, **options):
    with borrow_worker(PYTHON, BACKEND, name="the backend", idle_s=idle_s, **options) as one:
        return one.run({"do": do}).facts


def test_the_next_borrower_gets_it_warm():
    assert [borrowed()["jobs"] for _ in range(3)] == [1, 2, 3]


def test_two_borrowers_at_once_get_one_each():
    with borrow_worker(PYTHON, BACKEND, name="the backend") as one:
        first = one.run({"do": "double"}).facts
        assert borrowed()["pid"] != first["pid"]


def test_one_that_failed_is_not_lent_again():
    borrowed()
    with pytest.raises(WorkerError):
        borrowed("fail")
    assert borrowed()["jobs"] == 1


@posix
def test_one_that_nobody_wants_is_closed_after_a_while():
    pid = borrowed(idle_s=0.05)["pid"]
    assert soon(lambda: is_gone(pid))
    assert borrowed()["jobs"] == 1


@posix
def test_one_of_another_kind_makes_room():
    pid = borrowed()["pid"]
    assert borrowed(variables={"OTHER": "1"})["jobs"] == 1
    assert soon(lambda: is_gone(pid))


# --- in a run --------------------------------------------------------------------------------------------


@node(version=1, kind="foreign")
def foreign(audio: Audio, *, do: str = "double", progress: Progress = no_progress) -> Audio:
    """Have another process do it."""
    with worker() as one:
        job = {"do": do, "signal": 9}
        found = one.run(job, {"audio": audio.samples}, progress=progress).arrays["audio"]
    result = new_samples(*found.shape)
    result[...] = found
    return Audio(result, audio.sample_rate)


@posix
def test_a_node_whose_worker_dies_fails_with_one_sentence_and_the_others_go_on(lab):
    known = [*lab.library.specs.values(), read_spec(foreign)]
    lab.library = Library(known)
    made = graph(
        "a.audio > b.audio",
        "a.audio > c.audio",
        a="tone",
        b=("foreign", {"do": "kill"}),
        c=("foreign", {"do": "double"}),
    )
    result = lab.run(made, ["b", "c"])
    assert set(result.failures) == {"b"}
    said = str(result.failures["b"])
    assert "was killed from outside; often that is because memory ran out." in said
    sounds = {name: value.samples for (name, _), value in result.values.items()}
    assert lab.run(made, ["c"]).reused == ("c",)
    assert sounds["c"].any()


# --- the other side --------------------------------------------------------------------------------------


def test_the_other_side_is_python_3_9_and_knows_only_the_standard_library_and_numpy():
    text = SIDE.read_text(encoding="utf-8")
    tree = ast.parse(text, feature_version=(3, 9))
    named = {alias.name for each in ast.walk(tree) if isinstance(each, ast.Import) for alias in each.names}
    named |= {each.module for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)}
    foreign = {name.split(".")[0] for name in named} - set(sys.stdlib_module_names)
    assert foreign == {"numpy"}
    assert "strict=" not in text


def test_started_by_hand_it_removes_nothing(tmp_path):
    (tmp_path / "precious").touch()
    done = subprocess.run(
        [sys.executable, "-I", str(SIDE), str(BACKEND)],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
        start_new_session=os.name == "posix",
    )
    assert done.stdout.startswith(b'{"event": "hello"') or not done.stdout
    assert (tmp_path / "precious").exists()
