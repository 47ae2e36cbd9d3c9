"""Sound: what an output port gives to hear."""

from __future__ import annotations

from dataclasses import dataclass

from nodegraph.audio import Audio

__all__ = ["Sound"]


@dataclass(frozen=True)
class Sound:
    """What an output port gives to hear.

    Parameters
    ----------
    audio : Audio
        The samples, perhaps memory-mapped.
    key : str
        The same for the same samples, also in another session: pictures are kept under it.
    begin_s : float
        Where its first frame lies in the whole file (s); not 0 for the preview of a passage.
    preview : bool
        Only a passage, made quickly; the whole file is still being made.
    """

    audio: Audio
    key: str
    begin_s: float = 0.0
    preview: bool = False

    @property
    def end_s(self) -> float:
        """Where it ends in the whole file (s)."""
        return self.begin_s + self.audio.seconds
