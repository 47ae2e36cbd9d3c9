"""The outputs of a separator: its stems, what is left without the voice, and what is left without any."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nodegraph import Audio, Progress
from nodes.dsp.separation.backend import Backend
from nodes.dsp.separation.separate import separate, silence

__all__ = ["stems_of"]


def stems_of(
    audio: Audio, load: Callable[[], Backend], wanted: Sequence[str], *, model: str, progress: Progress
) -> tuple[Audio, ...]:
    """Take a sound apart and return the outputs of a node, in their order.

    Parameters
    ----------
    audio : Audio
        Any sound; of an empty one nothing is asked.
    load : callable
        Returns the model; its sources are called as the outputs are.
    wanted : sequence of str
        Stems, and where they are wanted "accompaniment" (the sound less the vocals) and "residual" (less
        all stems).
    model : str
        Its name, for the note about stems that it does not have: they are silent.
    progress : Progress
        Told before every segment.
    """
    if audio.frames == 0:
        return tuple(audio for _ in wanted)
    backend = load()
    rest = {"accompaniment": ("vocals",), "residual": backend.sources}
    asked = {name: without for name, without in rest.items() if name in wanted}
    found = separate(audio, backend, rest=asked, progress=progress)
    lacking = [name for name in wanted if name not in found]
    if lacking:
        names = ", ".join(lacking)
        progress.note(f"{model} does not tell these apart: {names}. They are silent.")
    return tuple(found[name] if name in found else silence(audio) for name in wanted)
