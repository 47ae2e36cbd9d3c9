"""Extras: what comes, what goes, and that Regroove works as before whatever happens in between."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import filelock
import pytest
from machines import AT_MOST_S, PROGRAM, Machine
from tiny_wheels import listing, write_slow_source, write_wheel

from nodegraph.extras_here import cuda_bytes
from nodegraph.pip import Planned


def write_broken(wheels: Path) -> None:
    """A wheel that pip unpacks half, then refuses: its last file would lie outside of the environment."""
    write_wheel(
        wheels,
        "broken",
        needs=("tiny-part",),
        files={"broken/__init__.py": "", "broken/deep/x.py": "", "../../../../../outside.py": ""},
    )


def test_an_extra_comes_with_what_it_needs_and_goes_again_without_a_trace(machine: Machine) -> None:
    before = listing(machine.folder / "env")
    told = json.loads(machine("extras", "install", "tiny", "--yes", "--json"))
    assert told["state"] == "installed"
    assert told["versions"] == {"tiny-tool": "1.0"}
    assert told["disk_bytes"] > 0
    assert machine.run("import tiny_tool, tiny_part; print(tiny_tool.__version__)") == "1.0"
    assert machine.states()["both"]["state"] == "partly"
    assert machine.states()["both"]["reason"] == "other-tool is missing"
    assert "tiny-part, tiny-tool" in machine("extras", "remove", "tiny")
    assert listing(machine.folder / "env") == before
    assert machine.states()["tiny"]["state"] == "missing"


def test_what_another_extra_needs_too_stays(machine: Machine) -> None:
    machine("extras", "install", "tiny", "--yes")
    machine("extras", "install", "both", "--yes")
    assert json.loads(machine("extras", "remove", "both", "--json"))["removed"] == ["other-tool"]
    assert json.loads(machine("extras", "remove", "tiny", "--json"))["removed"] == ["tiny-part", "tiny-tool"]


def test_what_was_there_before_an_extra_is_not_taken_away_with_it(machine: Machine) -> None:
    words = ["-m", "pip", "install", "-q", "--no-deps", "tiny-part"]
    subprocess.run([str(machine.python), *words], env=machine.environ(), check=True)
    machine("extras", "install", "tiny", "--yes")
    assert json.loads(machine("extras", "remove", "tiny", "--json"))["removed"] == ["tiny-tool"]


def test_the_process_that_installs_sees_the_extra_at_once(machine: Machine) -> None:
    program = f"""
import sys
sys.path.insert(0, {str(PROGRAM.parent)!r})
from pathlib import Path
from extras_program import read_extras
from nodegraph.extras import install, remove
from nodegraph.installed import is_installed, version_of
extras = read_extras(Path({str(machine.folder / "extras.json")!r}))
tiny = extras[0]
print(is_installed("tiny_tool"), version_of("tiny_tool"))
install(tiny)
print(is_installed("tiny_tool"), version_of("tiny_tool"))
import tiny_tool
remove(tiny, extras)
del sys.modules["tiny_tool"]
print(is_installed("tiny_tool"), version_of("tiny_tool"))
"""
    assert machine.run(program).splitlines() == ["False not installed", "True 1.0", "False not installed"]


def test_an_installation_that_fails_half_way_leaves_nothing(machine: Machine) -> None:
    write_broken(machine.wheels)
    before = listing(machine.folder / "env")
    told = machine("extras", "install", "broken", "--yes", code=1)
    assert "Installing 2 packages" in told
    assert "outside" in told
    assert listing(machine.folder / "env") == before
    assert not (machine.site / "broken").exists()
    assert list(machine.environments.glob(".scratch*")) == []
    machine("extras", "install", "tiny", "--yes")


def test_what_regroove_works_with_is_never_changed(machine: Machine) -> None:
    write_wheel(machine.wheels, "greedy", needs=("numpy==0.1", "scipy<1"))
    write_wheel(machine.wheels, "numpy", "0.1")
    write_wheel(machine.wheels, "scipy", "0.1")
    before = listing(machine.folder / "env")
    told = machine("extras", "install", "greedy", "--yes", code=3)
    assert "numpy, scipy. Nothing was installed." in told
    assert listing(machine.folder / "env") == before


def test_a_cancel_while_pip_builds_ends_it_with_all_its_children(machine: Machine) -> None:
    sign = machine.folder / "building"
    write_slow_source(machine.wheels, sign)
    before = listing(machine.folder / "env")
    process = machine.start("extras", "install", "slow", "--yes")
    wait_for(sign.exists)
    process.send_signal(signal.SIGINT)
    # The build sleeps for ten minutes.
    _, err = process.communicate(timeout=AT_MOST_S)
    assert process.returncode == 130, err
    assert "Cancelled" in err
    assert listing(machine.folder / "env") == before
    assert list(machine.environments.glob(".scratch*")) == []
    assert str(machine.folder) not in commands_that_run()


def test_a_cancel_while_pip_unpacks_takes_away_what_came(machine: Machine) -> None:
    large = "value = [\n" + "  (1, 'a', 2.0),\n" * 10_000 + "]\n"
    write_wheel(
        machine.wheels, "slow", needs=("tiny-part",), files={f"slow/m{i}.py": large for i in range(40)}
    )
    before = listing(machine.folder / "env")
    process = machine.start("extras", "install", "slow", "--yes")
    wait_for((machine.site / "slow").exists)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=AT_MOST_S)
    assert process.returncode == 130, err
    assert listing(machine.folder / "env") == before
    assert not (machine.site / "slow").exists()


def test_what_a_killed_regroove_left_is_taken_away_the_next_time(machine: Machine) -> None:
    machine("extras", "install", "tiny", "--yes")
    before = listing(machine.folder / "env")
    half = machine.site / "half"
    half.mkdir()
    (half / "__init__.py").touch()
    (machine.site / "regroove-installing.json").write_text(json.dumps({"paths": [str(half)]}))
    machine("extras", "install", "both", "--yes")
    machine("extras", "remove", "both")
    assert not half.exists()
    assert listing(machine.folder / "env") == before


def test_too_little_disk_is_told_before_anything_is_loaded(machine: Machine) -> None:
    told = machine("extras", "install", "vast", "--yes", code=3)
    assert "vast needs 100000000.0 GB on the disk of" in told
    assert "Looking up" not in told


def test_a_build_for_cuda_is_known_by_what_comes_with_it() -> None:
    torch, library = Planned("torch", "2.13.0", "torch==2.13.0"), Planned("nvidia-nccl-cu13", "2", "x")
    assert cuda_bytes([torch]) == (0, 0)
    download, disk = cuda_bytes([torch, library])
    assert disk > download > 10**9


def test_two_installations_never_run_at_once(machine: Machine) -> None:
    machine.environments.mkdir()
    with filelock.FileLock(machine.environments / ".lock"):
        assert "Something else is being installed" in machine("extras", "install", "tiny", "--yes", code=3)
        assert "Something else is being installed" in machine("extras", "remove", "tiny", code=3)


def test_an_extra_for_other_pythons_says_so(machine: Machine) -> None:
    version = ".".join(map(str, sys.version_info[:2]))
    future = machine.states()["future"]
    assert future["state"] == "not for this Python"
    assert future["reason"] == f"runs on Python 3.97 to 3.98 only; this is {version}"
    assert f"3.97 to 3.98 only; this is {version}." in machine("extras", "install", "future", "--yes", code=3)
    assert "Install Python 3.98" in machine("extras", "install", "apart_future", "--yes", code=3)


def test_an_isolated_extra_gets_an_environment_that_counts_only_once_it_is_whole(machine: Machine) -> None:
    begun = machine.environments / "apart"
    begun.mkdir(parents=True)
    (begun / "left over").touch()
    assert machine.states()["apart"]["reason"] == "its installation broke off"
    before = listing(machine.folder / "env")
    told = json.loads(machine("extras", "install", "apart", "--yes", "--json"))
    assert told["state"] == "installed"
    assert told["versions"] == {"tiny-tool": "1.0"}
    assert not (begun / "left over").exists()
    program = """
import subprocess
from nodegraph import environment_python, environment_versions
print(environment_versions("apart")["tiny-part"])
command = [environment_python("apart"), "-I", "-c", "import tiny_tool; print('runs')"]
print(subprocess.check_output(command, text=True))
"""
    assert machine.run(program).split() == ["1.0", "runs"]
    assert listing(machine.folder / "env") == before
    assert machine.states()["apart"]["disk_bytes"] > 1_000_000
    machine("extras", "remove", "apart")
    assert not begun.exists()


def test_an_environment_that_fails_is_gone(machine: Machine) -> None:
    write_broken(machine.wheels)
    machine("extras", "install", "apart_broken", "--yes", code=1)
    assert not (machine.environments / "apart_broken").exists()


def test_another_python_is_looked_for_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from nodegraph import Extra
    from nodegraph.errors import InstallRefusal
    from nodegraph.extras_apart import find_python

    extra = Extra("old", "", (), ("x",), 0, 0, "MIT", pythons=((3, 97), (3, 98)), isolated=True)
    monkeypatch.setenv("PATH", str(tmp_path / "shims") + os.pathsep + str(tmp_path / "real"))
    for folder, version, said in (
        ("shims", "3.98", "exit 127"),
        ("real", "3.97", "echo 3 97 /opt/python3.97"),
    ):
        (tmp_path / folder).mkdir()
        program = tmp_path / folder / f"python{version}"
        program.write_text(f"#!/bin/sh\n{said}\n")
        program.chmod(0o755)
    assert find_python(extra) == Path("/opt/python3.97")
    (tmp_path / "real" / "python3.97").unlink()
    with pytest.raises(InstallRefusal, match=r"old runs on Python 3.97 to 3.98 only. .* Install Python 3.98"):
        find_python(extra)


def test_without_yes_the_sizes_are_shown_and_nothing_happens(machine: Machine) -> None:
    process = machine.start("extras", "install", "tiny")
    _, err = process.communicate("n\n", timeout=AT_MOST_S)
    assert process.returncode == 130
    assert "It loads about 1 kB and takes up about 1 kB" in err
    assert machine.states()["tiny"]["state"] == "missing"


def test_an_unknown_extra_names_those_there_are(machine: Machine) -> None:
    assert "Known are: tiny, both" in machine("extras", "install", "nonsense", code=3)


def wait_for(ready: Any) -> None:
    end = time.monotonic() + AT_MOST_S
    while not ready():
        assert time.monotonic() < end, "it never began"
        time.sleep(0.02)


def commands_that_run() -> str:
    proc = Path("/proc")
    if not proc.is_dir():
        pytest.skip("what runs cannot be listed here")
    found = []
    for each in proc.glob("[0-9]*/cmdline"):
        try:
            found.append(each.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return "\n".join(found)
