"""X servers without a screen, for windows that nobody sees."""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
from collections.abc import Iterator


def die_with_parent() -> None:
    """Have the kernel end this process when the tests end, however they end."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


@contextlib.contextmanager
def x_server(size: str = "1920x1200") -> Iterator[str]:
    """Start an X server; give its display. It ends with the block."""
    read, write = os.pipe()
    # It resets when its last client leaves, and the next may then be refused.
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{size}x24", "-nolisten", "tcp", "-noreset"]
    server = subprocess.Popen(
        command,
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
        preexec_fn=die_with_parent,  # noqa: PLW1509 - calls the kernel only
    )
    os.close(write)
    try:
        assert select.select([read], [], [], 20)[0], "Xvfb did not start"
        yield ":" + os.read(read, 16).decode().strip()
    finally:
        os.close(read)
        server.terminate()
        server.wait(5)
