"""Writing sound files: the one place where Regroove's layout becomes a file's.

Nothing is changed on the way that the user did not ask for: no resampling, no normalising, no
mixing down; what a format cannot hold is refused with the node that helps. What must happen
(rounding, clipping at full scale) is told.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from nodegraph import (
    Audio,
    AudioError,
    NotInstalledError,
    OutputError,
    OutputFile,
    ParameterError,
    Progress,
    Range,
    no_progress,
    node,
)
from nodes.dsp.file.dither import is_on_grid, quantised
from nodes.dsp.file.sound_file import write_sound
from nodes.dsp.overlap_add import Block, cut_blocks

__all__ = ["export"]

_Format = Literal["from_name", "wav", "flac", "ogg", "mp3"]
_BitDepth = Literal["16", "24", "32f"]
_Dither = Literal["tpdf", "none"]

_FORMATS = {
    ".wav": "wav",
    ".wave": "wav",
    ".rf64": "wav",
    ".flac": "flac",
    ".ogg": "ogg",
    ".oga": "ogg",
    ".mp3": "mp3",
}
_SUBTYPES = {"16": "PCM_16", "24": "PCM_24", "32f": "FLOAT"}
# RIFF counts its bytes in 32 bits; some are kept for the header and for tags written later.
_RIFF_BYTES = (1 << 32) - (1 << 20)
# ISO/IEC 11172-3, 2.4.2.3: the sample rates of MPEG-1 layer III, where alone 320 kbit/s exist (Hz).
_MP3_RATES_HZ = (32000, 44100, 48000)
_MOST_CHANNELS = {"flac": 8, "mp3": 2, "ogg": 255, "wav": 1024}
_DITHER_SEED = 1992
# Shares of the progress for the looks before writing.
_LOOKED = 0.1


@dataclass
class _Peaks:
    """What lies above full scale."""

    count: int = 0
    highest: float = 0.0
    on_grid: bool = True


@dataclass(frozen=True)
class _Target:
    """How the file is written: libsndfile's words, and our own rounding."""

    kind: str
    container: str
    subtype: str
    bits: int | None
    encoder: dict[str, Any] = field(default_factory=dict)


@node(version=1, effect=True)
def export(
    audio: Audio,
    *,
    file: Annotated[str, OutputFile()] = "restored.wav",
    format: _Format = "from_name",  # noqa: A002 (the user's word for it)
    bit_depth: _BitDepth = "24",
    dither: _Dither = "tpdf",
    ogg_quality: Annotated[float, Range(0, 10, unit="")] = 8.0,
    progress: Progress = no_progress,
) -> None:
    """Write the sound to a file: WAV, FLAC, Ogg Vorbis or MP3 at 320 kbit/s.

    The file appears whole or not at all, and never replaces another one. Whole numbers are dithered
    unless every sample of the recording already fits them: untouched 16-bit material leaves as it
    came, bit for bit. WAV files above 4 GiB become RF64, which players of WAV read.

    Parameters
    ----------
    audio : Audio
        The sound to keep.
    file : str
        Where to. Its ending chooses the format: .wav, .flac, .ogg or .mp3.
    format : {"from_name", "wav", "flac", "ogg", "mp3"}
        Which kind of file; "from_name" goes by the ending. WAV and FLAC keep every detail, Ogg and
        MP3 are smaller and leave out what is hard to hear.
    bit_depth : {"16", "24", "32f"}
        Of WAV and FLAC: more lowers the noise floor, from −93 dB at 16 bits to below hearing at 24;
        "32f" (WAV only) keeps the samples as they are, even above full scale.
    dither : {"tpdf", "none"}
        "tpdf" hides the rounding to 16 or 24 bits in a faint even hiss; "none" rounds plainly, which
        can make fades grainy.
    ogg_quality : float
        Of Ogg files: more sounds closer to the original and takes more room, about 64 kbit/s at 0,
        256 at 8 and 500 at 10.
    progress : Progress
        Told after every block.

    Raises
    ------
    OutputError
        If something with that name exists, or the folder is missing, or the disk is full.
    ParameterError
        If name, format and bit depth do not go together.
    AudioError
        If the format cannot hold this rate, number of channels or length.
    NotInstalledError
        If this libsndfile cannot write MP3.
    Cancelled
        If the user cancelled; no file is left.

    References
    ----------
    EBU Tech 3306 (RF64); ISO/IEC 11172-3:1993 (MP3); RFC 9639 (FLAC).
    """
    path = _path(file)
    target = _target(path, format, bit_depth, ogg_quality, audio)
    _check_fits(audio, target.kind)
    peaks = _look(audio, target.bits, progress.part(0.0, _LOOKED))
    seed = None if dither == "none" or peaks.on_grid or target.bits is None else _DITHER_SEED
    _tell(audio, target, peaks, dither, progress)
    write_sound(
        path,
        _blocks(audio, target.bits, seed, progress.part(_LOOKED, 1.0)),
        channels=audio.channels,
        sample_rate=audio.sample_rate,
        container=target.container,
        subtype=target.subtype,
        progress=progress,
        **target.encoder,
    )
    progress(1.0)


def _path(file: str) -> Path:
    if not file.strip() or "\0" in file:
        raise OutputError("export: no file is chosen. Choose where to write the sound.")
    return Path(file).expanduser()


def _kind(path: Path, wanted: str) -> str:
    suffix = path.suffix.lower()
    named = _FORMATS.get(suffix)
    if wanted not in get_args(_Format):
        raise ParameterError(f"format must be one of {', '.join(get_args(_Format))}, not {wanted!r}.")
    if wanted == "from_name":
        if named is None:
            raise ParameterError(
                f"export: the name {path.name!r} does not end in .wav, .flac, .ogg or .mp3. "
                "Add such an ending, or choose a format."
            )
        return named
    if named is not None and named != wanted:
        raise ParameterError(
            f"export: {path.name!r} ends in {suffix} but format is {wanted}. "
            f"Change the name to {path.stem}.{wanted}, or format to {named}."
        )
    return wanted


def _target(path: Path, wanted: str, bit_depth: str, ogg_quality: float, audio: Audio) -> _Target:
    kind = _kind(path, wanted)
    if bit_depth not in _SUBTYPES:
        raise ParameterError(f"bit_depth must be one of {', '.join(_SUBTYPES)}, not {bit_depth!r}.")
    if not 0 <= ogg_quality <= 10:
        raise ParameterError(f"ogg_quality must be 0 to 10, not {ogg_quality!r}.")
    if kind == "ogg":
        return _Target(kind, "OGG", "VORBIS", None, {"compression_level": 1.0 - ogg_quality / 10.0})
    if kind == "mp3":
        _check_mp3_writer()
        # libsndfile spans a constant bit rate from 320 kbit/s at level 0 down to 32 at level 1.
        return _Target(
            kind, "MP3", "MPEG_LAYER_III", None, {"bitrate_mode": "CONSTANT", "compression_level": 0.0}
        )
    if kind == "flac" and bit_depth == "32f":
        raise ParameterError(
            "export: FLAC holds whole numbers only, not 32-bit floats. Set bit_depth to 24, or write a WAV."
        )
    bits = None if bit_depth == "32f" else int(bit_depth)
    container = "FLAC" if kind == "flac" else _wav_container(audio.frames, audio.channels, bits or 32)
    return _Target(kind, container, _SUBTYPES[bit_depth], bits)


def _wav_container(frames: int, channels: int, bits: int) -> str:
    return "WAV" if frames * channels * bits // 8 <= _RIFF_BYTES else "RF64"


def _check_mp3_writer() -> None:
    import soundfile

    if "MP3" not in soundfile.available_formats():
        raise NotInstalledError(
            f"export: libsndfile {soundfile.__libsndfile_version__} cannot write MP3; 1.1 or later can. "
            "Get it with: pip install --upgrade --force-reinstall soundfile"
        )


def _check_fits(audio: Audio, kind: str) -> None:
    most = _MOST_CHANNELS[kind]
    if audio.channels > most:
        raise AudioError(
            f"export: {kind.upper()} holds at most {most} channels but the sound has {audio.channels}. "
            "Put a Channels node before it, or write a WAV."
        )
    if kind == "mp3" and audio.sample_rate not in _MP3_RATES_HZ:
        nearest = min(_MP3_RATES_HZ, key=lambda rate: abs(rate - audio.sample_rate))
        raise AudioError(
            f"export: MP3 at 320 kbit/s holds 32000, 44100 or 48000 Hz but the sound is "
            f"{audio.sample_rate} Hz. Put a Resample node with {nearest} Hz before it."
        )
    if audio.frames == 0 and kind in ("flac", "mp3"):
        raise AudioError(
            f"export: {kind.upper()} cannot hold a sound without a single sample. "
            "Check what comes before, or write a WAV."
        )


def _look(audio: Audio, bits: int | None, progress: Progress) -> _Peaks:
    """Look through the whole sound once: what is above full scale, and does it need rounding."""
    peaks = _Peaks()

    def look(block: Block) -> tuple[int, float, bool]:
        part = audio.samples[:, block.begin : block.end]
        highest = max(float(part.max()), -float(part.min()))
        count = int(np.count_nonzero(np.abs(part) > 1.0)) if highest > 1.0 else 0
        return count, highest, bits is not None and peaks.on_grid and is_on_grid(part, bits)

    for done, (count, highest, on_grid) in enumerate(
        progress.map(look, cut_blocks(audio.frames, audio.channels)), start=1
    ):
        peaks.count += count
        peaks.highest = max(peaks.highest, highest)
        peaks.on_grid = peaks.on_grid and on_grid
        progress(1.0 - 1.0 / done)
    return peaks


def _tell(audio: Audio, target: _Target, peaks: _Peaks, dither: str, progress: Progress) -> None:
    if target.container == "RF64":
        progress.note("The file is larger than 4 GiB, so it is written as RF64 (EBU Tech 3306).")
    if target.bits is not None and peaks.on_grid and dither != "none" and audio.frames:
        progress.note(f"Every sample already fits {target.bits} bits: written bit for bit, without dither.")
    if peaks.count and target.subtype != "FLOAT":
        over_db = 20 * math.log10(peaks.highest)
        what = "were clipped" if target.bits is not None else "will clip in players"
        progress.note(
            f"{peaks.count} samples above full scale {what}, by up to {over_db:.2f} dB. "
            "Lower the level or put a Limiter node before it to avoid that."
        )


def _blocks(
    audio: Audio, bits: int | None, seed: int | None, progress: Progress
) -> Iterator[npt.NDArray[Any]]:
    def layout(block: Block) -> tuple[int, npt.NDArray[Any]]:
        part = audio.samples[:, block.begin : block.end]
        if bits is None:
            return block.end, np.ascontiguousarray(part.T)
        codes = quantised(part, block.begin, bits=bits, seed=seed)
        if bits == 16:
            return block.end, np.ascontiguousarray(codes.astype(np.int16).T)
        # libsndfile takes the top bits of 32.
        return block.end, np.ascontiguousarray((codes << (32 - bits)).T)

    for end, block in progress.map(layout, cut_blocks(audio.frames, audio.channels)):
        yield block
        progress(end / audio.frames)
