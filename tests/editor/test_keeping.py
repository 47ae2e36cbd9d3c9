"""What is kept of passages is found again, and takes no memory."""

import gc
import threading
from pathlib import Path

import numpy as np
import pytest

from nodegraph.audio import Audio, ClickMap
from nodegraph.editor.listen.sound import map_of
from nodegraph.editor.work.keeping import Keeping
from nodegraph.editor.work.lane import checking
from nodegraph.errors import Cancelled

MEGABYTE = 1 << 20
NEVER = checking(threading.Event())


def sound(megabytes, level=0.5):
    return Audio(np.full((2, int(megabytes * MEGABYTE / 8)), level, np.float32), 44100)


def anonymous_bytes():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("RssAnon")).split()[1]) * 1024


def test_what_was_put_away_is_the_same(tmp_path):
    keeping, rng = Keeping(tmp_path), np.random.default_rng(1)
    one, two = (Audio(rng.uniform(-1, 1, (2, frames)).astype(np.float32), 44100) for frames in (1000, 300))
    clicks = ClickMap(44100, 1000, np.array([[0, 1, 5]]))
    nothing = Audio(np.zeros((1, 0), np.float32), 44100)
    keeping.keep("a", {"audio": one, "removed": two, "clicks": clicks})
    keeping.keep("b", {"audio": nothing})
    keeping.put_away(NEVER)
    found = keeping.recall("a")
    assert np.array_equal(found["audio"].samples, one.samples)
    assert np.array_equal(found["removed"].samples, two.samples)
    assert found["clicks"] is clicks
    assert keeping.recall("b")["audio"].samples.shape == (1, 0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="the system does not tell")
def test_what_is_kept_takes_no_memory(tmp_path):
    keeping = Keeping(tmp_path)
    gc.collect()
    before = anonymous_bytes()
    for number in range(20):
        keeping.keep(str(number), {"audio": sound(8.0)})
        keeping.put_away(NEVER)
    assert keeping.size == 20 * 8 * MEGABYTE
    assert anonymous_bytes() - before < 24 * MEGABYTE


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").is_file(), reason="the system does not tell")
def test_what_was_read_again_is_given_back(tmp_path):
    def resident_bytes():
        lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("Rss:")).split()[1]) * 1024

    keeping = Keeping(tmp_path)
    keeping.keep("a", {"audio": sound(64.0)})
    keeping.put_away(NEVER)
    before = resident_bytes()
    assert float(keeping.recall("a")["audio"].samples.sum()) > 0
    assert resident_bytes() - before > 48 * MEGABYTE
    keeping.put_away(NEVER)
    assert resident_bytes() - before < 16 * MEGABYTE


def test_the_oldest_goes_first(tmp_path):
    keeping = Keeping(tmp_path, limit_bytes=3 * MEGABYTE)
    for name in ("a", "b", "c"):
        keeping.keep(name, {"audio": sound(1.0)})
    keeping.put_away(NEVER)
    keeping.recall("a")
    keeping.keep("d", {"audio": sound(1.0)})
    assert [name for name in "abcd" if keeping.recall(name) is not None] == ["a", "c", "d"]
    assert keeping.size == 3 * MEGABYTE


def test_short_passages_do_not_use_up_the_files_that_may_be_open(tmp_path):
    keeping = Keeping(tmp_path)
    for number in range(300):
        keeping.keep(str(number), {"audio": sound(0.001), "removed": sound(0.001)})
        keeping.put_away(NEVER)
    assert sum(keeping.recall(str(number)) is not None for number in range(300)) == 128


def test_who_has_something_else_to_do_puts_it_away_later(tmp_path):
    keeping, cancel = Keeping(tmp_path), threading.Event()
    cancel.set()
    keeping.keep("a", {"audio": sound(1.0)})
    with pytest.raises(Cancelled):
        keeping.put_away(checking(cancel))
    assert map_of(keeping.recall("a")["audio"]) is None
    keeping.put_away(NEVER)
    assert map_of(keeping.recall("a")["audio"]) is not None


def test_much_is_put_away_even_so(tmp_path):
    keeping, cancel = Keeping(tmp_path), threading.Event()
    cancel.set()
    for number in range(10):
        keeping.keep(str(number), {"audio": sound(8.0)})
    with pytest.raises(Cancelled):
        keeping.put_away(checking(cancel))
    left = [str(number) for number in range(10) if map_of(keeping.recall(str(number))["audio"]) is None]
    assert len(left) == 8


def test_a_disk_that_cannot_hold_it_keeps_nothing(tmp_path):
    keeping = Keeping(tmp_path / "is not there")
    keeping.keep("a", {"audio": sound(1.0)})
    keeping.put_away(NEVER)
    assert keeping.recall("a") is None
    assert keeping.size == 0
