"""Normalise: one gain for the whole recording, so that its highest peak has a given level."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt

from nodegraph import Audio, Progress, Range, Samples, no_progress, node
from nodes.dsp.overlap_add import Block, cut_blocks, map_audio
from nodes.dsp.true_peak import true_peaks

__all__ = ["normalize"]

# A recording whose peak is lower is silent (full scale 1.0): −140 dBFS is below the last bit of 24.
_SILENCE = 1e-7
# Of the time that the node takes, measuring is about this share.
_MEASURING = 0.7


@node(version=1, linked=True)
def normalize(
    audio: Audio,
    *,
    peak_dbfs: Annotated[float, Range(-60, 0)] = -1.0,
    measured: Literal["true_peak", "sample_peak"] = "true_peak",
    progress: Progress = no_progress,
) -> Audio:
    """Turn the whole recording up or down so that its highest peak has a given level.

    Every channel gets the same gain from begin to end, so the balance between them stays. Silence
    stays silence.

    Parameters
    ----------
    audio : Audio
        Any sound.
    peak_dbfs : float, dBFS
        The level of the highest peak that comes out: more is louder and leaves less room.
    measured : {"true_peak", "sample_peak"}
        What counts as the peak: the wave that a converter will play between the samples, or only the
        samples themselves, which comes out louder by up to 3 dB and may clip in a player.
    progress : Progress
        Told after every block.

    Returns
    -------
    audio : Audio
        Same channels, frames and rate.

    References
    ----------
    ITU-R BS.1770-5, 2023, Annex 2 (true peak).
    """
    measure = {"true_peak": true_peaks, "sample_peak": _sample_peaks}[measured]
    peak = float(measure(audio.samples, progress=progress.part(0.0, _MEASURING)).max())
    if peak < _SILENCE:
        progress.note("This sound is silent: it was left as it is.")
        return audio
    gain_db = peak_dbfs - 20.0 * float(np.log10(peak))
    name = measured.replace("_", " ")
    progress.note(f"Measured a {name} of {peak_dbfs - gain_db:.1f} dB: changed by {gain_db:+.1f} dB.")
    factor = np.float32(10.0 ** (gain_db / 20.0))

    def amplify(shown: Samples, block: Block) -> Samples:
        return shown * factor

    return map_audio(audio, amplify, progress=progress.part(_MEASURING, 1.0))


def _sample_peaks(samples: Samples, *, progress: Progress = no_progress) -> npt.NDArray[np.float64]:
    highest = np.zeros(samples.shape[0])
    for block in cut_blocks(samples.shape[1], samples.shape[0]):
        part = samples[:, block.begin : block.end]
        highest = np.maximum(highest, np.maximum(part.max(axis=1), -part.min(axis=1)))
        progress(block.end / samples.shape[1])
    return highest
