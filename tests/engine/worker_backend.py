"""A backend for the tests of workers: does what its job says. Runs apart, with numpy alone."""

import ctypes
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np

PACKAGES = ("numpy", "a-package-that-nobody-has")

print("printed while the script is loaded")

LOADED = {"jobs": 0}


def work(job, arrays, report):
    LOADED["jobs"] += 1
    return globals()[job["do"]](job, arrays, report)


def double(job, arrays, report):
    report(0.5)
    report(1.0)
    return {"jobs": LOADED["jobs"], "pid": os.getpid()}, {name: 2 * array for name, array in arrays.items()}


def look(job, arrays, report):
    (array,) = arrays.values()
    facts = {"writeable": bool(array.flags.writeable), "mapped": isinstance(array, np.memmap)}
    facts["variables"] = {name: os.environ.get(name) for name in job["variables"]}
    facts["path"] = sys.path
    facts["modules"] = sorted(name for name in sys.modules if name.split(".")[0] in ("nodegraph", "nodes"))
    return facts, {}


def tell(job, arrays, report):
    for share in job["shares"]:
        report(share)
    report.note(job["note"])
    return {}, {}


def wait(job, arrays, report):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(job["pids"]).write_text(f"{os.getpid()} {child.pid}")
    report(0.1)
    time.sleep(600)


def beat(job, arrays, report):
    """Hang, while a thread tells again and again what was told already."""

    def heart():
        while True:
            report(0.25)
            time.sleep(0.02)

    threading.Thread(target=heart, daemon=True).start()
    time.sleep(600)


def crawl(job, arrays, report):
    """Take longer than the limit, yet get on all the time."""
    for step in range(33):
        time.sleep(0.1)
        report((step + 1) / 33)
    return {}, {}


def leave(job, arrays, report):
    print("I have had enough", file=sys.stderr, flush=True)
    os._exit(3)


def leave_politely(job, arrays, report):
    sys.exit("no more")


def kill(job, arrays, report):
    os.kill(os.getpid(), job["signal"])
    time.sleep(600)


def abort(job, arrays, report):
    ctypes.CDLL(None).abort()


def fail(job, arrays, report):
    raise ValueError("this cannot be done: ü")


def starve(job, arrays, report):
    return {}, {"audio": np.zeros((1 << 40, 1 << 10))}


def babble(job, arrays, report):
    """Find the pipe of the protocol and write rubbish into it."""
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, b"\xff\xfe all is lost \x00\n")
        except OSError:
            continue
    time.sleep(600)


def chatter(job, arrays, report):
    """Print in all the ways there are, a lot, and read standard input."""
    assert sys.stdin.read() == ""
    for number in range(job["lines"]):
        print("printed", number)
        os.write(1, b"written\n")
        os.write(2, b"e" * 99 + b"\n")
    subprocess.run(["echo", "from a child"], check=True)
    return double(job, arrays, report)


def wrong_name(job, arrays, report):
    return {}, {"no name": np.zeros(3)}


def objects(job, arrays, report):
    return {}, {"audio": np.array([{}, []], dtype=object)}
