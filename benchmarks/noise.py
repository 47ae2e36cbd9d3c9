"""Steady noise and hum on real recordings: gain in SDR by kind and level, harm to undamaged ones, speed.

    python -m benchmarks.noise [CLIPS FOLDER]

The damage is that of the bench in ../shared (its `degrade` module makes it, its `metrics` judge it):
the first 6 s in mono, noise with a second of noise alone before the music.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import soundfile

from nodegraph import Audio
from nodes.repair.dehum import dehum
from nodes.repair.denoise import denoise

BENCH = Path(__file__).parents[2] / "shared" / "bench"
NAMES = ("folk_tavern", "tabla", "speech_actor", "pop_credits", "orch_domina")
SECONDS = 6.0
NOISES = tuple(f"{kind}{snr:02d}" for kind in ("white", "shellac", "hiss") for snr in (0, 5, 10, 20))


def main() -> int:
    if not BENCH.is_dir():
        print(f"{BENCH} is not there: nothing real to measure.")
        return 0
    sys.path.insert(0, str(BENCH))
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else BENCH / "dev" / "clips"
    clips = [path for path in sorted(folder.glob("*.flac")) if len(sys.argv) > 1 or path.stem in NAMES]
    print(f"{'condition':<12}{'gain dB':>9}{'worst':>8}{'LSD':>7}")
    for condition in (*NOISES, "pink10"):
        show(condition, [score("denoise", condition, clip) for clip in clips])
    for condition in ("hum50_00", "hum50_10", "hum50_20", "hum60_10"):
        show(condition, [score("dehum", condition, clip) for clip in clips])
    unharmed(folder)
    speed()
    return 0


def score(task: str, condition: str, clip: Path) -> tuple[float, float]:
    import degrade
    import metrics

    music, rate = soundfile.read(clip, always_2d=True)
    mono = music[: int(SECONDS * rate)].mean(axis=1, keepdims=True)
    damaged = degrade.make(task, condition, mono, rate)
    audio = Audio.from_array(damaged.audio.T, rate)
    result = (denoise if task == "denoise" else dehum)(audio).audio.samples.T
    begin = damaged.info.get("lead", 0)
    clean, before, after = (part[begin:] for part in (damaged.clean, damaged.audio, result))
    return metrics.sdr(clean, after) - metrics.sdr(clean, before), metrics.lsd(clean, after, rate)


def show(condition: str, rows: list[tuple[float, float]]) -> None:
    gains, distances = np.array(rows).T
    print(f"{condition:<12}{gains.mean():>9.2f}{gains.min():>8.2f}{distances.mean():>7.2f}", flush=True)


def unharmed(folder: Path) -> None:
    for clip in sorted(folder.glob("*.flac")):
        music, rate = soundfile.read(clip, always_2d=True, dtype="float32")
        audio = Audio.from_array(music.T, rate)
        for repair in (denoise, dehum):
            removed = float(np.sqrt(np.mean(repair(audio).removed.samples ** 2)))
            if removed:
                print(f"undamaged {clip.stem}: {repair.__name__} takes {20 * np.log10(removed):.1f} dBFS")


def speed() -> None:
    t = np.arange(60 * 44100) / 44100
    noise = 0.01 * np.random.default_rng(0).standard_normal(t.size)
    audio = Audio.from_array(noise + 0.1 * np.sin(2 * np.pi * 50 * t) * (t > 2), 44100)
    for repair in (denoise, dehum):
        repair(audio)
        wall, cpu = time.perf_counter(), time.process_time()
        repair(audio)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(f"{repair.__name__}: {60 / wall:.0f} × real time (mono), {60 / cpu:.0f} × per processor")


if __name__ == "__main__":
    sys.exit(main())
