"""Tone, width and adaptive loudness: what they reach on real recordings, and how fast they are.

    python benchmarks/tone.py            # curves, clips and speeds: about a minute
    python benchmarks/tone.py --hour     # also an hour of stereo: memory and the time to a cancel

Speeds are seconds of sound per second of processor time, a channel at 44.1 kHz each.
"""

from __future__ import annotations

import argparse
import re
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
from nodes.dsp.curves import CURVES  # noqa: E402
from nodes.dsp.loudness import integrated_lufs, loudness_range_lu, measure_energies  # noqa: E402
from nodes.level.loudness import loudness  # noqa: E402
from nodes.stereo.widen import widen  # noqa: E402
from nodes.tone.air import air  # noqa: E402
from nodes.tone.clarity import clarity  # noqa: E402
from nodes.tone.eq import eq  # noqa: E402
from nodes.tone.transients import transients  # noqa: E402

CLIPS = ROOT.parent / "shared" / "bench" / "dev" / "clips"
NODES: dict[str, Callable[..., Audio]] = {
    "tone.eq": lambda audio, **more: eq(audio, curve="decca_78", **more),
    "tone.transients": transients,
    "tone.air": lambda audio, **more: air(audio, limit_hz=7000.0, **more),
    "tone.clarity": lambda audio, **more: clarity(audio, tolerance_db=0.0, smoothing_s=1.0, **more),
    "stereo.widen": widen,
    "level.loudness": lambda audio, **more: loudness(audio, mode="adaptive", **more),
}


def clips() -> Iterator[tuple[str, Audio]]:
    for path in sorted(CLIPS.glob("*.flac")):
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        yield path.stem, Audio(np.ascontiguousarray(samples.T), rate)


def curves() -> None:
    print("== curves: most that a filter is off its circuit from 20 Hz to 20 kHz (allowed: 0.1 dB)")
    for rate in (44100, 48000, 96000, 192000):
        impulse = np.zeros(2 * rate)
        impulse[0] = 1.0
        hz = np.fft.rfftfreq(impulse.size, 1 / rate)
        heard = (hz >= 20) & (hz <= 20000)
        worst = 0.0
        for name, curve in CURVES.items():
            if name != "flat":
                answer = eq(Audio.from_array(impulse, rate), curve=name, subsonic_hz=0.0).samples[0]
                found = 20 * np.log10(np.abs(np.fft.rfft(answer.astype(float)))[heard])
                worst = max(worst, float(np.abs(found - curve.gains_db(hz[heard])).max()))
        print(f"  {rate:6} Hz  {worst:.4f} dB")


def spectra(row: np.ndarray, rate: int) -> tuple[np.ndarray, np.ndarray]:
    hz, _, found = signal.stft(row.astype(float), rate, nperseg=2048)
    return hz, 10 * np.log10(np.abs(found) ** 2 + 1e-12)


def treble() -> None:
    print("== air: recordings cut at 7 kHz; log-spectral distance from 8 to 16 kHz (allowed: 70 % of before)")
    for name, audio in clips():
        if audio.sample_rate < 40000:
            continue
        taps = signal.firwin(2047, 7000, fs=audio.sample_rate, window=("kaiser", 10.0))
        dull = Audio.from_array([signal.oaconvolve(row, taps, "same") for row in audio.samples], 44100)
        dull = Audio(dull.samples, audio.sample_rate)
        result = air(dull)
        distances = []
        for each in (dull, result):
            hz, found = spectra(each.samples[0], each.sample_rate)
            wanted = spectra(audio.samples[0], audio.sample_rate)[1]
            band = (hz >= 8000) & (hz < 16000)
            distances.append(float(np.sqrt(np.mean((found[band] - wanted[band]) ** 2, axis=0)).mean()))
        before, after = (integrated_lufs(measure_energies(each)) for each in (dull, result))
        print(
            f"  {name:16} {distances[0]:5.1f} -> {distances[1]:5.1f} dB   loudness {after - before:+.2f} LU"
        )


def drift() -> None:
    print("== clarity: change of undamaged recordings (allowed: 0.3 dB rms)")
    for name, audio in clips():
        result = clarity(audio)
        if np.array_equal(result.samples, audio.samples):
            print(f"  {name:16} bit-identical")
            continue
        (_, before), (_, after) = (spectra(each.samples[0], each.sample_rate) for each in (audio, result))
        heard = before > before.max() - 80
        print(f"  {name:16} {np.sqrt(np.mean((after[heard] - before[heard]) ** 2)):.2f} dB rms")


def ranges() -> None:
    print("== adaptive loudness to -16 LUFS, swing 12 dB: loudness and loudness range before and after")
    for name, audio in clips():
        before, after = (
            measure_energies(each) for each in (audio, NODES["level.loudness"](audio, swing_db=12))
        )
        lra = [loudness_range_lu(each) for each in (before, after)]
        shown = " -> ".join("none" if each is None else f"{each:.1f} LU" for each in lra)
        print(f"  {name:16} {integrated_lufs(after):7.3f} LUFS   {shown}")


def speeds() -> None:
    print("== speed (times real time, 60 s of stereo music, one channel)")
    rows = [audio.samples[0] for _, audio in clips() if audio.sample_rate == 44100]
    if not rows:
        rows = [0.1 * np.random.default_rng(0).standard_normal(60 * 44100)]
    music = np.resize(np.concatenate(rows), (2, 60 * 44100))
    audio = Audio.from_array(music, 44100)
    for name, function in NODES.items():
        # The first call compiles its loops.
        function(Audio.from_array(music[:, :44100], 44100))
        begin = time.process_time()
        function(audio)
        print(f"  {name:16} {2 * 60 / (time.process_time() - begin):7.0f}")


def anonymous_mb() -> float:
    return int(re.search(r"RssAnon:\s+(\d+)", Path("/proc/self/status").read_text()).group(1)) / 1024


def cancelled_after_ms(function: Callable[..., Audio], audio: Audio, delay_s: float) -> float | None:
    """Cancel a node `delay_s` after its begin; return how long it took to end, None if it had ended."""
    cancel, asked = threading.Event(), []
    timer = threading.Timer(delay_s, lambda: (asked.append(time.perf_counter()), cancel.set()))
    timer.start()
    try:
        function(audio, progress=Progress(cancel=cancel))
    except Cancelled:
        return 1000 * (time.perf_counter() - asked[0])
    finally:
        timer.cancel()
    return None


def hour() -> None:
    print("== an hour of stereo from a file: most anonymous memory, time, and times to a cancel")
    frames = 3600 * 44100
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "hour.npy")
        samples = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(2, frames))
        rng = np.random.default_rng(0)
        for begin in range(0, frames, 1 << 22):
            part = samples[:, begin : begin + (1 << 22)]
            part[:] = 0.3 * rng.uniform(0.1, 1.0) * rng.standard_normal(part.shape, dtype=np.float32)
        audio = Audio(samples, 44100)
        for name, function in NODES.items():
            most = [anonymous_mb()]
            begin = time.perf_counter()
            function(audio, progress=Progress(report=lambda _, most=most: most.append(anonymous_mb())))
            wall = time.perf_counter() - begin
            waits = [cancelled_after_ms(function, audio, share * wall) for share in (0.05, 0.5, 0.75, 0.85)]
            shown = " ".join("-" if wait is None else f"{wait:.0f}" for wait in waits)
            print(f"  {name:16} {max(most):5.0f} MB   {wall:6.1f} s   cancel {shown} ms", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hour", action="store_true", help="also an hour of stereo (3 GB of disk)")
    arguments = parser.parse_args()
    curves()
    if CLIPS.exists():
        treble()
        drift()
        ranges()
    else:
        print(f"The bench's clips are not at {CLIPS}: what needs them is left out.")
    speeds()
    if arguments.hour:
        hour()


if __name__ == "__main__":
    main()
