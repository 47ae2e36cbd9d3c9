"""Declipping: what is gained on clipped recordings, and what it costs.

    python -m benchmarks.declip [FOLDER] [SECONDS]

FOLDER holds recordings; without it ../shared/bench/dev/clips is used. Each is clipped so that the
signal-to-distortion ratio is 3, 7, 10 and 20 dB. Bars: +10.5, +12.3, +12.3 and +11.5 dB on average, no
clip below 0; undamaged sound bit for bit, at 100 × real time or more.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import soundfile

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from nodegraph import Audio, Progress  # noqa: E402
from nodes.repair.declip import declip  # noqa: E402

INPUT_SDR_DB = (3, 7, 10, 20)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared" / "bench" / "dev" / "clips"
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 2.0
    print(f"{'clip':<16}" + "".join(f"{f'{level} dB':>8}" for level in INPUT_SDR_DB) + "   untouched")
    gains, costs = [], []
    for path in sorted(folder.glob("*.flac")):
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        clean = samples.mean(axis=1)
        row = []
        for level in INPUT_SDR_DB:
            clean_part = clean[: round(seconds * rate)]
            clipped = clipped_to(clean_part, level)
            begin = time.process_time()
            result = declip(Audio.from_array(clipped, rate)).audio.samples[0]
            costs.append((time.process_time() - begin) / (clean_part.size / rate))
            row.append(sdr_db(clean_part, result) - sdr_db(clean_part, clipped))
        gains.append(row)
        print(
            f"{path.stem:<16}" + "".join(f"{gain:8.2f}" for gain in row) + "   " + untouched(samples.T, rate)
        )
    print(f"{'mean':<16}" + "".join(f"{gain:8.2f}" for gain in np.mean(gains, axis=0)))
    print(f"{'worst':<16}" + "".join(f"{gain:8.2f}" for gain in np.min(gains, axis=0)))
    per_level = np.mean(np.reshape(costs, (-1, len(INPUT_SDR_DB))), axis=0)
    print(f"{'CPU s per s':<16}" + "".join(f"{cost:8.2f}" for cost in per_level))


def untouched(samples: np.ndarray, rate: int) -> str:
    notes: list[str] = []
    sound = Audio.from_array(np.tile(samples, (1, 4)), rate)
    begin = time.process_time()
    result = declip(sound, progress=Progress(note=notes.append)).audio.samples
    taken = time.process_time() - begin
    same = "bit for bit" if np.array_equal(result, sound.samples) else "CHANGED"
    return f"{same}, {sound.channels * sound.seconds / taken:.0f} × real time (mono, CPU). {notes[0]}"


def clipped_to(clean: np.ndarray, level_db: float) -> np.ndarray:
    """Clip at the level that gives this signal-to-distortion ratio."""
    low, high = 0.0, float(np.abs(clean).max())
    for _ in range(50):
        middle = (low + high) / 2
        if sdr_db(clean, np.clip(clean, -middle, middle)) < level_db:
            low = middle
        else:
            high = middle
    return np.clip(clean, -middle, middle)


def sdr_db(reference: np.ndarray, estimate: np.ndarray) -> float:
    error = np.sum((reference.astype(np.float64) - estimate) ** 2)
    return float(10 * np.log10(np.sum(reference.astype(np.float64) ** 2) / (error + 1e-20)))


if __name__ == "__main__":
    main()
