"""A session that is killed at any instant loses at most its last edit."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from screens import die_with_parent

from nodegraph.editor.desk.recovery import left_behind, recover

PROGRAM = Path(__file__).with_name("crashing.py")


def killed_session(folder: Path, seconds: float, step_ms: float) -> int:
    """Run a session, kill it after a while, and return the number of the last edit that it told."""
    with subprocess.Popen(
        [sys.executable, str(PROGRAM), str(step_ms)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "REGROOVE_STATE": str(folder)},
        preexec_fn=die_with_parent,  # noqa: PLW1509 - calls the kernel only
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "1\n"
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        told = process.stdout.read().split()
    # The last line may have been cut while it was written.
    return int(told[-1]) if told else 1


@pytest.mark.parametrize("instant", range(10))
def test_a_killed_session_is_offered_and_lacks_one_edit_at_most(tmp_path, library, instant):
    chance = random.Random(instant)
    folder = tmp_path / "killed"
    done = killed_session(folder, chance.uniform(0.0, 0.4), step_ms=chance.choice([10, 20, 40]))
    (found,) = left_behind(folder / "journals")
    document = recover(found, library)
    # The edit after the last one that was told may have reached the disk before it could be told.
    assert done - 1 <= int(document.title) <= done + 1
    assert document.graph.nodes or int(document.title) > 30
