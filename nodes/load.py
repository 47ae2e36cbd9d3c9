"""Loading sound files: the one place where a file's layout becomes Regroove's.

What libsndfile reads (WAV with RF64, W64 and AIFF, FLAC, Ogg, Opus, MP3) is read by it; anything
else goes through the ffmpeg program where that is installed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from nodegraph import Audio, AudioFileError, InputFile, Progress, Samples, no_progress, node
from nodes.dsp.collect import collect
from nodes.dsp.file.ffmpeg import ffmpeg_program, how_to_install, open_by_ffmpeg
from nodes.dsp.file.sound_file import SoundStream, UnknownFormatError, checked, open_sound

__all__ = ["load"]


@node(version=1)
def load(*, file: Annotated[str, InputFile()] = "", progress: Progress = no_progress) -> Audio:
    """Load a sound file as it is: its rate, its channels, its samples.

    Nothing is resampled, mixed down or normalised. Whole numbers of up to 24 bits and 32-bit floats
    arrive bit for bit; 32-bit whole numbers and doubles are rounded to the nearest 32-bit float.
    MP3 files are aligned with what was encoded as far as they tell. A file that breaks off is loaded
    as far as it goes, with a note that says how much is missing.

    Parameters
    ----------
    file : str
        The file to listen to. WAV, RF64, W64, AIFF, FLAC, Ogg, Opus, MP3; with ffmpeg installed also
        m4a, wma and the sound of videos.
    progress : Progress
        Told after every chunk.

    Returns
    -------
    audio : Audio
        The file's channels, frames and sample rate.

    Raises
    ------
    AudioFileError
        If no file is chosen, or it cannot be read, or holds samples that are not numbers.
    Cancelled
        If the user cancelled.
    """
    path = _existing(file)
    try:
        with _opened(path, progress) as stream:
            samples = collect(
                checked(stream, progress), stream.channels, frames=stream.frames, progress=progress
            )
            return _finished(stream, samples, progress)
    except OSError as problem:
        reason = problem.strerror or str(problem)
        raise AudioFileError(f"{path.name} cannot be loaded: {reason}.") from problem


def _existing(file: str) -> Path:
    if not file:
        raise AudioFileError("load: no file is chosen. Choose a sound file.")
    path = Path(file).expanduser()
    try:
        if path.is_dir():
            raise AudioFileError(f"{path} is a folder. Choose a sound file in it.")
        if not path.exists():
            raise AudioFileError(f"{file!r} does not exist. Choose the file again; it may have been moved.")
        if not path.is_file():
            raise AudioFileError(f"{path} is no ordinary file. Copy its sound to a file first.")
        if path.stat().st_size == 0:
            raise AudioFileError(f"{path.name} is empty: it has no bytes. Copy or export it again.")
        path.open("rb").close()
    # ValueError: a name that no file can have, with a NUL in it.
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        raise AudioFileError(f"{file!r} cannot be opened: {reason}.") from problem
    return path


@contextmanager
def _opened(path: Path, progress: Progress) -> Iterator[SoundStream]:
    try:
        with open_sound(path) as stream:
            yield stream
            return
    except UnknownFormatError as unknown:
        program = ffmpeg_program()
        if program is None:
            raise AudioFileError(
                f"{path.name} is in a format that needs ffmpeg, which is not installed. "
                f"Install it with: {how_to_install()}"
            ) from unknown
    with open_by_ffmpeg(program, path, progress) as stream:
        yield stream


def _finished(stream: SoundStream, samples: Samples, progress: Progress) -> Audio:
    for note in stream.notes:
        progress.note(note)
    progress(1.0)
    return Audio.trusted(samples, stream.sample_rate)
