"""Ten thousand things that a user might do, at random."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from screens import die_with_parent

PROGRAM = Path(__file__).with_name("soaking.py")
USERS, ACTIONS = 5, 2000


def soak(seed: int) -> str:
    """Let one user loose; return what went wrong, or ""."""
    command = [sys.executable, "-W", "error", str(PROGRAM), str(seed), str(ACTIONS)]
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=600,
        preexec_fn=die_with_parent,
    )
    return done.stdout if done.returncode else ""


def test_ten_thousand_things_at_random_break_nothing(screen):
    # Where a display is missing `screen` skips; each user has one of their own.
    with ThreadPoolExecutor(min(os.cpu_count() or 1, 4)) as pool:
        failures = [text for text in pool.map(soak, range(USERS)) if text]
    assert not failures, "\n\n".join(failures)
