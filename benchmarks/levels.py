"""Levels against standards, ffmpeg and the clock: what the level and measuring nodes are good for.

    python benchmarks/levels.py            # standards, clips, limiter, speeds: about a minute
    python benchmarks/levels.py --hour     # also an hour of stereo: memory and the time to a cancel

Speeds are in seconds of stereo at 44.1 kHz per second, beside ffmpeg's own meter in the same run.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import soundfile
from scipy import signal

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from nodegraph import Audio, Cancelled, Progress  # noqa: E402
from nodes.dsp.loudness import integrated_lufs, loudness_range_lu, measure_energies, window_lufs  # noqa: E402
from nodes.dsp.true_peak import true_peaks  # noqa: E402
from nodes.level.limiter import limiter  # noqa: E402
from nodes.level.loudness import loudness  # noqa: E402
from nodes.level.normalize import normalize  # noqa: E402
from nodes.measure import compare, measure  # noqa: E402

CLIPS = ROOT.parent / "shared" / "bench" / "dev" / "clips"
# What peers reach on `PEER_CLIPS`, driven by 12 dB (the bench's own table).
PEERS = {"ffmpeg alimiter 4x": (0.04, 11.33), "swh fastLookahead": (0.59, 14.26), "hard clip": (1.88, 11.16)}
PEER_CLIPS = ("folk_celtica", "metal_muldjord", "pop_credits", "speech_actor", "synth_apex", "tabla")


def clips() -> Iterator[tuple[str, Path, Audio]]:
    for path in sorted(CLIPS.glob("*.flac")):
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        yield path.stem, path, Audio(np.ascontiguousarray(samples.T), rate)


def ffmpeg(path: Path) -> dict[str, float]:
    command = [
        "ffmpeg",
        "-nostats",
        "-hide_banner",
        "-i",
        path,
        "-af",
        "ebur128=peak=true",
        "-f",
        "null",
        "-",
    ]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    text = text[text.rfind("Summary:") :]
    return {
        name: float(re.search(name + r":\s+(-?[\d.]+|-inf)", text).group(1)) for name in ("I", "LRA", "Peak")
    }


def tones(*parts: tuple[float, float], rate: int = 48000) -> Audio:
    level = np.concatenate([np.full(round(s * rate), 10.0 ** (db / 20.0)) for db, s in parts])
    wave = level * np.sin(2 * np.pi * 1000 / rate * np.arange(level.size))
    return Audio.from_array(np.tile(wave, (2, 1)), rate)


def standards() -> None:
    print("== EBU Tech 3341 and 3342 (allowed: ±0.1 LU; range ±1 LU)")
    programmes = {
        "1": ((-23, 20),),
        "2": ((-33, 20),),
        "3": ((-36, 10), (-23, 60), (-36, 10)),
        "4": ((-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)),
        "5": ((-26, 20), (-20, 20.1), (-26, 20)),
    }
    for case, parts in programmes.items():
        found = integrated_lufs(measure_energies(tones(*parts)))
        print(f"  case {case}: {found:.3f} LUFS, expected {-33 if case == '2' else -23}")
    for name, seconds, step, length in (("10 short-term", 3.0, 0.15, 3.0), ("13 momentary", 0.4, 0.02, 0.4)):
        found = [
            window_lufs(measure_energies(tones((-200, i * step), (-23, length), (-200, 1))), seconds)[1].max()
            for i in range(20)
        ]
        print(f"  case {name} maximum of 20 bursts: {min(found):.3f} to {max(found):.3f} LUFS, expected -23")
    for parts, expected in (
        (((-20, 20), (-30, 20)), 10),
        (((-20, 20), (-15, 20)), 5),
        (((-40, 20), (-20, 20)), 20),
        (((-50, 20), (-35, 20), (-20, 20), (-35, 20), (-50, 20)), 15),
    ):
        print(f"  range {loudness_range_lu(measure_energies(tones(*parts))):.3f} LU, expected {expected}")


def meters() -> None:
    print("== clips: ours / ffmpeg ebur128 (which prints one decimal)")
    for name, path, audio in clips():
        energies, theirs = measure_energies(audio), ffmpeg(path)
        after = integrated_lufs(measure_energies(loudness(audio, target_lufs=-16)))
        peak = 20 * np.log10(true_peaks(audio.samples).max())
        print(
            f"  {name:16} I {integrated_lufs(energies):7.2f} / {theirs['I']:5.1f}   "
            f"LRA {loudness_range_lu(energies):5.2f} / {theirs['LRA']:4.1f}   "
            f"true peak {peak:6.2f} / {theirs['Peak']:5.1f}   after level.loudness {after:.4f}"
        )


def meter_dbtp(audio: Audio, times: int, beta: float) -> float:
    up = signal.resample_poly(audio.samples.astype(float), times, 1, axis=1, window=("kaiser", beta))
    return float(20 * np.log10(np.abs(up).max()))


def si_sdr(reference: np.ndarray, found: np.ndarray) -> float:
    reference, found = reference.astype(float), found.astype(float)
    target = reference * ((reference * found).sum() / (reference**2).sum())
    return float(10 * np.log10((target**2).sum() / ((found - target) ** 2).sum()))


def hostile() -> Iterator[tuple[str, Audio]]:
    rng, n = np.random.default_rng(1), np.arange(3 * 44100)
    yield "+3 dBTP sine", Audio.from_array(np.sqrt(2) * np.sin(np.pi / 2 * n + np.pi / 4), 44100)
    yield "clipped square", Audio.from_array(np.clip(4 * np.sin(2 * np.pi * 997 / 44100 * n), -1, 1), 44100)
    yield "noise +6 dB", Audio.from_array(0.5 * rng.standard_normal((2, n.size)), 44100)
    yield "signs +6 dB", Audio.from_array(2 * np.sign(rng.standard_normal((2, n.size))), 44100)


def limiting() -> None:
    print("== limiter to -1 dBTP (allowed: -0.95 on every meter)")
    scores = []
    driven = ((name, Audio.from_array(audio.samples * 4, audio.sample_rate)) for name, _, audio in clips())
    with tempfile.TemporaryDirectory() as folder:
        for name, audio in (*hostile(), *driven):
            limited = limiter(audio)
            path = Path(folder, "limited.wav")
            soundfile.write(path, limited.samples.T, limited.sample_rate, subtype="FLOAT")
            theirs = ffmpeg(path)
            peaks = meter_dbtp(limited, 16, 14.0), meter_dbtp(limited, 8, 5.0)
            quality = si_sdr(audio.samples, limited.samples)
            if name in PEER_CLIPS:
                scores.append((max(0.0, peaks[0] + 1.0), quality, theirs["I"]))
            print(
                f"  {name:16} 16x {peaks[0]:6.3f}   8x {peaks[1]:6.3f}   ffmpeg {theirs['Peak']:4.1f}   "
                f"SI-SDR {quality:5.2f} dB   {theirs['I']:5.1f} LUFS"
            )
    over, quality, level = np.mean(scores, axis=0)
    print(f"  mean of the peers' clips: {over:.3f} dB over, SI-SDR {quality:.2f} dB, {level:.2f} LUFS")
    for peer, (over, quality) in PEERS.items():
        print(f"    {peer}: {over:.2f} dB over, SI-SDR {quality:.2f} dB")
    sine = 10 ** (2 / 20) * np.sin(2 * np.pi * 100 / 44100 * np.arange(88200))
    limited = limiter(Audio.from_array(sine, 44100)).samples[0].astype(float)
    power = np.abs(np.fft.rfft(limited * signal.windows.blackmanharris(limited.size))) ** 2
    tone = power[190:211].sum()
    power[190:211] = 0
    print(f"  THD+N of 100 Hz at 3 dB reduction: {10 * np.log10(power[10:].sum() / tone):.1f} dB")


def timed(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def speeds() -> None:
    print("== speed (times real time, 3 minutes of stereo)")
    music = np.concatenate([audio.samples[0] for _, _, audio in clips() if audio.sample_rate == 44100])
    stereo = np.stack([np.resize(music, 180 * 44100), np.resize(music[::-1], 180 * 44100)])
    audio, driven = Audio.from_array(stereo, 44100), Audio.from_array(4 * stereo, 44100)
    short = Audio.from_array(driven.samples[:, :44100], 44100)
    # The first call of each compiles its loops.
    for warm in (loudness, normalize, limiter, measure):
        warm(short)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "music.wav")
        soundfile.write(path, stereo.T, 44100, subtype="FLOAT")
        print(f"  ffmpeg ebur128   {180 / timed(lambda: ffmpeg(path)):7.0f}")
    rows: dict[str, Callable[[], object]] = {
        "K-weighting": lambda: measure_energies(audio),
        "level.loudness": lambda: loudness(audio),
        "level.normalize": lambda: normalize(audio),
        "level.limiter": lambda: limiter(audio),
        "  driven +12 dB": lambda: limiter(driven),
        "measure": lambda: measure(audio),
        "compare": lambda: compare(audio, driven),
    }
    for name, function in rows.items():
        print(f"  {name:16} {180 / timed(function):7.0f}")


def anonymous_mb() -> float:
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+)", status).group(1)) / 1024


def hour() -> None:
    print(
        "== an hour of stereo from a file: most anonymous memory of the process, time, and time to a cancel"
    )
    frames = 3600 * 44100
    with tempfile.TemporaryDirectory() as folder:
        samples = np.lib.format.open_memmap(
            Path(folder, "hour.npy"), mode="w+", dtype=np.float32, shape=(2, frames)
        )
        rng = np.random.default_rng(0)
        for begin in range(0, frames, 1 << 22):
            part = samples[:, begin : begin + (1 << 22)]
            part[:] = 0.3 * rng.standard_normal(part.shape, dtype=np.float32)
        audio = Audio(samples, 44100)
        for name, function in (("loudness", loudness), ("limiter", limiter), ("measure", measure)):
            most = [anonymous_mb()]
            progress = Progress(report=lambda _, most=most: most.append(anonymous_mb()))
            wall = timed(lambda function=function, progress=progress: function(audio, progress=progress))
            cancel = threading.Event()
            asked: list[float] = []
            timer = threading.Timer(1.0, lambda c=cancel, a=asked: (a.append(time.perf_counter()), c.set()))
            timer.start()
            try:
                function(audio, progress=Progress(cancel=cancel))
            except Cancelled:
                took = time.perf_counter() - asked[0]
            print(f"  {name:10} {max(most):5.0f} MB   {wall:5.1f} s   cancel {1000 * took:4.0f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hour", action="store_true", help="also an hour of stereo (4 GB of disk)")
    arguments = parser.parse_args()
    standards()
    if CLIPS.exists():
        meters()
        limiting()
        speeds()
    else:
        print(f"The bench's clips are not at {CLIPS}: clips, limiter and speeds are left out.")
    if arguments.hour:
        hour()


if __name__ == "__main__":
    main()
