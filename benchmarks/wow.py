"""Wow and flutter against known curves: what is left of them, what is invented on clean clips, speed.

    python -m benchmarks.wow [FOLDER]

FOLDER holds recordings without speed faults; without it the clips of ../shared/bench/dev are used. Each
is warped by each of the known curves through a band-limited varispeed, and the measured curve compared
with the true one. The bars: 35 % of the deviation may be left on tonal music (25 % where the disc's
rate is told), and 0.03 % rms may be invented where there is none.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import soundfile

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from nodegraph import Audio, SpeedCurve  # noqa: E402
from nodes.measure_speed import measure_speed  # noqa: E402
from nodes.repair.wow import wow  # noqa: E402

# Name, what the user may tell of it, and its parts (Hz, depth).
CURVES = (
    ("33⅓ rpm 0.3 %", "33", ((0.556, 0.003),)),
    ("45 rpm 0.1 %", "45", ((0.75, 0.001),)),
    ("78 rpm 1 %", "78.26", ((1.3, 0.01),)),
    ("flutter 8 Hz 0.2 %", "auto", ((8.0, 0.002),)),
    ("three at once", "auto", ((0.556, 0.004), (1.3, 0.002), (9.0, 0.001))),
)
NOT_TONAL = ("tabla", "drumloop", "speech")
POINTS_PER_S = 400.0


def warped(audio: Audio, parts: tuple[tuple[float, float], ...], seed: int) -> tuple[Audio, SpeedCurve]:
    """Return the recording as a machine with that fault would play it, and its true speed over time."""
    rng = np.random.default_rng(seed)
    times = np.arange(0.0, audio.seconds + 0.01, 1.0 / POINTS_PER_S)
    turns = [(depth, 2 * np.pi * hz, rng.uniform(0, 6.28)) for hz, depth in parts]
    speed = 1.0 + sum(d * np.sin(w * times + p) for d, w, p in turns)
    # At true time τ(t) the fault plays what it recorded at t: undoing the inverse speed makes it.
    true = np.append(0.0, np.cumsum(0.5 * (speed[1:] + speed[:-1]) / POINTS_PER_S))
    inverse = SpeedCurve(true, 1.0 / speed, np.ones(times.size))
    return wow(audio, inverse).audio, SpeedCurve(times, speed, np.ones(times.size))


def cents(curve: SpeedCurve, times: np.ndarray) -> np.ndarray:
    return 1200.0 * np.log2(np.interp(times, curve.times_s, curve.speed))


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared" / "bench" / "dev" / "clips"
    clips = sorted(path for path in folder.glob("*.*") if path.suffix in (".flac", ".wav"))
    if not clips:
        print(f"There are no recordings in {folder}.")
        return
    print("residual / deviation, without and with the disc's rate told; then what is invented on the clip")
    left: list[list[float]] = []
    seconds = taken = 0.0
    for clip in clips:
        samples, rate = soundfile.read(clip, dtype="float32", always_2d=True)
        audio = Audio.from_array(samples.T, rate)
        begin = time.process_time()
        invented = 100.0 * np.std(measure_speed(audio).speed.speed)
        taken, seconds = taken + time.process_time() - begin, seconds + audio.seconds
        row = []
        if not clip.stem.startswith(NOT_TONAL):
            times = np.arange(0.0, audio.seconds, 0.01)
            for number, (_, rotation, parts) in enumerate(CURVES):
                played, truth = warped(audio, parts, number)
                for told in dict.fromkeys(("auto", rotation)):
                    error = cents(measure_speed(played, rotation=told).speed, times) - cents(truth, times)
                    row.append(float(np.std(error) / np.std(cents(truth, times))))
            left.append(row)
        print(f"{clip.stem:20}" + "".join(f"{value:7.2f}" for value in row) + f"   {invented:.4f} %")
    names = [f"{n} {told}" for n, r, _ in CURVES for told in dict.fromkeys(("auto", r))]
    for name, value in zip(names, np.mean(left, axis=0), strict=True):
        print(f"mean {name:28} {100 * value:5.1f} % left")
    print(f"measured at {seconds / taken:.0f} × real time (processor time, clean clips)")


if __name__ == "__main__":
    main()
