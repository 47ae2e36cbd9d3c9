"""Demucs at full size: memory on an hour of sound, and speed beside the package's own path.

The network is htdemucs' own (42 million parameters) with random weights, which cost what trained ones do.

- Memory: the most anonymous memory (RssAnon, Linux) in every segment of an hour in stereo. Bar: 3 GB at
  most, and no more in the last third than in the first. `--segments N` stops after so many; then what is
  told holds for these alone, which is said.
- Speed: three minutes through `demucs.apply.apply_model` and through the driver, with the same network,
  threads and settings. Bar: 0.95 of the package's speed, in CPU seconds, which a busy machine leaves alone.

    python -m benchmarks.separation --memory --segments 40
    python -m benchmarks.separation --speed --seconds 30 --turns 3
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from fractions import Fraction
from pathlib import Path

# Before torch is imported: its threads would spin while they wait.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch
from demucs.apply import apply_model
from demucs.htdemucs import HTDemucs

from nodegraph import Audio, Progress
from nodes.dsp.separation.separate import separate
from nodes.separate._demucs import Bag, DemucsBackend, DemucsSettings

RATE = 44100
SOURCES = ["drums", "bass", "other", "vocals"]
MOST_MB = 3000.0
LEAST_SPEED = 0.95
# Segments before memory counts: the allocator's pools and the windows fill.
WARM = 3


class Enough(Exception):
    """Raised to stop after so many segments."""


def network() -> HTDemucs:
    """Return htdemucs (its published settings) with random weights."""
    torch.manual_seed(0)
    made = HTDemucs(
        SOURCES,
        channels=48,
        growth=2,
        depth=4,
        nfft=4096,
        bottom_channels=512,
        t_layers=5,
        t_heads=8,
        dconv_mode=3,
        segment=Fraction(39, 5),
    )
    return made.eval()


def backend_of(made: HTDemucs) -> DemucsBackend:
    settings = DemucsSettings(shifts=0, seed=0, overlap=0.25, segment_s=None, device="cpu", precision="full")
    return DemucsBackend(Bag("htdemucs", [made], [[1.0] * 4]), settings)


def song(folder: Path, seconds: float) -> Audio:
    """Write a stereo recording of chords, hits and hiss, 10 s at a time, and map it."""
    frames = round(seconds * RATE)
    samples = np.memmap(folder / "song.f32", np.float32, "w+", shape=(2, frames))
    rng = np.random.default_rng(0)
    for part, begin in enumerate(range(0, frames, 10 * RATE)):
        time_s = np.arange(min(10 * RATE, frames - begin)) / RATE
        root = 110 * 2 ** ((part * 5 % 12) / 12)
        tone = sum(np.sin(2 * np.pi * root * ratio * time_s) / 8 for ratio in (1, 1.25, 1.5, 2))
        hits = np.exp(-30 * (time_s % 0.5)) * rng.standard_normal(time_s.size) / 4
        samples[:, begin : begin + time_s.size] = tone + hits + rng.standard_normal((2, time_s.size)) / 300
    return Audio.trusted(samples, RATE)


def anonymous_mb() -> float:
    """Return this process's RssAnon."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024


class Watch:
    """The most anonymous memory since it was last asked, looked at all the time."""

    def __init__(self) -> None:
        self._most = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._over.wait(0.02):
            self._most = max(self._most, anonymous_mb())

    def most_mb(self) -> float:
        most, self._most = max(self._most, anonymous_mb()), 0.0
        return most

    def stop(self) -> None:
        self._over.set()
        self._thread.join()


def memory(minutes: float, most: int | None) -> bool:
    """Print and judge the memory over the segments of a long recording."""
    backend = backend_of(network())
    seen: list[float] = []
    with tempfile.TemporaryDirectory(prefix="regroove-separation-") as name:
        audio = song(Path(name), 60 * minutes)
        start = anonymous_mb()
        total = sum(1 for _ in backend.segments(audio.frames))

        watch = Watch()

        def look(_: float) -> None:
            seen.append(watch.most_mb())
            # The first is told before anything, each other before a segment.
            if most is not None and len(seen) > most + 1:
                raise Enough

        begin, cpu = time.perf_counter(), time.process_time()
        try:
            rest = {"accompaniment": ("vocals",), "residual": tuple(SOURCES)}
            separate(audio, backend, rest=rest, progress=Progress(report=look))
        except Enough:
            pass
        watch.stop()
        wall, cpu = time.perf_counter() - begin, time.process_time() - cpu
    done = min(total, len(seen) - 2)
    counted = seen[2 + WARM :]
    third = max(1, len(counted) // 3)
    first, last = float(np.median(counted[:third])), float(np.median(counted[-third:]))
    print(f"{minutes:g} min stereo, {done} of {total} segments, {wall:.0f} s ({cpu:.0f} CPU s)")
    print(f"start-up, with the network   {start:7.0f} MB")
    print(f"most                         {max(seen):7.0f} MB (bar {MOST_MB:.0f})")
    print(f"first third, last third      {first:7.0f} MB, {last:.0f} MB")
    if done < total:
        print(f"Stopped early: nothing is said of the other {total - done} segments.")
    # The allocator's own jitter is a few tens of MB; a copy of the sound would be 10 MB per minute and stem.
    return max(seen) <= MOST_MB and last - first <= 0.02 * first


def speed(seconds: float, turns: int) -> bool:
    """Print and judge the driver's speed beside the package's: in turns, of which the quickest counts."""
    made = network()
    backend = backend_of(made)
    costs: dict[str, list[tuple[float, float]]] = {"apply_model": [], "the driver": []}
    with tempfile.TemporaryDirectory(prefix="regroove-separation-") as name:
        audio = song(Path(name), seconds)
        mix = torch.from_numpy(audio.samples.copy())
        middle = mix.mean(0)
        mix = (mix - middle.mean()) / (middle.std() + 1e-8)
        # Once before, so that neither pays for what torch does at first.
        with torch.no_grad():
            made(mix[None, :, : int(7.8 * RATE)])
        for _ in range(turns):
            clock = time.perf_counter(), time.process_time()
            wanted = apply_model(made, mix[None], shifts=0, overlap=0.25)[0]
            costs["apply_model"].append(since(clock))
            clock = time.perf_counter(), time.process_time()
            stems = separate(audio, backend, rest={"residual": tuple(SOURCES)})
            costs["the driver"].append(since(clock))
        expected = (wanted * (middle.std() + 1e-8) + middle.mean()).numpy()
        worst = 1e9
        for stem, samples in zip(SOURCES, expected, strict=True):
            error = np.square(stems[stem].samples.astype(np.float64) - samples).sum()
            power = np.square(samples.astype(np.float64)).sum()
            worst = min(worst, 10 * np.log10(power / max(error, 1e-30)))
    print(f"{seconds:g} s stereo, {torch.get_num_threads()} threads, {turns} turns")
    for path, found in costs.items():
        print(f"{path:12} " + ", ".join(f"{wall:.1f} s ({cpu:.1f} CPU s)" for wall, cpu in found))
    least = {path: min(cpu for _, cpu in found) for path, found in costs.items()}
    ratio = least["apply_model"] / least["the driver"]
    print(f"speed        {ratio:.3f} (bar {LEAST_SPEED})")
    print(f"the same to  {worst:.0f} dB")
    return ratio >= LEAST_SPEED


def since(clock: tuple[float, float]) -> tuple[float, float]:
    """Return the wall time and the CPU time since then."""
    return time.perf_counter() - clock[0], time.process_time() - clock[1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--memory", action="store_true", help="only the memory")
    parser.add_argument("--speed", action="store_true", help="only the speed")
    parser.add_argument("--minutes", type=float, default=60.0, help="length for the memory")
    parser.add_argument("--segments", type=int, default=None, help="stop the memory after so many")
    parser.add_argument("--seconds", type=float, default=180.0, help="length for the speed")
    parser.add_argument("--turns", type=int, default=2, help="how many times the speed is measured")
    chosen = parser.parse_args()
    both = chosen.memory == chosen.speed
    good = speed(chosen.seconds, chosen.turns) if both or chosen.speed else True
    if both or chosen.memory:
        good = memory(chosen.minutes, chosen.segments) and good
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
