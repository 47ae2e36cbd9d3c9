"""Demucs: a song taken apart into voice, drums, bass and other instruments by a learned model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple

from nodegraph import Audio, Progress, Range, Requirement, no_progress, node, weights_folder
from nodes.dsp.separation.backend import Backend
from nodes.dsp.separation.stems import stems_of

__all__ = ["DemucsStems", "demucs"]

_Model = Literal["htdemucs", "htdemucs_ft", "htdemucs_6s", "hdemucs_mmi", "mdx", "mdx_extra"]


class DemucsStems(NamedTuple):
    """The parts of a song; the stems and the residual add up to it."""

    vocals: Audio
    drums: Audio
    bass: Audio
    other: Audio
    guitar: Audio
    piano: Audio
    accompaniment: Audio
    residual: Audio


def _requires(settings: Mapping[str, object]) -> Requirement:
    return Requirement(weights=(str(settings["model"]),))


@node(version=1, linked=True, resource="torch", needs=("torch", "demucs"), requires=_requires)
def demucs(
    audio: Audio,
    *,
    model: _Model = "htdemucs",
    shifts: Annotated[int, Range(0, 20, unit="")] = 0,
    overlap: Annotated[float, Range(0, 0.9, unit="")] = 0.25,
    segment_s: Annotated[float | None, Range(1, 60)] = None,
    seed: Annotated[int, Range(0, 2**31 - 1, unit="")] = 0,
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
    precision: Literal["auto", "full"] = "auto",
    progress: Progress = no_progress,
) -> DemucsStems:
    """Take a song apart into voice, drums, bass and other instruments.

    The models hear stereo at 44.1 kHz; any rate and number of channels is converted on the way there and
    back. What they do not hear, such as tones above 22 kHz, is in the residual, so that nothing is lost.
    Their files are fetched once, by the command that is shown; their author provides them for research.

    Parameters
    ----------
    audio : Audio
        A song. Channels are heard in pairs, one alone on both sides.
    model : {"htdemucs", "htdemucs_ft", "htdemucs_6s", "hdemucs_mmi", "mdx", "mdx_extra"}
        "htdemucs" is good and takes about as long as the song on a fast processor; "htdemucs_ft" is four
        such models, each the best at one stem, four times as slow; "htdemucs_6s" also has guitar, and a
        weak piano. "hdemucs_mmi", "mdx" and "mdx_extra" are older models: the first is strong in the
        bass, the others are four models each.
    shifts : int
        How many times the song is taken apart anew, each time begun at another point; the mean of all
        rings and flutters less. Each takes as long as the whole: 0 and 1 take it apart once.
    overlap : float
        How much of a segment the next one hears again: more hides changes from one to the next better,
        and takes longer.
    segment_s : float, s
        How much is heard at a time: less needs less memory, and hears less of what is around. By default
        as much as the model was trained with.
    seed : int
        Chooses the points of `shifts`. The same number gives the same sound.
    device : {"auto", "cpu", "cuda", "mps"}
        What computes: "auto" takes a graphics processor where there is one, "cuda" is NVIDIA's and "mps"
        Apple's.
    precision : {"auto", "full"}
        "auto" computes in half precision on "cuda", which is faster and differs by less than can be
        heard; "full" never does.
    progress : Progress
        Told before every segment.

    Returns
    -------
    vocals : Audio
        Singing and speech. Same channels, frames and rate as the song, as are all outputs.
    drums : Audio
        Drums and other percussion.
    bass : Audio
        The bass.
    other : Audio
        What is none of the other stems.
    guitar : Audio
        Guitars: only from htdemucs_6s, else silent.
    piano : Audio
        Piano: only from htdemucs_6s, else silent.
    accompaniment : Audio
        The song less the vocals.
    residual : Audio
        The song less all stems: what the model put into none, or heard twice.

    Raises
    ------
    WeightsError
        If a file of the model is missing, damaged, or not what it should be.
    ParameterError
        If the segment is longer than the model takes, or the device is not there or too small.
    AudioError
        If the model's result is not finite.
    Cancelled
        If the user cancelled: within one segment.

    References
    ----------
    S. Rouard, F. Massa, A. Défossez, "Hybrid transformers for music source separation", ICASSP 2023.
    A. Défossez, "Hybrid spectrogram and waveform source separation", ISMIR 2021 workshop on MDX.
    """

    def load() -> Backend:
        from nodes.separate._demucs import DemucsBackend, DemucsSettings, load_bag

        settings = DemucsSettings(shifts, seed, overlap, segment_s, device, precision)
        return DemucsBackend(load_bag(model, weights_folder(model)), settings)

    return DemucsStems(*stems_of(audio, load, DemucsStems._fields, model=model, progress=progress))
