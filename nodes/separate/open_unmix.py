"""Open-Unmix: a song taken apart into voice, drums, bass and the rest by learned spectrograms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple

from nodegraph import Audio, Progress, Range, Requirement, no_progress, node, weights_folder
from nodes.dsp.separation.backend import Backend
from nodes.dsp.separation.stems import stems_of

__all__ = ["OpenUnmixStems", "open_unmix"]


class OpenUnmixStems(NamedTuple):
    """The parts of a song; the stems and the residual add up to it."""

    vocals: Audio
    drums: Audio
    bass: Audio
    other: Audio
    accompaniment: Audio
    residual: Audio


def _requires(settings: Mapping[str, object]) -> Requirement:
    return Requirement(weights=(str(settings["model"]),))


@node(version=1, linked=True, resource="torch", needs=("torch", "openunmix"), requires=_requires)
def open_unmix(
    audio: Audio,
    *,
    model: Literal["umxhq", "umx", "umxl", "umxse"] = "umxhq",
    niter: Annotated[int, Range(0, 5, unit="")] = 1,
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
    progress: Progress = no_progress,
) -> OpenUnmixStems:
    """Take a song apart into voice, drums, bass and the rest, several times faster than it plays.

    The models hear stereo at 44.1 kHz (umxse: each channel by itself at 16 kHz); any rate and number of
    channels is converted on the way there and back. What they do not hear is in the residual, so that
    nothing is lost.

    Parameters
    ----------
    audio : Audio
        A song. Channels are heard in pairs, one alone on both sides.
    model : {"umxhq", "umx", "umxl", "umxse"}
        "umxhq" is for uncompressed songs, "umx" for such as were once AAC; "umxl" learned from far more
        songs and is the best, but is licensed for non-commercial use only (CC BY-NC-SA 4.0). "umxse"
        takes speech out of noise: the speech is at vocals, the noise at other.
    niter : int
        Rounds in which the stems are fitted to each other and to where they stand in the stereo image:
        more leaves less of one in another and sounds more artificial. 0 is quickest.
    device : {"auto", "cpu", "cuda", "mps"}
        What computes: "auto" takes a graphics processor where there is one, "cuda" is NVIDIA's and "mps"
        Apple's.
    progress : Progress
        Told before every block of half a minute.

    Returns
    -------
    vocals : Audio
        Singing, or the speech. Same channels, frames and rate as the song, as are all outputs.
    drums : Audio
        Drums and other percussion; from umxse silent.
    bass : Audio
        The bass; from umxse silent.
    other : Audio
        What is none of the other stems, or the noise.
    accompaniment : Audio
        The song less the vocals.
    residual : Audio
        The song less all stems.

    Raises
    ------
    WeightsError
        If a file of the model is missing, damaged, or not what it should be.
    ParameterError
        If the device is not there or too small.
    AudioError
        If the model's result is not finite.
    Cancelled
        If the user cancelled: felt between the networks of a block, and after its filter.

    References
    ----------
    F.-R. Stöter, S. Uhlich, A. Liutkus, Y. Mitsufuji, "Open-Unmix: a reference implementation for music
    source separation", Journal of Open Source Software 4(41), 2019.
    S. Uhlich, Y. Mitsufuji, "Open-Unmix for speech enhancement (UMX SE)", Zenodo, 2020.
    """

    def load() -> Backend:
        from nodes.separate._open_unmix import OpenUnmixBackend, load_spectrograms

        loaded = load_spectrograms(model, weights_folder(model))
        return OpenUnmixBackend(loaded, niter=niter, device=device, check=progress.check)

    if model == "umxl":
        progress.note("umxl may be used for non-commercial purposes only (CC BY-NC-SA 4.0).")
    return OpenUnmixStems(*stems_of(audio, load, OpenUnmixStems._fields, model=model, progress=progress))
