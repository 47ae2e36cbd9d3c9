"""Typesetting: how wide a text is, and how it is cut and broken to fit."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from nodegraph.editor.look.advances import BOLD, REGULAR

__all__ = ["filling", "first_sentence", "fitting", "fitting_apart", "text_width", "wrapped"]

_ELLIPSIS = "…"
# Of characters that the table does not have, at size 1: as wide as the widest letters of Latin scripts,
# so that a text is rather cut too early than drawn over its edge.
_UNKNOWN = 0.83
# Where a line may end: after a word, after a hyphen or a slash in it.
_PIECE = re.compile(r"\s*[^\s\-/]+(?:\s*[-/])?|\s*[-/]")
# Steps in which a larger size is looked for.
_SIZE_STEP = 2.0
# Signs of East Asian scripts are as wide as high.
_WIDE_FROM, _WIDE = 0x2E80, 1.0


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Return how wide a line of text is.

    Parameters
    ----------
    text : str
        One line.
    size : float
        Of the font, as DearPyGui counts it; the result is in the same unit.
    bold : bool
        Semi-bold rather than regular.
    """
    table = BOLD if bold else REGULAR
    return size * sum(table.get(each) or _foreign(each) for each in text)


def _foreign(character: str) -> float:
    return _WIDE if ord(character) >= _WIDE_FROM else _UNKNOWN


def fitting(text: str, size: float, room: float, *, bold: bool = False) -> str:
    """Return the text, cut with an ellipsis where it is wider than `room`; one line."""
    line = " ".join(text.split())
    if text_width(line, size, bold=bold) <= room:
        return line
    table = BOLD if bold else REGULAR
    left = room / size - REGULAR[_ELLIPSIS]
    kept = 0
    for each in line:
        left -= table.get(each) or _foreign(each)
        if left < 0:
            break
        kept += 1
    return line[:kept].rstrip() + _ELLIPSIS if kept or room > 0 else ""


def fitting_apart(texts: Sequence[str], size: float, rooms: Sequence[float]) -> list[str]:
    """Return lines cut with an ellipsis where they are wider than their rooms, and told apart all the same.

    Of those that begin alike and would be cut to the same, the last word is kept and the middle left out.

    Parameters
    ----------
    texts, rooms : sequence
        The lines, and how wide each may be.
    size : float
        Of the font.
    """
    lines = [fitting(text, size, room) for text, room in zip(texts, rooms, strict=True)]
    counted = Counter(lines)
    for number, (text, room) in enumerate(zip(texts, rooms, strict=True)):
        if counted[lines[number]] > 1 and lines[number] != text:
            lines[number] = _with_last_word(text, size, room)
    return lines


def _with_last_word(text: str, size: float, room: float) -> str:
    head, _space, last = text.rpartition(" ")
    left = room - text_width(" " + last, size)
    # Some of what the word belongs to is seen too.
    if not head or left < text_width(head[:3] + _ELLIPSIS, size):
        return fitting(text, size, room)
    return f"{fitting(head, size, min(left, text_width(head, size) - 0.01))} {last}"


def wrapped(text: str, size: float, room: float, most_lines: int, *, bold: bool = False) -> tuple[str, ...]:
    """Return the lines of a text that is `room` wide; what does not fit is cut with an ellipsis.

    Parameters
    ----------
    text : str
        Its own line breaks are kept.
    size, room : float
        Of the font, and the width.
    most_lines : int
        Lines beyond this are cut.
    bold : bool
        Semi-bold rather than regular.
    """
    lines = [line for part in text.split("\n") for line in _broken(part, size, room, bold)]
    if len(lines) <= most_lines:
        return tuple(lines)
    if most_lines < 1:
        return ()
    last = lines[most_lines - 1] + " " + lines[most_lines]
    cut = fitting(last, size, room, bold=bold)
    return (*lines[: most_lines - 1], cut if cut.endswith(_ELLIPSIS) else cut + _ELLIPSIS)


def _broken(part: str, size: float, room: float, bold: bool) -> list[str]:
    lines: list[str] = []
    line = ""
    for word in part.split():
        longer = f"{line} {word}" if line else word
        if not line or text_width(longer, size, bold=bold) <= room:
            line = longer
        else:
            lines.append(fitting(line, size, room, bold=bold))
            line = word
    return [*lines, fitting(line, size, room, bold=bold)]


def filling(
    text: str, width: float, height: float, *, most: float, least: float, bold: bool = False
) -> tuple[tuple[str, ...], float]:
    """Return the lines of a text as large as a box holds it, and their size.

    Parameters
    ----------
    text : str
        Lines may also end after a hyphen or a slash.
    width, height : float
        Of the box.
    most, least : float
        Sizes between which one is chosen. What does not fit at the least is cut with an ellipsis.
    bold : bool
        Semi-bold rather than regular.
    """
    size = most
    while True:
        lines = _pieced(text, size, width, bold)
        room = int(height / size)
        if len(lines) <= room and all(text_width(line, size, bold=bold) <= width for line in lines):
            return tuple(lines), size
        if size <= least:
            break
        size = max(least, size - _SIZE_STEP)
    room = max(1, room)
    kept = [*lines[: room - 1], " ".join(lines[room - 1 :])] if len(lines) > room else lines
    return tuple(fitting(line, size, width, bold=bold) for line in kept), size


def _pieced(text: str, size: float, room: float, bold: bool) -> list[str]:
    lines: list[str] = []
    line = ""
    for piece in _PIECE.findall(" ".join(text.split())):
        longer = line + piece if line else piece.lstrip()
        if not line or text_width(longer, size, bold=bold) <= room:
            line = longer
        else:
            lines.append(line)
            line = piece.lstrip()
    return [*lines, line]


def first_sentence(text: str) -> str:
    """Return the first sentence of a text."""
    for end, each in enumerate(text):
        if each in ".!?\n" and (end + 1 == len(text) or text[end + 1].isspace() or each == "\n"):
            return text[: end + 1].strip()
    return text.strip()
