"""Lossy codecs: recordings that LAME has coded, repaired, against the recordings themselves.

Axis letters: T frames, C channels, as the bench has them.
"""

from __future__ import annotations

import io
import statistics
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import soundfile
from scipy import signal

from benchmarks.ours import clips, run_node, samples_of
from benchmarks.table import Row
from nodegraph import Audio
from nodes.dsp.spectrum import cutoff_hz, long_term_spectrum

__all__ = ["rows"]

SECONDS = 6.0
# Where LAME's own filter ends in mono at 44.1 kHz: the middle between −6 and −40 dB of white noise.
FILTER_HZ = {64: 16656, 96: 20128, 128: 20134, 192: 20128}


@dataclass(frozen=True)
class _Coded:
    """A recording, what an MP3 made of it, and that repaired; each of shape (frames, 1)."""

    clean: np.ndarray
    decoded: np.ndarray
    repaired: np.ndarray
    rate: int


def rows() -> Iterator[Row]:
    """Yield the rows of codec repair."""
    sounds = [(samples, rate) for _, samples, rate in clips(seconds=SECONDS) if rate == 44100]
    yield from _cutoffs(sounds)
    for kbps in (64, 96):
        coded = [_coded(samples, rate, kbps) for samples, rate in sounds]
        yield from _nearer(coded, kbps)


def _coded(clean: np.ndarray, rate: int, kbps: int) -> _Coded:
    decoded = _decoded(clean, rate, kbps)
    frames = min(len(clean), len(decoded))
    values, _ = run_node("repair.codec", decoded[:frames], rate)
    return _Coded(clean[:frames], decoded[:frames], samples_of(values["audio"]), rate)


def _decoded(clean: np.ndarray, rate: int, kbps: int) -> np.ndarray:
    """Code a recording and decode it; aligned with it."""
    import lameenc

    encoder = lameenc.Encoder()
    encoder.set_bit_rate(kbps)
    encoder.set_in_sample_rate(rate)
    encoder.set_channels(1)
    encoder.set_quality(2)
    encoder.silence()
    pcm = np.round(np.clip(clean, -1.0, 32767 / 32768) * 32768).astype(np.int16)
    data = bytes(encoder.encode(pcm.tobytes())) + bytes(encoder.flush())
    decoded, _ = soundfile.read(io.BytesIO(data), always_2d=True)
    span = 2 * rate
    match = signal.correlate(decoded[:span, 0], clean[:span, 0], "full", "fft")
    late = max(0, int(np.argmax(match)) - min(span, len(clean)) + 1)
    return np.asarray(decoded[late:])


def _cutoffs(sounds: list[tuple[np.ndarray, int]]) -> Iterator[Row]:
    right, tried = 0, 0
    for samples, rate in sounds:
        for kbps, end_hz in FILTER_HZ.items():
            coded = _decoded(samples, rate, kbps)
            # Where the recording itself has nothing above the filter's end, nothing was cut off.
            above_hz = end_hz + 150.0
            if _level_db(samples, rate, above_hz) < _level_db(coded, rate, above_hz) + 10.0:
                continue
            found = cutoff_hz(*long_term_spectrum(Audio.from_array(coded.T, rate)))
            right += found is not None and abs(found - end_hz) <= 300.0
            tried += 1
    what = f"MP3 of 64 to 192 kbit/s: cut-off found ({right} of {tried})"
    yield Row("repair.codec", what, 100.0 * right / tried, 95.0, unit="%")


def _level_db(samples: np.ndarray, rate: int, begin_hz: float) -> float:
    """Return the level of the kilohertz from a frequency on, in dB of the whole."""
    power = _spectrogram(samples, 2048, 1024).mean(axis=0)
    hz = np.fft.rfftfreq(2048, 1 / rate)
    part = power[(hz >= begin_hz) & (hz < begin_hz + 1000.0)].sum()
    # Below −90 dB, it is what rounding to 16 bits left.
    return max(-90.0, 10.0 * float(np.log10(part / power.sum() + 1e-30)))


def _nearer(coded: list[_Coded], kbps: int) -> Iterator[Row]:
    calmer, own, nearer, harm = [], [], [], []
    for each in coded:
        floor = 1e-4 * float(_spectrogram(each.clean, 1024, 512)[:, 279:372].mean())
        clean, before, after = (
            _flicker(x, each.rate, floor) for x in (each.clean, each.decoded, each.repaired)
        )
        if before > 1.1 * clean:
            calmer.append(100.0 * (1.0 - after / before))
            own.append(100.0 * (1.0 - clean / before))
        nearer.append(_distance_db(each, each.decoded) - _distance_db(each, each.repaired))
        harm.append(_si_sdr_db(each, each.repaired) - _si_sdr_db(each, each.decoded))
    name = f"MP3 of {kbps} kbit/s"
    if kbps == 64:
        what = f"{name}: flicker less (clean: {statistics.fmean(own):.0f} %)"
        yield Row("repair.codec", what, statistics.fmean(calmer), 40.0, unit="%", worst=min(calmer))
    yield Row("repair.codec", f"{name}: LSD 4–16 kHz less", statistics.fmean(nearer), 0.3, worst=min(nearer))
    yield Row("repair.codec", f"{name}: SI-SDR below 16 kHz", min(harm), -0.3)


def _spectrogram(samples: np.ndarray, n_fft: int, hop: int) -> np.ndarray:
    windows = np.lib.stride_tricks.sliding_window_view(samples[:, 0], n_fft)[::hop]
    return np.abs(np.fft.rfft(windows * np.hanning(n_fft + 1)[:-1])) ** 2


def _flicker(samples: np.ndarray, rate: int, floor: float) -> float:
    """Return the variance over time of the log-energy (dB²) in bands of 0.7 kHz from 12 to 16 kHz."""
    power = _spectrogram(samples, 1024, 512)[:, round(12000 * 1024 / rate) :]
    bands = power[:, : 16 * 6].reshape(len(power), 6, 16).mean(axis=2)
    return float(np.var(10 * np.log10(bands + floor), axis=0).mean())


def _distance_db(coded: _Coded, samples: np.ndarray) -> float:
    """Return the log-spectral distance from 4 to 16 kHz, down to 90 dB below the loudest."""
    first, second = (_spectrogram(each, 2048, 512) for each in (coded.clean, samples))
    band = slice(round(4000 * 2048 / coded.rate), round(16000 * 2048 / coded.rate))
    floor = first.max() * 1e-9
    levels = [10 * np.log10(np.maximum(each[:, band], floor)) for each in (first, second)]
    return float(np.sqrt(((levels[0] - levels[1]) ** 2).mean(axis=1)).mean())


def _si_sdr_db(coded: _Coded, samples: np.ndarray) -> float:
    sos = signal.butter(8, 16000, fs=coded.rate, output="sos")
    x, y = (signal.sosfiltfilt(sos, each[:, 0]) for each in (coded.clean, samples))
    target = x * (x @ y) / (x @ x)
    return float(10 * np.log10((target @ target) / ((y - target) @ (y - target))))
