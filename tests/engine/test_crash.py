"""A short version of benchmarks/crash.py: processes are killed, and everything is whole."""

import os
import sys

import pytest

from benchmarks.crash import crash


@pytest.mark.skipif(sys.platform == "win32" or not hasattr(os, "kill"), reason="SIGKILL is POSIX")
def test_killed_processes_leave_whole_results_and_documents(tmp_path):
    seen = crash(6, 3, tmp_path)
    assert seen["kills"] == 6
    assert seen["entries"] > 0
    assert seen["documents"] > 0
