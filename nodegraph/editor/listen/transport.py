"""Transport: where playback is and what it gives to the device, block by block. No device here.

There is one play cursor, in frames of the device, and all that can be heard is read at it. What is
heard changes by a fade of 5 ms between two voices that both run on in time: a switch from A to B, other
sounds, a pause, a seek and the seam of a loop are all the same act. So none of them clicks, and a switch
moves nothing.

Two versions of one recording are alike at the same place, so their fade keeps the sum of both gains at
one: where A and B are the same, nothing is heard at all. Two places of a recording are not alike: there
the fade keeps the power.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from nodegraph.editor.listen.ears import Ears, Heard

__all__ = ["FADE_S", "Choice", "Mix", "Transport", "Wanted"]

Choice = Literal["a", "b", "difference"]
"""What of two sounds is heard."""

FADE_S = 0.005
"""Length of every fade (s)."""


@dataclass(frozen=True, eq=False)
class Mix:
    """What is heard: A, B, or A − B.

    Parameters
    ----------
    a, b : Ears, optional
        The two sounds.
    gains : tuple of float
        Of A and of B, linear. The difference is that of the samples as they are.
    choice : {"a", "b", "difference"}
        Which of them.
    """

    a: Ears | None = None
    b: Ears | None = None
    gains: tuple[float, float] = (1.0, 1.0)
    choice: Choice = "a"

    @property
    def unfinished(self) -> bool:
        """Whether more may come after the end: a passage was made first."""
        return any(each.sound.preview for each in (self.a, self.b) if each)

    @property
    def begin(self) -> int:
        """The first frame of either."""
        return min((each.begin for each in (self.a, self.b) if each), default=0)

    @property
    def end(self) -> int:
        """The frame after the last of either."""
        return max((each.end for each in (self.a, self.b) if each), default=0)

    def read(self, begin: int, count: int) -> Heard:
        """Return `count` frames from `begin` on."""
        if self.choice == "difference" and self.a and self.b:
            return self.a.read(begin, count) - self.b.read(begin, count)
        heard, gain = (self.b, self.gains[1]) if self.choice == "b" else (self.a, self.gains[0])
        if heard is None:
            return np.zeros((count, 2), np.float32)
        return heard.read(begin, count) * np.float32(gain)


@dataclass(frozen=True)
class Wanted:
    """What the listener wants. A new value replaces the old one as a whole, from any thread.

    Parameters
    ----------
    mix : Mix
        What to hear.
    playing : bool
        Whether.
    jump : tuple of int
        How many jumps there were so far, and where the last one went.
    loop : tuple of int, optional
        First frame, and the frame after the last.
    volume : float
        Linear.
    """

    mix: Mix = Mix()
    playing: bool = False
    jump: tuple[int, int] = (0, 0)
    loop: tuple[int, int] | None = None
    volume: float = 1.0

    @property
    def round(self) -> tuple[int, int] | None:
        """The loop, as far as there is sound in it."""
        if self.loop is None or self.loop[0] >= self.mix.end:
            return None
        return self.loop[0], min(self.loop[1], self.mix.end)


@dataclass(frozen=True)
class _Voice:
    """What sounds: `mix` from frame `at` on; None is silence."""

    mix: Mix | None
    at: int


@dataclass
class _Fade:
    leaving: _Voice
    down: npt.NDArray[np.float32]
    up: npt.NDArray[np.float32]
    done: int = 0

    @property
    def left(self) -> int:
        return self.down.size - self.done


class Transport:
    """The play cursor, and what is rendered at it.

    Parameters
    ----------
    sample_rate : int
        Of the device (Hz).
    at : int
        Where the cursor stands at first (frames).
    """

    def __init__(self, sample_rate: int, at: int = 0) -> None:
        self.sample_rate = sample_rate
        self.wanted = Wanted()
        self.at = at
        self._ended: Wanted | None = None
        self._playing = False
        self._mix = self.wanted.mix
        self._volume = 1.0
        self._fade: _Fade | None = None
        self._jumps = 0
        self._fade_frames = max(1, round(FADE_S * sample_rate))

    # --- for whoever commands ------------------------------------------------------------------

    @property
    def playing(self) -> bool:
        """Whether sound is wanted and its end has not come."""
        return self.wanted.playing and self.wanted is not self._ended

    @property
    def place(self) -> int:
        """Where the cursor is, or goes with the next block (frames)."""
        count, frame = self.wanted.jump
        return self.at if count == self._jumps else frame

    @property
    def jumps(self) -> int:
        """How many of the wanted jumps were made."""
        return self._jumps

    @property
    def silent(self) -> bool:
        """Whether nothing sounds any more: the fade of a pause has ended."""
        return not self._playing and self._fade is None

    def settle(self) -> None:
        """Make the wanted jump at once: while no device asks for blocks."""
        self.at, self._jumps = self.place, self.wanted.jump[0]
        self._mix, self._playing, self._fade = self.wanted.mix, False, None

    # --- for the device ------------------------------------------------------------------------

    def render(self, count: int) -> Heard:
        """Return the next `count` frames and move the cursor."""
        block = np.zeros((count, 2), np.float32)
        done = 0
        while done < count:
            wanted = self.wanted
            if self._fade is None:
                self._follow(wanted)
            length = min(count - done, self._until_next(wanted))
            self._write(block[done : done + length])
            done += length
        return self._with_volume(block, self.wanted.volume)

    def fall_silent(self) -> None:
        """Forget what sounds, after an error: the next block begins anew."""
        self._playing, self._fade = False, None

    def _follow(self, wanted: Wanted) -> None:
        """Begin what the listener wants, or what the cursor's place brings."""
        before = self._voice()
        jumped = wanted.jump[0] != self._jumps
        if jumped:
            self._jumps, self.at = wanted.jump
        self._mix = wanted.mix
        self._playing = wanted.playing and wanted is not self._ended
        loop = wanted.round
        # A fade that was going on may have carried the cursor a little beyond the loop's end.
        if self._playing and loop and 0 <= self.at - loop[1] <= self._fade_frames:
            self.at, jumped = loop[0] + (self.at - loop[1]) % (loop[1] - loop[0]), True
        elif self._playing and self.at >= wanted.mix.end and not wanted.mix.unfinished:
            self._ended, self._playing = wanted, False
        after = self._voice()
        if before != after:
            self._begin_fade(before, jumped or before.mix is None or after.mix is None)

    def _voice(self) -> _Voice:
        return _Voice(self._mix, self.at) if self._playing else _Voice(None, 0)

    def _begin_fade(self, leaving: _Voice, unlike: bool) -> None:
        angle = (np.arange(self._fade_frames) + 0.5) / self._fade_frames * (math.pi / 2)
        up, down = np.sin(angle), np.cos(angle)
        if not unlike:
            up, down = up**2, down**2
        self._fade = _Fade(leaving, down.astype(np.float32), up.astype(np.float32))

    def _until_next(self, wanted: Wanted) -> int:
        """Return how many frames can be written in one go, at least one."""
        if self._fade is not None:
            return self._fade.left
        if not self._playing:
            return 1 << 30
        ends = (wanted.mix.end, wanted.round[1] if wanted.round else 0)
        return min((end - self.at for end in ends if end > self.at), default=1 << 30)

    def _write(self, block: Heard) -> None:
        count = len(block)
        if self._playing:
            block += self._mix.read(self.at, count)
            self.at += count
        fade = self._fade
        if fade is None:
            return
        span = slice(fade.done, fade.done + count)
        block *= fade.up[span, None]
        if fade.leaving.mix is not None:
            block += fade.leaving.mix.read(fade.leaving.at, count) * fade.down[span, None]
        fade.leaving = replace(fade.leaving, at=fade.leaving.at + count)
        fade.done += count
        if fade.left == 0:
            self._fade = None

    def _with_volume(self, block: Heard, volume: float) -> Heard:
        if volume != self._volume:
            block *= np.linspace(self._volume, volume, len(block), dtype=np.float32)[:, None]
            self._volume = volume
        elif volume != 1.0:
            block *= np.float32(volume)
        return np.clip(block, -1.0, 1.0, out=block)
