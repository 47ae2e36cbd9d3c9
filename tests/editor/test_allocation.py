"""Memory that one thread has freed serves the others."""

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, threading
from nodegraph.editor.window.allocation import share_memory

assert share_memory()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.fopen.restype = ctypes.c_void_p, ctypes.c_void_p
together = threading.Barrier(12)

def work():
    # All at once, as threads one after the other would share an arena anyway.
    together.wait()
    for _time in range(100):
        libc.malloc(ctypes.c_size_t(1000))
    together.wait()

threads = [threading.Thread(target=work) for _number in range(12)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
file = libc.fopen(b"/dev/fd/1", b"w")
libc.malloc_info(0, ctypes.c_void_p(file))
libc.fclose(ctypes.c_void_p(file))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_twelve_threads_share_two_arenas():
    told = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout
    assert 1 <= told.count("<heap nr=") <= 2
