"""Memory does not grow with length: anonymous memory of a render of 5 and of 60 minutes.

Renders `first_steps` on synthesised stereo files of both lengths in processes of their own and watches
their RssAnon (Linux). Bars: ≤ 500 MB above start-up, and less than 100 MB between the two.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

ROOT = Path(__file__).parents[1]
RATE = 44100
MINUTES = (5, 60)


def write_music(path: Path, minutes: int) -> None:
    """Write a stereo file of chords, hits and hiss, 10 s at a time."""
    rng = np.random.default_rng(0)
    time_s = np.arange(10 * RATE) / RATE
    with soundfile.SoundFile(path, "w", RATE, 2, "PCM_16") as file:
        for part in range(minutes * 6):
            root = 110 * 2 ** ((part * 5 % 12) / 12)
            tone = sum(np.sin(2 * np.pi * root * ratio * time_s) / 8 for ratio in (1, 1.25, 1.5, 2))
            hits = np.exp(-30 * (time_s % 0.5)) * rng.standard_normal(time_s.size) / 4
            hiss = rng.standard_normal((2, time_s.size)) / 300
            file.write((tone + hits + hiss).T)


def anonymous_kb(pid: int) -> int:
    """Return RssAnon of a process in kB, 0 once it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("RssAnon")), 0)


def peak_mb(folder: Path, *words: str) -> tuple[float, float]:
    """Run a command line; return its peak of anonymous memory (MB) and its wall time (s)."""
    environment = {**os.environ, "REGROOVE_CACHE": str(folder / "cache")}
    begin = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "app.py"), *words],
        env=environment,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    peak = 0
    while process.poll() is None:
        peak = max(peak, anonymous_kb(process.pid))
        time.sleep(0.01)
    if process.returncode:
        raise SystemExit((process.stderr.read() if process.stderr else b"").decode())
    return peak / 1024, time.perf_counter() - begin


def main() -> None:
    peaks = []
    with tempfile.TemporaryDirectory(prefix="regroove-memory-") as name:
        folder = Path(name)
        start, _ = peak_mb(folder, "plan", "first_steps")
        print(f"start-up          {start:7.0f} MB")
        for minutes in MINUTES:
            song = folder / f"{minutes}.wav"
            write_music(song, minutes)
            peak, wall = peak_mb(folder, "render", "first_steps", "-i", song.name, "-o", f"{minutes}-out.wav")
            peaks.append(peak)
            more, speed = peak - start, minutes * 60 / wall
            print(f"{minutes:3} min stereo    {peak:7.0f} MB  {more:+6.0f} MB  {wall:6.1f} s, {speed:.0f} x")
            song.unlink()
    print(f"60 against 5 min  {peaks[1] - peaks[0]:+7.0f} MB")


if __name__ == "__main__":
    main()
