"""Decoding by the ffmpeg program, for what libsndfile does not read: m4a, wma, aiff-c and a hundred more.

ffmpeg runs as a process of its own and writes an AU stream, the plainest of formats with a header,
into a pipe. It may open this one file and nothing else: a playlist that names other files or
servers is refused.
"""

from __future__ import annotations

import queue
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

from nodegraph import AudioFileError, Progress, Samples, no_progress
from nodes.dsp.file.sound_file import SoundStream

__all__ = ["ffmpeg_program", "how_to_install", "open_by_ffmpeg"]

_CHUNK_BYTES = 1 << 17
# Chunks that may wait for the reader, so that ffmpeg cannot fill the memory.
_WAITING_CHUNKS = 8
# A cancel is noticed within this time while ffmpeg is silent (s).
_POLL_S = 0.05
# Magic, header bytes, data bytes, encoding, rate, channels (Sun/NeXT .au); 6 is 32-bit float.
_AU_HEADER = struct.Struct(">4s5I")
_AU_FLOAT = 6


def ffmpeg_program() -> str | None:
    """Return the path of the ffmpeg program, or None where it is not installed."""
    return shutil.which("ffmpeg")


def how_to_install() -> str:
    """Return the command that installs ffmpeg on this system."""
    if sys.platform == "darwin":
        return "brew install ffmpeg"
    return "winget install ffmpeg" if sys.platform == "win32" else "sudo apt install ffmpeg"


@contextmanager
def open_by_ffmpeg(program: str, path: Path, progress: Progress = no_progress) -> Iterator[SoundStream]:
    """Decode the first sound track of any file that ffmpeg reads.

    Parameters
    ----------
    program : str
        The ffmpeg program.
    path : Path
        The file.
    progress : Progress
        Asked for a cancel while ffmpeg works.

    Raises
    ------
    AudioFileError
        If ffmpeg finds no sound in it.
    Cancelled
        If the user cancelled; ffmpeg is stopped.
    """
    command = [program, "-nostdin", "-v", "error", "-protocol_whitelist", "file", "-i", f"file:{path}"]
    command += ["-map", "0:a:0", "-c:a", "pcm_f32be", "-f", "au", "-protocol_whitelist", "pipe", "pipe:1"]
    with tempfile.TemporaryFile() as errors:
        # ffmpeg does not read: its input is closed, so that it never waits for a key.
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors)
        pieces = _Pieces(process, progress)
        try:
            yield _stream(pieces, process, errors, path.name)
        finally:
            process.kill()
            pieces.close()
            process.wait()


class _Pieces:
    """What a process writes, read by a thread so that waiting for it can be cancelled."""

    def __init__(self, process: subprocess.Popen[bytes], progress: Progress) -> None:
        assert process.stdout is not None
        self._pipe: IO[bytes] = process.stdout
        self._progress = progress
        self._queue: queue.Queue[bytes] = queue.Queue(_WAITING_CHUNKS)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._fill, name="regroove-ffmpeg", daemon=True)
        self._thread.start()

    def _fill(self) -> None:
        while not self._closed.is_set():
            data = self._pipe.read(_CHUNK_BYTES)
            while not self._closed.is_set():
                try:
                    self._queue.put(data, timeout=_POLL_S)
                    break
                except queue.Full:
                    continue
            if not data:
                return

    def next(self) -> bytes:
        """Return the next piece, empty at the end."""
        while True:
            self._progress.check()
            try:
                return self._queue.get(timeout=_POLL_S)
            except queue.Empty:
                continue

    def close(self) -> None:
        """End the thread; the process must have been stopped."""
        self._closed.set()
        self._thread.join()
        self._pipe.close()


def _stream(pieces: _Pieces, process: subprocess.Popen[bytes], errors: IO[bytes], name: str) -> SoundStream:
    data = pieces.next()
    if len(data) < _AU_HEADER.size:
        process.wait()
        raise AudioFileError(f"{name} cannot be read. ffmpeg says: {_first_line(errors)}")
    magic, offset, _, encoding, rate, channels = _AU_HEADER.unpack_from(data)
    if magic != b".snd" or encoding != _AU_FLOAT or not channels or not rate:
        raise AudioFileError(f"{name} cannot be read: ffmpeg gave no sound.")
    stream = SoundStream(name, rate, channels, None, 0, iter(()))
    stream.chunks = _frames(data[offset:], pieces, process, errors, stream)
    return stream


def _frames(
    data: bytes, pieces: _Pieces, process: subprocess.Popen[bytes], errors: IO[bytes], stream: SoundStream
) -> Iterator[Samples]:
    width = 4 * stream.channels
    total = 0
    while True:
        whole = len(data) // width * width
        values = np.frombuffer(data[:whole], ">f4").astype(np.float32)
        yield values.reshape(-1, stream.channels)
        total += whole
        piece = pieces.next()
        if not piece:
            break
        data = data[whole:] + piece
    if process.wait() != 0 or total == 0:
        message = _first_line(errors)
        if total == 0:
            raise AudioFileError(f"{stream.name} holds no sound that ffmpeg can decode: {message}")
        stream.notes.append(f"{stream.name} is damaged; what could be decoded was loaded. ffmpeg: {message}")


def _first_line(errors: IO[bytes]) -> str:
    errors.seek(0)
    lines = errors.read(4096).decode("utf-8", "replace").strip().splitlines()
    text = lines[-1].strip() if lines else "no reason given"
    return text if text.endswith(".") else text + "."
