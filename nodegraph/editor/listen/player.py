"""Player: hear a sound, or compare two of them, at one place of the recording.

Positions are in seconds of the whole file, also when a sound is only a passage of it. Without an audio
device a silent one keeps the time, and everything but the sound goes on.
"""

from __future__ import annotations

import math
import time
from collections import deque
from dataclasses import dataclass, replace

import numpy as np

from nodegraph.editor.listen.compare import why_no_difference
from nodegraph.editor.listen.ears import Ears, Heard
from nodegraph.editor.listen.output import (
    PERIOD_S,
    PERIODS,
    Device,
    NoDevice,
    Opening,
    Output,
    open_output,
)
from nodegraph.editor.listen.sound import Sound
from nodegraph.editor.listen.transport import Choice, Mix, Transport
from nodegraph.editor.words import _

__all__ = ["Choice", "Device", "Player"]

Region = tuple[float, float]

# No device is opened faster: a sound of a higher rate is converted (Hz).
_HIGHEST_RATE = 192_000
_FIRST_RATE = 48_000
# A shorter loop is only a buzz (s).
_SHORTEST_LOOP_S = 0.02
# A device that has not asked for so long is lost (s).
_LOST_AFTER_S = 1.0
# A paused device is left running for a while: it starts faster again (s).
_IDLE_S = 2.0


@dataclass(frozen=True)
class _Asked:
    """A block that the device asked for: where its first frame lies, and when that is heard."""

    heard_at: float
    seconds: float
    at: int
    jumps: int


class Player:
    """Hear a sound, or compare two of them. Lives on the window's thread.

    Parameters
    ----------
    opening : callable, optional
        How the audible device is opened; by default the system's one.

    Attributes
    ----------
    underruns : int
        How often the device had to wait for sound: each may be heard as a gap.
    """

    def __init__(self, opening: Opening = open_output) -> None:
        self.underruns = 0
        self.device = Device()
        self._opening = opening
        self._output: Output | None = None
        self._transport = Transport(_FIRST_RATE)
        self._a: Sound | None = None
        self._b: Sound | None = None
        self._gains_db = (0.0, 0.0)
        self._choice: Choice = "a"
        self._loop: Region | None = None
        self._volume_db = 0.0
        self._asked: deque[_Asked] = deque(maxlen=32)
        self._fault = ""
        self._told_fault = ""
        self._seen = (0.0, 0.0, 0)
        self._blocks = 0
        self._rests_since = 0.0

    # --- what is heard ---------------------------------------------------------------------------

    def load(self, a: Sound | None, b: Sound | None = None, gains_db: tuple[float, float] = (0, 0)) -> None:
        """Hear other sounds, at the same position; playback goes on.

        Beyond the end of a preview it goes on in silence, until the whole sound is loaded.

        Parameters
        ----------
        a, b : Sound, optional
            What is heard as A and B.
        gains_db : tuple of float
            Of A and B, for a fair comparison; see `compare.match`.
        """
        self._a, self._b, self._gains_db = a, b, gains_db
        if self.why_not(self._choice):
            self._choice = "a"
        rates = [sound.audio.sample_rate for sound in (a, b) if sound]
        rate = min(max(rates), _HIGHEST_RATE) if rates else self._transport.sample_rate
        if rate != self._transport.sample_rate:
            self._change_rate(rate)
        self._mix_anew()

    def choose(self, choice: Choice) -> str:
        """Hear A, B, or their difference, at the same frame.

        Returns
        -------
        str
            Why that cannot be heard, or "".
        """
        why = self.why_not(choice)
        if not why and choice != self._choice:
            self._choice = choice
            self._mix_anew()
        return why

    def why_not(self, choice: Choice) -> str:
        """Return a sentence why a choice cannot be heard, or ""."""
        if choice == "b" and self._b is None:
            return _("There is nothing to compare with yet: choose a second port.")
        if choice == "difference":
            return why_no_difference(self._a, self._b)
        return ""

    @property
    def choice(self) -> Choice:
        """Which of the two is heard."""
        return self._choice

    @property
    def sounds(self) -> tuple[Sound | None, Sound | None]:
        """What is loaded as A and B."""
        return self._a, self._b

    @property
    def gains_db(self) -> tuple[float, float]:
        """The gains of A and B (dB)."""
        return self._gains_db

    @property
    def remark(self) -> str:
        """What the listener should know of how this is heard; "" mostly."""
        heard = self._b if self._choice == "b" else self._a
        if heard is None or heard.audio.channels <= 2:
            return ""
        return _("{count} channels are mixed down to two for listening only; files keep all of them.").format(
            count=heard.audio.channels
        )

    @property
    def volume_db(self) -> float:
        """How loud all is played (dB, at most 0; −inf is silence)."""
        return self._volume_db

    @volume_db.setter
    def volume_db(self, volume_db: float) -> None:
        self._volume_db = min(0.0, volume_db)
        self._want(volume=_linear(self._volume_db))

    # --- where it is heard -------------------------------------------------------------------------

    def play(self) -> None:
        """Go on from the position; from the beginning where nothing follows it."""
        transport = self._transport
        mix = transport.wanted.mix
        if transport.playing or mix.end <= mix.begin:
            return
        loop, place = transport.wanted.loop, transport.place
        begin, end = loop or (mix.begin, mix.end)
        if not begin <= place < end:
            self._jump(begin)
        self._want(playing=True)
        self._start()

    def pause(self) -> None:
        """Stop, and stay at the position."""
        self._want(playing=False)

    def toggle(self) -> None:
        """Play if paused, pause if playing."""
        if self.playing:
            self.pause()
        else:
            self.play()

    def seek(self, seconds: float) -> None:
        """Go to a position (s); playback goes on from there."""
        self._jump(round(max(0.0, seconds) * self._transport.sample_rate))

    def loop(self, region: Region | None) -> None:
        """Play a passage again and again; None ends that."""
        self._loop = region
        self._want(loop=self._loop_frames())

    @property
    def region(self) -> Region | None:
        """The passage that is looped."""
        return self._loop

    @property
    def playing(self) -> bool:
        """Whether it plays."""
        return self._transport.playing

    @property
    def position_s(self) -> float:
        """Where playback is: what is heard now (s)."""
        transport, now = self._transport, time.monotonic()
        place = transport.place
        if not self.playing:
            return place / transport.sample_rate
        for block in reversed(tuple(self._asked)):
            if block.jumps != transport.wanted.jump[0]:
                break
            place = block.at
            if block.heard_at <= now:
                place += round(min(now - block.heard_at, block.seconds) * transport.sample_rate)
                break
        return place / transport.sample_rate

    # --- the device --------------------------------------------------------------------------------

    def poll(self) -> str:
        """Look after the device; to be called once per frame.

        Returns
        -------
        str
            A sentence for the user if something happened, mostly "".
        """
        output = self._output
        if self._fault != self._told_fault:
            self._told_fault = self._fault
            return self._fault
        if output is None or not output.running:
            return ""
        if self._is_lost(output):
            return self._lose()
        if self.playing or not self._transport.silent:
            self._rests_since = time.monotonic()
        elif time.monotonic() - self._rests_since > _IDLE_S:
            output.stop()
        return ""

    def reconnect(self) -> Device:
        """Look for an audio device again; position and playback are kept.

        Returns
        -------
        Device
            What plays now.
        """
        playing, place = self.playing, self.position_s
        self._let_go()
        self._open()
        self.seek(place)
        if playing:
            self._want(playing=True)
            self._start()
        return self.device

    def close(self) -> None:
        """Give the device back."""
        self._want(playing=False)
        self._let_go()

    # --- inside --------------------------------------------------------------------------------------

    def _want(self, **changes: object) -> None:
        transport = self._transport
        changes = {"playing": transport.playing, **changes}
        transport.wanted = replace(transport.wanted, **changes)  # type: ignore[arg-type]
        if self._output is None or not self._output.running:
            transport.settle()

    def _jump(self, frame: int) -> None:
        self._want(jump=(self._transport.wanted.jump[0] + 1, frame))

    def _mix_anew(self) -> None:
        rate = self._transport.sample_rate
        a, b = (Ears(sound, rate) if sound else None for sound in (self._a, self._b))
        gains = _linear(self._gains_db[0]), _linear(self._gains_db[1])
        self._want(mix=Mix(a, b, gains, self._choice), loop=self._loop_frames())

    def _loop_frames(self) -> tuple[int, int] | None:
        if self._loop is None:
            return None
        rate = self._transport.sample_rate
        begin = round(self._loop[0] * rate)
        return begin, max(round(self._loop[1] * rate), begin + math.ceil(_SHORTEST_LOOP_S * rate))

    def _change_rate(self, rate: int) -> None:
        """Go on with another rate: the device is opened anew."""
        playing, had = self.playing, self._output is not None
        place = round(self.position_s * rate)
        self._let_go()
        self._transport = Transport(rate, place)
        self._want(volume=_linear(self._volume_db))
        if had:
            self._open()
        if playing:
            self._mix_anew()
            self._want(playing=True)
            self._start()

    def _open(self) -> None:
        rate = self._transport.sample_rate
        try:
            self._output = self._opening(rate, self._block)
            self.device = Device(self._output.name)
        except NoDevice:
            self._open_silent(_("No audio device was found: nothing can be heard, everything else works."))

    def _open_silent(self, why: str) -> None:
        self._output = Output(self._transport.sample_rate, self._block, "null")
        self.device = Device("", available=False, why=why)

    def _start(self) -> None:
        if self._output is None:
            self._open()
        if self._output is None or self._output.running:
            return
        self._asked.clear()
        self._rests_since = time.monotonic()
        self._seen = (time.monotonic(), time.monotonic(), self._blocks)
        try:
            self._output.start()
        except NoDevice:
            self._output.close()
            self._open_silent(_("The audio device does not start: nothing can be heard."))
            self._output.start()

    def _let_go(self) -> None:
        if self._output is not None:
            if self._output.running:
                self._output.stop()
            self._output.close()
            self._output = None
        self._transport.settle()

    def _is_lost(self, output: Output) -> bool:
        """Return whether the device has ceased to ask, though this thread was here all the time."""
        now, (since, looked, blocks) = time.monotonic(), self._seen
        if output.stopped_itself:
            return True
        if blocks != self._blocks or now - looked > _LOST_AFTER_S / 2:
            since = now
        self._seen = (since, now, self._blocks)
        return now - since > _LOST_AFTER_S

    def _lose(self) -> str:
        place = self.position_s
        self._want(playing=False)
        if self._output is not None:
            self._output.close()
        self.seek(place)
        why = _("The audio device is gone. Playback stopped at its position; connect a device and try again.")
        self._open_silent(why)
        return why

    def _block(self, count: int) -> Heard:
        """Return the next block: on the device's thread, which no error may reach."""
        transport = self._transport
        try:
            at = transport.place
            block = transport.render(count)
            self._note(at, count / transport.sample_rate)
        except Exception as error:
            self._fault = _("This sound cannot be played: {error}").format(error=error)
            transport.fall_silent()
            block = np.zeros((count, 2), np.float32)
        self._blocks += 1
        return block

    def _note(self, at: int, seconds: float) -> None:
        """Note when a block will be heard: after those that lie ready in the device."""
        now, most = time.monotonic(), PERIODS * PERIOD_S
        heard_at = now
        if self._asked:
            last = self._asked[-1]
            heard_at = min(max(last.heard_at + last.seconds, now), now + most)
            self.underruns += now - last.heard_at - last.seconds > PERIOD_S and self.playing
        self._asked.append(_Asked(heard_at, seconds, at, self._transport.jumps))


def _linear(gain_db: float) -> float:
    return 10.0 ** (gain_db / 20.0) if gain_db > -math.inf else 0.0
