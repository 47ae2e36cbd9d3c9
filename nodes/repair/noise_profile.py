"""Learning a recording's noise once, to take it out of several parts of it or to look at it."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from nodegraph import Audio, NoiseProfile, Progress, Range, no_progress, node
from nodes.dsp.noise.profile import find_noise, profile_of

__all__ = ["noise_profile"]


@node(version=1, linked=True, reshapes=True)
def noise_profile(
    audio: Audio,
    *,
    begin_s: Annotated[float, Range(0, 86400)] = 0.0,
    length_s: Annotated[float, Range(0, 600)] = 0.0,
    progress: Progress = no_progress,
) -> NoiseProfile:
    """Learn what the noise of a recording sounds like, from a passage where nothing else sounds.

    Parameters
    ----------
    audio : Audio
        The recording, with its lead-in or a pause.
    begin_s : float, s
        Where the passage begins: set it to where only the noise is heard.
    length_s : float, s
        How long the passage is: longer makes the profile steadier, as long as no music is in it. At
        0 s the passage is found without your help: the first one if it is noise alone, else the
        quietest that is.
    progress : Progress
        Told as the recording is looked through, and where the noise was found.

    Returns
    -------
    profile : NoiseProfile
        The spectrum of the noise, channel by channel.

    Raises
    ------
    AudioError
        If the given passage does not lie in the recording.

    References
    ----------
    P. D. Welch, The use of fast Fourier transform for the estimation of power spectra, IEEE Trans.
    Audio Electroacoust. 15(2), 1967.
    """
    if length_s > 0.0:
        return profile_of(audio, begin_s, begin_s + length_s, progress=progress)
    found = find_noise(audio, progress=progress)
    if found is None:
        progress.note("Nowhere does noise sound alone: the profile is empty, and removes nothing.")
        return NoiseProfile(audio.sample_rate, np.zeros((audio.channels, 2)))
    progress.note(f"The noise was learned from {found[0]:.2f} s to {found[1]:.2f} s.")
    return profile_of(audio, *found, progress=progress)
