"""What time and bad machines do to a recording, in known amounts: the demo's damage.

The order is that of a transfer: the record turns off centre (wow), was cut too loud (clipping),
the amplifier adds hum and hiss, the groove crackle and clicks; what exceeds full scale is lost in
the converter.

Axis letters: C channels, T frames.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nodegraph import Progress, Samples, new_samples, no_progress

__all__ = ["Damage", "damaged"]

_OFF_DBFS = -120.0
_TURN_HZ = 100 / 3 / 60  # a long-playing record turns 33⅓ times a minute
_MAINS_HZ = 50.0
# Amplitudes of the mains' harmonics 1, 2, 3, 5 and 7: a transformer and a rectifier.
_HUM = ((1, 1.0), (2, 0.5), (3, 0.4), (5, 0.15), (7, 0.08))
_TAPS = 16  # half the length of the interpolating sinc (samples)
# Part of what a seed means: never change it.
_BLOCK_FRAMES = 1 << 16


@dataclass(frozen=True)
class _Ticks:
    """Short bursts: their amplitudes spread evenly between two on a logarithmic scale, their decay."""

    softest: float
    loudest: float
    decay_s: float
    stream: int  # of the seed, so that turning one kind up leaves the others as they are


_CLICKS = _Ticks(0.15, 0.9, 4e-4, stream=3)
_CRACKLE = _Ticks(0.008, 0.06, 6e-5, stream=2)


@dataclass(frozen=True)
class Damage:
    """How much of what; see `nodes.source.demo.demo`."""

    clicks_per_s: float
    crackle_per_s: float
    hiss_dbfs: float
    hum_dbfs: float
    wow_percent: float
    clipping_db: float


def damaged(
    clean: Samples, sample_rate: int, damage: Damage, seed: int, progress: Progress = no_progress
) -> Samples:
    """Return a damaged copy, within full scale, of shape (channels, frames)."""
    channels, frames = clean.shape
    result = new_samples(channels, frames)
    peak = _peak(clean, progress)
    for number, begin in enumerate(range(0, frames, _BLOCK_FRAMES)):
        end = min(frames, begin + _BLOCK_FRAMES)
        part = _swayed(clean, begin, end, sample_rate, damage.wow_percent)
        if damage.clipping_db > 0:
            limit = peak * 10 ** (-damage.clipping_db / 20)
            np.clip(part, -limit, limit, out=part)
        part += _hum(begin, end, sample_rate, damage.hum_dbfs)
        part += _hiss(part.shape, damage.hiss_dbfs, np.random.Generator(np.random.PCG64([seed, 1, number])))
        result[:, begin:end] = part
        progress(end / frames)
    seconds = frames / sample_rate
    for ticks, per_s in ((_CRACKLE, damage.crackle_per_s), (_CLICKS, damage.clicks_per_s)):
        generator = np.random.Generator(np.random.PCG64([seed, ticks.stream]))
        for number in range(round(per_s * seconds)):
            if number % 64 == 0:
                progress.check()
            _add_tick(result, ticks, sample_rate, generator)
    for begin in range(0, frames, _BLOCK_FRAMES):
        progress.check()
        own = result[:, begin : begin + _BLOCK_FRAMES]
        np.clip(own, -1.0, 1.0, out=own)
    return result


def _peak(samples: Samples, progress: Progress) -> float:
    peak = 0.0
    for begin in range(0, samples.shape[1], _BLOCK_FRAMES):
        progress.check()
        peak = max(peak, float(np.abs(samples[:, begin : begin + _BLOCK_FRAMES]).max()))
    return peak


def _swayed(
    samples: Samples, begin: int, end: int, sample_rate: int, wow_percent: float
) -> npt.NDArray[np.float64]:
    """Return a stretch, read at a speed that sways once a turn."""
    if wow_percent == 0:
        return samples[:, begin:end].astype(np.float64)
    # Speed 1 + a·cos(ωt) is the place t + (a/ω)·sin(ωt).
    turn = 2 * math.pi * _TURN_HZ / sample_rate
    frame = np.arange(begin, end, dtype=np.float64)
    place = frame + wow_percent / 100 / turn * np.sin(turn * frame)
    whole = np.floor(place).astype(np.int64)
    share = place - whole
    result = np.zeros((samples.shape[0], end - begin))
    for tap in range(1 - _TAPS, _TAPS + 1):
        distance = share - tap
        weight = np.sinc(distance) * (0.5 + 0.5 * np.cos(np.pi * distance / _TAPS))
        index = whole + tap
        inside = (index >= 0) & (index < samples.shape[1])
        result += np.where(inside, weight, 0.0) * samples[:, np.clip(index, 0, samples.shape[1] - 1)]
    return result


def _hum(begin: int, end: int, sample_rate: int, level_dbfs: float) -> npt.NDArray[np.float64]:
    if level_dbfs <= _OFF_DBFS:
        return np.zeros(end - begin)
    time_s = np.arange(begin, end) / sample_rate
    rms = math.sqrt(sum(gain**2 for _, gain in _HUM) / 2)
    waves = (gain * np.sin(2 * np.pi * k * _MAINS_HZ * time_s + k) for k, gain in _HUM)
    total: npt.NDArray[np.float64] = sum(waves, np.zeros(end - begin))
    return total * (10 ** (level_dbfs / 20) / rms)


def _hiss(
    shape: tuple[int, ...], level_dbfs: float, generator: np.random.Generator
) -> npt.NDArray[np.float64]:
    if level_dbfs <= _OFF_DBFS:
        return np.zeros(shape)
    white = generator.standard_normal((shape[0], shape[1] + 1))
    # A little brighter than white, as tape is; √(1 + 0.4²) keeps the level.
    return (white[:, 1:] - 0.4 * white[:, :-1]) * (10 ** (level_dbfs / 20) / math.sqrt(1.16))


def _add_tick(samples: Samples, ticks: _Ticks, sample_rate: int, generator: np.random.Generator) -> None:
    """Add one burst in place: a jump, then a swing that dies away, stronger on one side."""
    channels, frames = samples.shape
    begin = int(generator.integers(frames))
    amplitude = math.exp(generator.uniform(math.log(ticks.softest), math.log(ticks.loudest)))
    amplitude *= generator.choice((-1.0, 1.0))
    decay = max(0.5, ticks.decay_s * sample_rate * generator.uniform(0.5, 1.5))
    swing_hz = generator.uniform(800, min(4000, 0.4 * sample_rate))
    balance = generator.uniform(0.2, 1.0, size=2)
    frame = np.arange(min(frames - begin, math.ceil(6 * decay)))
    burst = amplitude * np.exp(-frame / decay) * np.cos(2 * np.pi * swing_hz / sample_rate * frame)
    for channel in range(channels):
        share = balance[channel] / balance.max() if channels == 2 else 1.0
        samples[channel, begin : begin + burst.size] += (share * burst).astype(np.float32)
