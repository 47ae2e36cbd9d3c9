"""Harmonic/percussive separation against librosa: quality, speed ratio, and how well the parts null.

    python benchmarks/hpss.py [FOLDER]

FOLDER holds one folder per song with drums.flac and the other stems; without it the songs of
../shared/bench/dev/stems are used, or, where they are absent, one synthetic mixture. Speeds are
ratios taken in turns in one run, in-process and as whole processes (imports, reading, writing).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import librosa
import numpy as np
import soundfile

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from nodegraph import Audio  # noqa: E402
from nodes.separate.hpss import hpss  # noqa: E402

Songs = list[tuple[str, np.ndarray, np.ndarray, int]]
RUNS = 3
SPEED_SECONDS = 30.0

OURS = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
import soundfile
from nodegraph import Audio
from nodes.separate.hpss import hpss
samples, rate = soundfile.read(sys.argv[1], dtype="float32", always_2d=True)
parts = hpss(Audio.from_array(samples.T, rate))
for name in ("harmonic", "percussive"):
    soundfile.write(f"{{sys.argv[2]}}/{{name}}.wav", getattr(parts, name).samples.T, rate, subtype="FLOAT")
"""
THEIRS = """
import sys
import librosa, soundfile
samples, rate = soundfile.read(sys.argv[1], dtype="float32", always_2d=True)
parts = librosa.effects.hpss(samples.T)
for name, part in zip(("harmonic", "percussive"), parts):
    soundfile.write(f"{sys.argv[2]}/{name}.wav", part.T, rate, subtype="FLOAT")
"""


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared" / "bench" / "dev" / "stems"
    songs = stem_songs(folder) or [synthetic_song()]
    quality(songs)
    speed(songs)


def quality(songs: Songs) -> None:
    print(
        f"{'song':<16}{'ours H':>9}{'P':>7}{'mean':>7}{'librosa H':>12}{'P':>7}{'mean':>7}{'null dBFS':>11}"
    )
    rows = []
    for name, held, drums, rate in songs:
        mixed = held + drums
        parts = hpss(Audio.from_array(mixed, rate))
        theirs = librosa.effects.hpss(mixed)
        pairs = [(parts.harmonic.samples, parts.percussive.samples), theirs]
        scores = [(sdr_db(held, h), sdr_db(drums, p)) for h, p in pairs]
        total = parts.harmonic.samples + parts.percussive.samples + parts.residual.samples
        null = 20 * np.log10(np.abs(total - mixed).max() + 1e-30)
        rows.append([*scores[0], np.mean(scores[0]), *scores[1], np.mean(scores[1]), null])
        show(name, rows[-1])
    show("mean", np.mean(rows, axis=0))


def show(name: str, row: list[float]) -> None:
    print(
        f"{name:<16}"
        + "".join(f"{value:{w}.2f}" for value, w in zip(row, (9, 7, 7, 12, 7, 7, 11), strict=True))
    )


def speed(songs: Songs) -> None:
    _, held, drums, rate = songs[0]
    mixed = np.tile(held + drums, 1 + int(SPEED_SECONDS * rate / held.shape[1]))[
        :, : int(SPEED_SECONDS * rate)
    ]
    audio = Audio.from_array(mixed, rate)
    compare("in process", lambda: hpss(audio), lambda: librosa.effects.hpss(audio.samples))
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "in.wav")
        soundfile.write(source, mixed.T, rate, subtype="FLOAT")

        def process(program: str) -> Callable[[], object]:
            command = [sys.executable, "-c", program, str(source), folder]
            return lambda: subprocess.run(command, check=True)

        compare("whole process", process(OURS), process(THEIRS))


def compare(what: str, ours: Callable[[], object], theirs: Callable[[], object]) -> None:
    taken: list[list[float]] = [[], []]
    for _ in range(RUNS):
        for times, function in zip(taken, (ours, theirs), strict=True):
            begin = time.perf_counter()
            function()
            times.append(time.perf_counter() - begin)
    mine, other = (min(times) for times in taken)
    print(
        f"{what}: {SPEED_SECONDS:.0f} s of stereo in {mine:.2f} s ({SPEED_SECONDS / mine:.0f} × real time), "
        f"librosa {other:.2f} s: {other / mine:.1f} times faster"
    )


def stem_songs(folder: Path) -> Songs:
    songs = []
    for drums_file in sorted(folder.glob("*/drums.*")):
        stems = {
            path.stem: soundfile.read(path, dtype="float32", always_2d=True)
            for path in drums_file.parent.iterdir()
        }
        drums, rate = stems.pop("drums")
        held = sum(samples for samples, _ in stems.values())
        both = np.broadcast_arrays(held, drums)
        songs.append((drums_file.parent.name, both[0].T.copy(), both[1].T.copy(), rate))
    return songs


def synthetic_song(rate: int = 44100, seconds: float = 12.0) -> tuple[str, np.ndarray, np.ndarray, int]:
    """Return four organ notes over noise bursts: a stand-in where no stems are at hand."""
    t = np.arange(int(rate * seconds)) / rate
    pitch = np.array([220.0, 277.2, 329.6, 246.9])[(t // 0.75).astype(int) % 4]
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    held = 0.1 * sum(np.sin(k * phase) / k for k in range(1, 9))
    bursts = np.random.default_rng(0).standard_normal(t.size) * np.exp(-(t % 0.25) / 0.04)
    drums = bursts * np.sqrt(np.mean(held**2) / np.mean(bursts**2))
    return "synthetic", np.stack([held, held]).astype("f4"), np.stack([drums, 0.7 * drums]).astype("f4"), rate


def sdr_db(reference: np.ndarray, estimate: np.ndarray) -> float:
    return float(10 * np.log10(np.sum(reference**2) / np.sum((reference - estimate) ** 2)))


if __name__ == "__main__":
    main()
