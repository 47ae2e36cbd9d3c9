"""Output: an audio device that asks for blocks of sound, through miniaudio."""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from nodegraph.editor.listen.ears import Heard

__all__ = ["PERIODS", "PERIOD_S", "Device", "NoDevice", "Opening", "Output", "open_output"]

PERIOD_S = 0.05
"""So much sound is asked for at once: Python may be busy meanwhile (s)."""

PERIODS = 3
"""So many periods lie ready in the device."""

_Block = Callable[[int], Heard]


class NoDevice(Exception):
    """There is no audio device that could be opened."""


@dataclass(frozen=True)
class Device:
    """What plays.

    Parameters
    ----------
    name : str
        Of the system's sound service; "" while none was needed yet.
    available : bool
        Whether anything can be heard.
    why : str
        A sentence for the user why not; "" if it can.
    """

    name: str = ""
    available: bool = True
    why: str = ""


class Output:
    """An open audio device. It is made, started and closed on the window's thread.

    Parameters
    ----------
    sample_rate : int
        In Hz; the system converts to what its hardware wants.
    block : callable
        Given a number of frames, returns them; called on a thread of the device.
    sink : {"default", "null"}
        The system's device, or one that keeps the time and plays nothing.

    Raises
    ------
    NoDevice
        If it cannot be opened.
    """

    def __init__(self, sample_rate: int, block: _Block, sink: Literal["default", "null"]) -> None:
        import miniaudio

        _quiet_alsa()
        self._block = block
        self.sink = sink
        self.running = False
        self.stopped_itself = False
        try:
            self._device: Any = miniaudio.PlaybackDevice(
                output_format=miniaudio.SampleFormat.FLOAT32,
                nchannels=2,
                sample_rate=sample_rate,
                buffersize_msec=round(PERIOD_S * 1000),
                callback_periods=PERIODS,
                backends=[miniaudio.Backend.NULL] if sink == "null" else None,
                app_name="Regroove",
            )
            if sink == "default" and self._device.backend == "Null":
                self._device.close()
                raise NoDevice("no audio device")
        except miniaudio.MiniaudioError as error:
            raise NoDevice(str(error)) from error
        self.name: str = self._device.backend

    def start(self) -> None:
        """Begin to ask for blocks.

        Raises
        ------
        NoDevice
            If the device does not start.
        """
        import miniaudio

        stream = self._stream()
        next(stream)
        self.stopped_itself = False
        self._device.stop_callback = self._noticed
        self.running = True
        try:
            self._device.start(stream)
        except miniaudio.MiniaudioError as error:
            self.running = False
            raise NoDevice(str(error)) from error

    def stop(self) -> None:
        """End asking. Never from the device's own thread."""
        import miniaudio

        self.running = False
        self._device.stop_callback = None
        try:
            self._device.stop()
        except miniaudio.MiniaudioError:
            self.stopped_itself = True

    def close(self) -> None:
        """Give the device back, behind the scenes: one that is lost may take its time."""
        self.running = False
        self._device.stop_callback = None
        threading.Thread(target=self._device.close, name="audio device", daemon=True).start()

    def _stream(self) -> Generator[Heard | bytes, int, None]:
        count = yield b""
        while True:
            # A lost device may ask again while it is closed, and another one plays already.
            count = yield self._block(count) if self.running else np.zeros((count, 2), np.float32)

    def _noticed(self) -> None:
        self.stopped_itself = self.running


Opening = Callable[[int, _Block], Output]
"""How the audible device is opened."""


def open_output(sample_rate: int, block: _Block) -> Output:
    """Open the system's audio device.

    Raises
    ------
    NoDevice
        If there is none.
    """
    return Output(sample_rate, block, "default")


_silence: list[Any] = []


def _quiet_alsa() -> None:
    """Keep ALSA from writing 30 lines to the terminal where there is no sound card."""
    if _silence or not sys.platform.startswith("linux"):
        return
    handler = ctypes.CFUNCTYPE(
        None, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p
    )(lambda *_said: None)
    _silence.append(handler)
    try:
        ctypes.CDLL("libasound.so.2").snd_lib_error_set_handler(handler)
    except (OSError, AttributeError):
        return
