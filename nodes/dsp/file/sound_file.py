"""Sound files by libsndfile: reading forward in chunks, and writing without ever losing a file.

libsndfile's own word on a file is not enough for a restorer: a header may promise gigabytes, an MP3
without an Info frame is cut at a guess, a full disk shows as a short count. This is where such
things are dealt with, so that a caller meets a sound or one clear sentence.

Axis letters: C channels, T frames.
"""

from __future__ import annotations

import io
import os
import re
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nodegraph import AudioFileError, OutputError, Progress, Samples, no_progress
from nodes.dsp.file.mpeg import first_frame, with_info, written_by_lame

__all__ = ["SoundStream", "UnknownFormatError", "checked", "new_file", "open_sound", "write_sound"]

# Values (frames × channels) in one chunk: 0.1 ms of reading, 20 ms of the slowest encoder.
_CHUNK_VALUES = 1 << 15
# Rates in which sound is recorded (Hz). A header beyond them is damaged, and would make every later
# node reserve absurd amounts of memory.
_RATES_HZ = (1000, 768_000)
# A promised length is believed where the file has at least a byte for so many of the result's.
_BELIEVED_EXPANSION = 16
_UNKNOWN_FORMAT = 1  # libsndfile's SF_ERR_UNRECOGNISED_FORMAT
# What libsndfile logs of a chunk that is longer than the file: WAV, AIFF and AU; then RF64.
_SHORT_CHUNK = re.compile(r"^ *(?:data|SSND|Data Size) *: (\d+) \(should be (\d+)\)", re.MULTILINE)
_SHORT_RF64 = re.compile(r"frame count (\d+) does not match value from 'ds64' chunk of (\d+)")
# Sizes that streaming writers leave because they cannot know: no promise at all (bytes).
_NO_PROMISE = 0x7FFF_0000


class UnknownFormatError(AudioFileError):
    """libsndfile does not know the format of this file; another decoder may."""


@dataclass
class SoundStream:
    """A sound that is being decoded.

    Parameters
    ----------
    name : str
        The file's, for messages.
    sample_rate, channels : int
        In Hz; how many.
    frames : int, optional
        Its length at most, where the file's size proves that the header does not exaggerate.
    expected : int
        The length that the header promises, 0 where it does not.
    chunks : iterator of ndarray, shape (chunk frames, channels)
        float32, to be read once.
    notes : list of str
        Sentences for the user. More may come while `chunks` is read.
    """

    name: str
    sample_rate: int
    channels: int
    frames: int | None
    expected: int
    chunks: Iterator[Samples]
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        low, high = _RATES_HZ
        if not low <= self.sample_rate <= high:
            raise AudioFileError(
                f"{self.name}: its header claims a sample rate of {self.sample_rate} Hz, outside of {low} "
                f"to {high} Hz. The header is damaged or this is no sound."
            )


@contextmanager
def open_sound(path: Path) -> Iterator[SoundStream]:
    """Open a sound file for one pass of reading.

    Raises
    ------
    UnknownFormatError
        If libsndfile does not know the format.
    AudioFileError
        If the file cannot be read.
    """
    notes: list[str] = []
    source: str | io.RawIOBase = str(path)
    stream = _opened(source, path.name)
    promised = _promised_frames(stream)
    if stream.format == "MP3":
        source, guessed = _mp3_source(path, notes)
        if guessed:
            promised = 0
            stream.close()
            stream = _opened(source, path.name)
    try:
        facts = _facts(stream, path, promised)
        facts.notes.extend(notes)
        facts.chunks = _chunks(stream, facts)
        yield facts
    finally:
        stream.close()
        if not isinstance(source, str):
            source.close()


def checked(stream: SoundStream, progress: Progress = no_progress) -> Iterator[Samples]:
    """Yield the chunks of `stream`, refusing samples that are not numbers; tell `progress`.

    Raises
    ------
    AudioFileError
        If a sample is NaN or infinite; tells where.
    """
    position = 0
    for chunk in stream.chunks:
        finite = np.isfinite(chunk)
        if not finite.all():
            frame, channel = (int(index) for index in np.argwhere(~finite)[0])
            raise AudioFileError(
                f"{stream.name}: the sample at {(position + frame) / stream.sample_rate:.3f} s in channel "
                f"{channel + 1} is not a finite number ({chunk[frame, channel]}). "
                "Export the file again from the program that made it."
            )
        yield chunk
        position += len(chunk)
        progress(position / stream.expected if stream.expected else 0.0)


@lru_cache(maxsize=1)
def _forward_file() -> Any:
    """Return soundfile's SoundFile without its seeks.

    soundfile seeks after every read to where it already is. In a stream of unknown length or with
    a damaged place that seek fails, and good sound is lost.
    """
    import soundfile

    class ForwardFile(soundfile.SoundFile):  # type: ignore[misc,unused-ignore]
        def seekable(self) -> bool:
            return False

    return ForwardFile


def _opened(source: str | io.RawIOBase, name: str) -> Any:
    import soundfile

    try:
        return _forward_file()(source)
    except soundfile.LibsndfileError as problem:
        if problem.code == _UNKNOWN_FORMAT:
            raise UnknownFormatError(f"{name} is no sound file of a known format.") from problem
        raise AudioFileError(f"{name} cannot be read: {_reason(problem)}") from problem
    except TypeError as problem:
        # soundfile asks for rate and channels where the name ends in .raw.
        raise AudioFileError(
            f"{name} is raw data without a header, so nothing tells its rate and channels. "
            "Convert it to WAV first."
        ) from problem


def _reason(problem: Exception) -> str:
    text = str(getattr(problem, "error_string", problem)).removeprefix("Error : ").strip()
    return text if text.endswith(".") else text + "."


def _mp3_source(path: Path, notes: list[str]) -> tuple[str | io.RawIOBase, bool]:
    """Return what to decode, and whether libsndfile would have had to guess the length."""
    with path.open("rb") as file:
        frame = first_frame(file)
        if frame is None or frame.tagged:
            return str(path), False
        lame = not frame.continued and written_by_lame(file, frame)
    if lame:
        notes.append(f"{path.name}: trimmed the 1105 samples by which its encoder (LAME) starts late.")
    return with_info(path, frame, lame=lame), True


def _promised_frames(stream: Any) -> int:
    """Return the length that the header claims, perhaps more than the file holds; 0 if unknown."""
    log = stream.extra_info
    if short := _SHORT_CHUNK.search(log):
        claimed, present = int(short[1]), int(short[2])
        if present < claimed < _NO_PROMISE and present:
            return int(stream.frames * claimed / present)
    if short := _SHORT_RF64.search(log):
        return max(int(stream.frames), int(short[2]))
    frames = int(stream.frames)
    return frames if frames < 1 << 48 else 0


def _facts(stream: Any, path: Path, promised: int) -> SoundStream:
    rate, channels = int(stream.samplerate), int(stream.channels)
    frames = int(stream.frames)
    believed = stream.format != "MP3" and 4 * channels * frames <= _BELIEVED_EXPANSION * path.stat().st_size
    return SoundStream(path.name, rate, channels, frames if believed else None, promised, iter(()))


def _chunks(stream: Any, facts: SoundStream) -> Iterator[Samples]:
    import soundfile

    size = max(1, _CHUNK_VALUES // facts.channels)
    position = 0
    while True:
        # Decoders of whole numbers never write NaN: what is still NaN after a failure was not decoded.
        buffer = np.full((size, facts.channels), np.nan, np.float32)
        try:
            chunk = stream.read(size, dtype="float32", out=buffer)
        except soundfile.LibsndfileError as problem:
            unwritten = np.isnan(buffer).any(axis=1)
            good = int(np.argmax(unwritten)) if unwritten.any() else 0
            yield buffer[:good]
            _note_damage(facts, position + good, problem)
            return
        if not len(chunk):
            break
        yield chunk
        position += len(chunk)
    _note_length(facts, position)


def _note_damage(facts: SoundStream, position: int, problem: Exception) -> None:
    place = position / facts.sample_rate
    if position == 0:
        raise AudioFileError(
            f"{facts.name} is damaged from its start: {_reason(problem)} Nothing could be decoded."
        ) from problem
    rest = max(0, facts.expected - position) / facts.sample_rate
    missing = f"The {rest:.3f} s after it are missing." if facts.expected else "What follows is missing."
    facts.notes.append(f"{facts.name} is damaged at {place:.3f} s ({_reason(problem)[:-1]}). {missing}")


def _note_length(facts: SoundStream, position: int) -> None:
    if position == 0:
        facts.notes.append(f"{facts.name} holds no sound: its length is 0.")
    # An MP3 may promise a few samples more than can be decoded; nothing of the sound is missing then.
    elif facts.expected - position > 1152:
        total = facts.expected / facts.sample_rate
        facts.notes.append(
            f"{facts.name} ends early: {(facts.expected - position) / facts.sample_rate:.3f} s of the "
            f"{total:.3f} s that its header promises are missing. What is there was loaded."
        )


# --- writing --------------------------------------------------------------------------------------


def write_sound(
    path: Path,
    blocks: Iterable[npt.NDArray[Any]],
    *,
    channels: int,
    sample_rate: int,
    container: str,
    subtype: str,
    progress: Progress = no_progress,
    **encoder: Any,
) -> None:
    """Write a sound file under a name that is free; it appears there whole or not at all.

    Parameters
    ----------
    path : Path
        Where to. Nothing may be there.
    blocks : iterable of ndarray, shape (frames, channels)
        int16, int32 (the top 24 bits count for 24 bit) or float32.
    channels, sample_rate : int
        How many; in Hz.
    container, subtype : str
        As libsndfile calls them.
    progress : Progress
        Asked for a cancel several times per block.
    **encoder
        `compression_level` and `bitrate_mode` of soundfile.

    Raises
    ------
    OutputError
        If something is there already, or the disk is full or refuses.
    AudioFileError
        If the encoder cannot take this sound.
    """
    with new_file(path) as draft, _Sink(draft) as sink:
        settings = {"mode": "w", "samplerate": sample_rate, "channels": channels, **encoder}
        _encode(sink, blocks, progress, {**settings, "format": container, "subtype": subtype}, path.name)


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Give a name to write to; in the end that file appears as `path`. Raises OutputError as write_sound."""
    _refuse_taken(path)
    # Beside the target, so that publishing is a link or a rename, never a copy.
    draft = path.with_name(f".{path.name[:80]}.{uuid.uuid4().hex[:12]}.part")
    try:
        yield draft
        _publish(draft, path)
    except OSError as problem:
        raise _refused(path, problem) from problem
    finally:
        draft.unlink(missing_ok=True)


def _refuse_taken(path: Path) -> None:
    if os.path.lexists(path):
        raise OutputError(f"{path} exists already. Choose another name, or move that file away.")
    if not path.parent.is_dir():
        raise OutputError(f"The folder {path.parent} does not exist. Create it or choose another.")


def _refused(path: Path, problem: OSError) -> OutputError:
    if isinstance(problem, FileExistsError):
        return OutputError(f"{path} exists already. Choose another name, or move that file away.")
    reason = problem.strerror or str(problem)
    return OutputError(
        f"{path} cannot be written: {reason}. Nothing was left behind. "
        "Free some space or choose another folder."
    )


class _Sink:
    """A new file for libsndfile to write to, which remembers why a write failed."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("xb", buffering=0)
        self.problem: OSError | None = None

    def __enter__(self) -> _Sink:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, data: bytes) -> int:
        view, done = memoryview(data), 0
        try:
            while done < len(view):
                done += self._file.write(view[done:])
        except OSError as problem:
            self.problem = self.problem or problem
        return done

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


def _encode(
    sink: _Sink,
    blocks: Iterable[npt.NDArray[Any]],
    progress: Progress,
    settings: dict[str, Any],
    name: str,
) -> None:
    import soundfile

    size = max(1, _CHUNK_VALUES // settings["channels"])
    try:
        with _forward_file()(sink, **settings) as stream:
            for block in blocks:
                for begin in range(0, len(block), size):
                    progress.check()
                    stream.write(block[begin : begin + size])
                    if sink.problem is not None:
                        raise sink.problem
    # soundfile tells of a short count by an assertion.
    except (soundfile.LibsndfileError, AssertionError, ValueError) as problem:
        if sink.problem is not None:
            raise sink.problem from problem
        reason = _reason(problem)
        raise AudioFileError(f"{name} cannot be written: {reason} Choose another format.") from problem
    if sink.problem is not None:
        raise sink.problem


def _publish(draft: Path, path: Path) -> None:
    try:
        os.link(draft, path)
    except FileExistsError:
        raise
    except OSError:
        # File systems without links (FAT, some network folders): own the name, then replace it.
        path.open("xb").close()
        draft.replace(path)
