"""Listening: how exactly two sounds are compared, and how soon an hour of stereo can be seen.

Bars: a switch from A to B is off by 0 samples; equally loud within 0.1 LU; of a stereo file of 60 minutes
the first waveform and the first spectrogram come within 1 s; no zoom or scroll step holds the window's
thread for more than 50 ms (the waveform: 10 ms); memory does not grow with the length.
"""

from __future__ import annotations

import mmap
import os
import queue
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from nodegraph.audio import Audio, map_new_file
from nodegraph.editor.listen.background import Background
from nodegraph.editor.listen.compare import Matcher
from nodegraph.editor.listen.ears import Ears
from nodegraph.editor.listen.meters import Meters, live
from nodegraph.editor.listen.pyramid import Pyramid
from nodegraph.editor.listen.sound import Difference, Sound
from nodegraph.editor.listen.spectrogram import Look, Picture, Span, Spectrogram
from nodegraph.editor.listen.transport import Mix, Transport, Wanted

RATE = 44_100
MINUTES = 60
WIDTH, HEIGHT = 1400, 300
STEPS = 150


def make_hour(path: Path, seed: int, gain: float) -> Sound:
    """Write an hour of stereo noise and tones, 10 s at a time, and return it memory-mapped."""
    samples = map_new_file(path, (2, MINUTES * 60 * RATE))
    rng = np.random.default_rng(seed)
    block = 10 * RATE
    noise = rng.standard_normal((2, block), dtype=np.float32)
    time_s = np.arange(block, dtype=np.float32) / RATE
    for number, begin in enumerate(range(0, samples.shape[1], block)):
        tone = np.sin(2 * np.pi * 110 * 2 ** (number % 24 / 6) * time_s)
        swell = 0.02 + 0.08 * (number % 7) / 7
        samples[:, begin : begin + block] = gain * swell * (noise + 2 * tone)
    return Sound(Audio.trusted(np.load(path, mmap_mode="r"), RATE), path.name)


def anonymous_mb() -> float:
    """Return the anonymous memory of this process in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024


def drop_from_memory(folder: Path, *sounds: Sound) -> None:
    """Have the kernel forget sounds, so that they are read from disk again."""
    for sound in sounds:
        owner: object = sound.audio.samples
        while isinstance(owner, np.ndarray):
            owner = owner.base
        assert isinstance(owner, mmap.mmap)
        owner.madvise(mmap.MADV_DONTNEED)
        with open(folder / sound.key, "rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def timed(call: Callable[[], object]) -> float:
    """Return how long a call takes (ms)."""
    begin = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - begin)


def views(seed: int = 0) -> list[tuple[float, float]]:
    """Return the spans of somebody who zooms and scrolls: from all of it down to single samples."""
    rng = np.random.default_rng(seed)
    spans = []
    for step in range(STEPS):
        length = 3600.0 * (0.002 / 3600.0) ** (step / (STEPS - 1))
        begin = rng.uniform(0.0, 3600.0 - length)
        spans += [(begin, begin + length), (begin + length / 9, begin + length * 10 / 9)]
    return spans


def switch_error() -> int:
    """Return by how many frames any of 200 switches at odd places is off."""
    frames = 10 * RATE
    ramp = np.arange(frames, dtype=np.float32) / 2**20
    a, b = (Sound(Audio.from_array(np.stack([wave, wave]), RATE), "") for wave in (ramp, -ramp))
    ears = Ears(a, RATE), Ears(b, RATE)
    mixes = Mix(*ears, choice="a"), Mix(*ears, choice="b")
    transport, worst, at = Transport(RATE), 0, 0
    for number in range(200):
        transport.wanted = Wanted(mixes[number % 2], playing=True)
        count = 700 + 13 * number % 997
        block = transport.render(count)
        at += count
        worst = max(worst, abs(round(abs(float(block[-1, 0])) * 2**20) - (at - 1)))
    return worst


def loudness_error(a: Sound, b: Sound) -> tuple[float, float]:
    """Return by how much the loudness differs before and after the match (LU)."""
    match = Matcher().match(a, b, (100.0, 160.0))
    passage = slice(100 * RATE, 160 * RATE)
    after = []
    for sound, gain_db in zip((a, b), match.gains_db, strict=True):
        played = sound.audio.samples[:, passage] * np.float32(10 ** (gain_db / 20))
        found = Meters().measure(Sound(Audio.from_array(played, RATE), f"{sound.key} matched"))
        assert found is not None
        assert found.integrated_lufs is not None
        after.append(found.integrated_lufs)
    assert match.lufs[0] is not None
    assert match.lufs[1] is not None
    return abs(match.lufs[0] - match.lufs[1]), abs(after[0] - after[1])


class Watch:
    """A window's thread: it works a little, every 5 ms, and notes how long it was kept from that."""

    def __init__(self) -> None:
        self.longest_gap = 0.0

    def until(self, done: Callable[[], bool], work: Callable[[], object]) -> float:
        """Work until something is done; return how long that took (s)."""
        begin = last = time.perf_counter()
        while not done():
            work()
            time.sleep(0.005)
            now = time.perf_counter()
            self.longest_gap = max(self.longest_gap, 1000 * (now - last))
            last = now
        return time.perf_counter() - begin


def waveform(sound: Sound, folder: Path, name: str) -> None:
    """Print how soon a waveform can be seen, and how long a step takes."""
    pyramid, building, watch = Pyramid(sound, folder), [0.0], Watch()

    def draw() -> None:
        building.append(timed(lambda: pyramid.envelope(0.0, 3600.0, WIDTH)))

    thread = threading.Thread(target=pyramid.build, args=(lambda: False,))
    thread.start()
    first = watch.until(lambda: pyramid.ready, draw)
    exact = first + watch.until(lambda: pyramid.done == 1.0, draw)
    thread.join()
    print(f"waveform, {name}: first picture {first:.3f} s, exact after {exact:.1f} s")
    steps = [timed(partial(pyramid.envelope, *span, WIDTH)) for span in views()]
    again = Pyramid(sound, folder)
    opened = timed(lambda: again.envelope(0.0, 3600.0, WIDTH))
    print(
        f"  zoom and scroll step: median {np.median(steps):.2f} ms, longest {max(steps):.2f} ms; while it is "
        f"made {max(building):.2f} ms, longest gap between two {watch.longest_gap:.0f} ms; "
        f"opened again {opened:.2f} ms"
    )


class Viewer:
    """Somebody who looks at a spectrogram."""

    def __init__(self) -> None:
        self.inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self.background = Background(self.inbox.put)
        self.spectrogram = Spectrogram(self.background, lambda: None)
        self.steps: list[float] = []
        self.own: list[float] = []

    def picture(self, source: Sound | Difference, span: tuple[float, float]) -> Picture:
        """Return the picture that can be had now."""
        found: list[Picture] = []
        view = Span(*span, WIDTH, HEIGHT)
        begin = time.thread_time()
        self.steps.append(timed(lambda: found.append(self.spectrogram.picture(source, view, Look()))))
        self.own.append(1000 * (time.thread_time() - begin))
        return found[0]

    def wait(self, source: Sound | Difference, span: tuple[float, float]) -> tuple[float, float]:
        """Return when the first whole picture was there, and the last (s)."""
        begin, first = time.perf_counter(), 0.0
        while True:
            picture = self.picture(source, span)
            if not first and picture.rgba[..., 3].all():
                first = time.perf_counter() - begin
            if picture.state == "exact":
                return first, time.perf_counter() - begin
            self.inbox.get(timeout=60)()


def spectrogram(a: Sound, b: Sound, folder: Path) -> None:
    """Print how soon a spectrogram can be seen, and how long a step takes."""
    whole, viewer = (0.0, 3600.0), Viewer()
    for name, source in (("A", a), ("A − B", Difference(a, b)), ("A from disk", a)):
        if "disk" in name:
            viewer = Viewer()
            drop_from_memory(folder, a)
        first, last = viewer.wait(source, whole)
        print(f"spectrogram of {name}: first picture {first:.3f} s, refined after {last:.2f} s")
    for span in views():
        viewer.picture(a, span)
        while not viewer.inbox.empty():
            viewer.inbox.get()()
    print(
        f"  zoom and scroll step: median {np.median(viewer.steps):.2f} ms, "
        f"longest {max(viewer.steps):.2f} ms; "
        f"own work {np.median(viewer.own):.2f} and {max(viewer.own):.2f} ms; "
        f"tiles hold {viewer.spectrogram.held_bytes / 2**20:.0f} MB"
    )
    waits = [viewer.wait(a, span)[1] for span in views(1)[::12]]
    print(f"  a new place: exact after {np.median(waits):.3f} s (median), {max(waits):.3f} s (longest)")
    viewer.background.close()


def playback(a: Sound) -> None:
    """Print how long the device's thread computes for a period of 50 ms."""
    fast = Sound(a.audio, "fast")
    slow = Sound(Audio.trusted(a.audio.samples, 48_000), "slow")
    for name, first, second in (("equal rates", fast, fast), ("B of another rate", fast, slow)):
        transport = Transport(48_000 if second is slow else RATE)
        ears = Ears(first, transport.sample_rate), Ears(second, transport.sample_rate)
        mixes = Mix(*ears, choice="a"), Mix(*ears, choice="b")
        took = []
        for number in range(400):
            transport.wanted = Wanted(mixes[number // 10 % 2], playing=True)
            took.append(timed(partial(transport.render, transport.sample_rate // 20)))
        print(f"playback, {name}: {np.median(took):.2f} ms per 50 ms, longest {max(took):.2f} ms")


def main() -> None:
    """Print all figures."""
    with tempfile.TemporaryDirectory(prefix="regroove-listening-") as name:
        folder = Path(name)
        a, b = make_hour(folder / "a.npy", 0, 1.0), make_hour(folder / "b.npy", 1, 0.6)
        print(f"a switch is off by {switch_error()} samples")
        before, after = loudness_error(a, b)
        print(f"loudness: {before:.2f} LU apart, {after:.3f} LU after the match")
        start = anonymous_mb()
        waveform(a, folder / "pictures", "in memory")
        drop_from_memory(folder, b)
        waveform(b, folder / "pictures", "from disk")
        spectrogram(a, b, folder)
        print(f"anonymous memory: {anonymous_mb() - start:+.0f} MB for the pictures of both")
        playback(a)
        found: list[object] = []
        took = timed(lambda: found.append(Meters().measure(a)))
        print(f"loudness and true peak of all: {took / 1000:.1f} s, {MINUTES * 60_000 / took:.0f} x")
        lives = [timed(partial(live, a, at)) for at in range(10, 3000, 30)]
        print(f"live meter: median {np.median(lives):.2f} ms, longest {max(lives):.2f} ms")
        print(f"anonymous memory: {anonymous_mb() - start:+.0f} MB at the end")


if __name__ == "__main__":
    main()
