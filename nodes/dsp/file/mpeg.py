"""What an MP3's first frame tells of its length and delay, and a stand-in for what it does not.

An MP3 encoder starts about 1100 samples late. Encoders that care say so, with the number of frames,
in an Info frame before the sound (Xing's tag with LAME's extension); libsndfile then trims the sound
and knows its length. Where that frame is absent, libsndfile cuts the sound at a length guessed from
the bit rate of the first frame, which loses most of a file of variable bit rate. `with_info` puts
an Info frame before such a file on the way to the decoder; the file itself stays as it is.

References
----------
ISO/IEC 11172-3:1993, 2.4.1.3 (frame header) and 2.4.1.7 (side information).
G. Bouvigne, "MP3 Info Tag rev 1 specifications", LAME project.
"""

from __future__ import annotations

import io
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

__all__ = ["FirstFrame", "first_frame", "with_info", "written_by_lame"]

# LAME's ENCDELAY, in samples; the decoder adds 529 of its own and trims both.
_LAME_DELAY = 576
# kbit/s by index for MPEG-1 and for MPEG-2 layer III (11172-3 table in 2.4.2.3; 13818-3).
_KBPS = {
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES_HZ = (44100, 48000, 32000)
# How far behind the tags the first frame is looked for (bytes).
_SEARCH_BYTES = 1 << 16
# The smallest layer III frame: 8 kbit/s at 24 kHz (bytes). Bounds the number of frames from above.
_SMALLEST_FRAME = 24
# The Info frame's parts after the side information: tag, flags and frames, then LAME's extension,
# whose delays lie 21 bytes behind its name.
_INFO_BYTES = 4 + 4 + 4
_LAME_BYTES = 36


@dataclass(frozen=True)
class FirstFrame:
    """The first layer III frame of a file.

    Parameters
    ----------
    offset : int
        Where it begins in the file (bytes).
    header : int
        Its 32 header bits.
    tagged : bool
        It is an Info, Xing or VBRI frame.
    continued : bool
        It needs bits of frames before it: the file was cut out of a longer one.
    """

    offset: int
    header: int
    tagged: bool
    continued: bool


def first_frame(file: BinaryIO) -> FirstFrame | None:
    """Find the first layer III frame behind an ID3v2 tag, or None."""
    file.seek(0)
    head = file.read(10)
    start = 0
    if len(head) == 10 and head[:3] == b"ID3":
        size = (head[6] & 127) << 21 | (head[7] & 127) << 14 | (head[8] & 127) << 7 | head[9] & 127
        start = 10 + size + (10 if head[5] & 0x10 else 0)
    file.seek(start)
    data = file.read(_SEARCH_BYTES)
    at = data.find(b"\xff")
    while 0 <= at <= len(data) - 4:
        (header,) = struct.unpack_from(">I", data, at)
        length = _frame_bytes(header)
        if length and _is_alike(header, data[at + length : at + length + 4]):
            return _described(data[at : at + length], start + at, header)
        at = data.find(b"\xff", at + 1)
    return None


def written_by_lame(file: BinaryIO, frame: FirstFrame) -> bool:
    """Tell whether LAME left its name in the padding of the sound, as it does without an Info frame."""
    file.seek(frame.offset)
    tail = b""
    while block := file.read(1 << 20):
        if b"LAME" in tail + block:
            return True
        tail = block[-3:]
    return False


def with_info(path: Path, frame: FirstFrame, *, lame: bool) -> io.RawIOBase:
    """Open the file with an Info frame in front of `frame`.

    Parameters
    ----------
    path : Path
        An MP3 file without an Info frame.
    frame : FirstFrame
        Its first frame.
    lame : bool
        Tell the decoder to trim LAME's delay.
    """
    return _Prefixed(path, _info_frame(path.stat().st_size, frame.header, lame=lame), frame.offset)


def _frame_bytes(header: int) -> int:
    """Return the length of a layer III frame with this header, 0 if it is none."""
    version, layer = header >> 19 & 3, header >> 17 & 3
    rate_index, kbps_index = header >> 10 & 3, header >> 12 & 15
    if header >> 21 != 0x7FF or version == 1 or layer != 1 or rate_index == 3 or kbps_index in (0, 15):
        return 0
    first = version == 3
    rate = _RATES_HZ[rate_index] >> (0 if first else 1 if version == 2 else 2)
    return (144 if first else 72) * _KBPS[first][kbps_index] * 1000 // rate + (header >> 9 & 1)


def _is_alike(header: int, following: bytes) -> bool:
    # Version, layer and rate stay the same from frame to frame. A file may end after one frame.
    if len(following) < 4:
        return True
    (other,) = struct.unpack(">I", following)
    return bool((header ^ other) & 0xFFFE0C00 == 0)


def _side_bytes(header: int) -> int:
    mono = header >> 6 & 3 == 3
    if header >> 19 & 3 == 3:
        return 17 if mono else 32
    return 9 if mono else 17


def _described(data: bytes, offset: int, header: int) -> FirstFrame:
    # A checksum of two bytes follows the header where the protection bit is 0.
    side = 4 if header >> 16 & 1 else 6
    at = 4 + _side_bytes(header)
    # With a checksum some writers move the tag by its two bytes and some do not.
    names = (data[at : at + 4], data[at + 2 : at + 6])
    tagged = any(name in (b"Info", b"Xing") for name in names) or data[36:40] == b"VBRI"
    # main_data_begin has 9 bits in MPEG-1 and 8 in MPEG-2.
    begin = int.from_bytes(data[side : side + 2], "big") >> (7 if header >> 19 & 3 == 3 else 8)
    return FirstFrame(offset, header, tagged, begin != 0)


def _info_frame(file_bytes: int, header: int, *, lame: bool) -> bytes:
    at = 4 + _side_bytes(header)
    # No checksum, no padding, and the smallest bit rate whose frame holds the tag.
    plain = (header | 0x10000) & ~0xF200
    header = next(
        candidate
        for candidate in (plain | index << 12 for index in range(1, 15))
        if _frame_bytes(candidate) >= at + _INFO_BYTES + _LAME_BYTES
    )
    frame = bytearray(_frame_bytes(header))
    struct.pack_into(">I", frame, 0, header)
    # Too many frames are no harm: the decoder ends with the file.
    frames = min(file_bytes // _SMALLEST_FRAME + 1, (1 << 31) - 1)
    struct.pack_into(">4sII", frame, at, b"Info", 1, frames)
    if lame:
        struct.pack_into(">9s", frame, at + _INFO_BYTES, b"LAME3.100")
        delays = (_LAME_DELAY << 12).to_bytes(3, "big")
        frame[at + _INFO_BYTES + 21 : at + _INFO_BYTES + 24] = delays
    return bytes(frame)


class _Prefixed(io.RawIOBase):
    """A file seen from `offset` on, with some bytes in front."""

    def __init__(self, path: Path, prefix: bytes, offset: int) -> None:
        self._file = path.open("rb")
        self._prefix = prefix
        self._offset = offset
        self._size = len(prefix) + max(0, os.fstat(self._file.fileno()).st_size - offset)
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        if self._at < len(self._prefix):
            part = self._prefix[self._at : self._at + len(view)]
        else:
            self._file.seek(self._at - len(self._prefix) + self._offset)
            part = self._file.read(len(view))
        view[: len(part)] = part
        self._at += len(part)
        return len(part)

    def close(self) -> None:
        self._file.close()
        super().close()
