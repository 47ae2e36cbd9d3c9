"""The whole chain: `shellac_78` from a file to a file, in a new process with an empty cache.

Beside it runs the chain of ffmpeg filters that one would use today for the same work. Then an hour of
sound, for its memory.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.memory import peak_mb
from benchmarks.ours import bench, clips
from benchmarks.table import Row

__all__ = ["rows", "write_side"]

RATE = 44100
# As they come, and with the declicker at the settings that come nearest to ours in what they take out.
FFMPEG = "adeclick,adeclip,afftdn,loudnorm"
FFMPEG_THOROUGH = "adeclick=m=s:t=1,adeclip,afftdn,loudnorm"
_SIDES = ("folk_tavern", "orch_domina", "country_farm", "folk_celtica")


def rows() -> Iterator[Row]:
    """Yield the rows of the chain."""
    with tempfile.TemporaryDirectory(prefix="regroove-shellac-") as name:
        yield from three_minutes(Path(name))
    with tempfile.TemporaryDirectory(prefix="regroove-shellac-") as name:
        yield from an_hour(Path(name))


def three_minutes(folder: Path) -> Iterator[Row]:
    """Yield how fast three minutes are done, ours and ffmpeg's, each the best of three."""
    write_side(folder / "side.wav", 180.0)
    peak_mb(folder, "render", "shellac_78", "-o", "warm.wav")  # loops are compiled once a machine
    ours, theirs = [], []
    for number in range(3):
        shutil.rmtree(folder / "cache")
        _, wall = peak_mb(folder, "render", "shellac_78", "-i", "side.wav", "-o", f"ours-{number}.wav")
        ours.append(wall)
        if shutil.which("ffmpeg"):
            theirs.append(_ffmpeg_seconds(folder, FFMPEG, 180.0))
    yield Row("shellac_78", "3 min stereo, cold: speed", 180.0 / min(ours), 8.0, unit="×")
    if theirs:
        peer = f"{180.0 / min(theirs):.2f} × ffmpeg {FFMPEG}"
        what = "the same: faster than ffmpeg"
        yield Row("shellac_78", what, min(theirs) / min(ours), 4.0, unit="×", peer=peer)
        speed = 10.0 / _ffmpeg_seconds(folder, FFMPEG_THOROUGH, 10.0)
        peer = f"{speed:.2f} × ffmpeg {FFMPEG_THOROUGH}"
        yield Row(
            "shellac_78",
            "faster than ffmpeg, as thorough",
            180.0 / min(ours) / speed,
            4.0,
            unit="×",
            peer=peer,
        )


def an_hour(folder: Path) -> Iterator[Row]:
    """Yield how much memory an hour takes above the start-up."""
    start, _ = peak_mb(folder, "plan", "shellac_78")
    write_side(folder / "hour.wav", 3600.0)
    peak, _ = peak_mb(folder, "render", "shellac_78", "-i", "hour.wav", "-o", "hour-out.wav")
    yield Row("shellac_78", "60 min stereo: memory", peak - start, 600.0, unit="MB", at_most=True)


def _ffmpeg_seconds(folder: Path, filters: str, seconds: float) -> float:
    source = ["-t", str(seconds), "-i", "side.wav"]
    command = ["ffmpeg", "-v", "error", "-y", *source, "-af", filters, "-ar", str(RATE), "theirs.wav"]
    begin = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True)
    return time.perf_counter() - begin


def write_side(path: Path, seconds: float) -> None:
    """Write a worn side: recordings one after the other, cut into both walls of a groove that crackles."""
    music = [_at_rate(samples[:, 0], rate) for _, samples, rate in clips(_SIDES)]
    part = np.concatenate(music)
    rng = np.random.default_rng(0)
    degrade = bench("degrade")
    worn = 0.5 * degrade.record(np.stack([part, part], axis=1), RATE, rng).audio
    with soundfile.SoundFile(path, "w", RATE, 2, "PCM_16") as file:
        file.write(0.003 * degrade.noise_like("shellac", RATE, 2, RATE, rng))
        written = RATE
        while written < seconds * RATE:
            shown = worn[: int(seconds * RATE) - written]
            file.write(shown)
            written += len(shown)


def _at_rate(samples: np.ndarray, rate: int) -> np.ndarray:
    import soxr

    return np.asarray(soxr.resample(samples, rate, RATE))
