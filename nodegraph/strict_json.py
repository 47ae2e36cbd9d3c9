"""JSON as a file from elsewhere must be read: no doubled keys, no NaN, no endless digits or nesting."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from typing import Any

from nodegraph.errors import DocumentError

__all__ = ["parse_json"]

# A whole-number literal longer than this is no parameter, and slow to read (digits).
_MAX_DIGITS = 400
# Deeper than this nobody nests by hand, and every reader of a graph would need a recursion limit of its own.
_MAX_DEPTH = 64

# A text, or a word outside of texts.
_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s"\[\]{}:,]+')


class _Unfit(Exception):
    """A word of the file that is JSON but may not stand in a graph."""

    def __init__(self, word: str, reason: str) -> None:
        super().__init__(reason)
        self.word = word


def parse_json(content: bytes | str) -> Any:
    """Return what the text of a JSON file holds.

    Raises
    ------
    DocumentError
        If it is not JSON, or holds what could not be written back; the message tells the place.
    """
    try:
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content
    except UnicodeDecodeError as error:
        raise DocumentError(f"byte {error.start}: this is not UTF-8 text.") from error
    try:
        # Half of a surrogate pair, written as \ud800, could not be saved again.
        value = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_short,
        )
        json.dumps(value, ensure_ascii=False).encode()
    except _Unfit as error:
        raise DocumentError(f"{_place(text, error.word)}: {error}") from error
    except UnicodeEncodeError as error:
        before = error.object[max(0, error.start - 20) : error.start]
        raise DocumentError(f"after {before!r}: half of a character (a lone surrogate).") from error
    except json.JSONDecodeError as error:
        raise DocumentError(f"line {error.lineno}, column {error.colno}: {error.msg}.") from error
    except RecursionError as error:
        raise DocumentError("the file is nested too deeply to be a graph.") from error
    _refuse_depth(value)
    return value


def _refuse_depth(value: Any) -> None:
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(_MAX_DEPTH):
        parts = (item.values() if isinstance(item, dict) else item for item in level)
        level = [inner for part in parts for inner in part if isinstance(inner, (dict, list))]
        if not level:
            return
    raise DocumentError("the file is nested too deeply to be a graph.")


def _place(text: str, word: str) -> str:
    found = next((match for match in _WORD.finditer(text) if match[0] == word), None)
    before = text[: found.start()] if found else ""
    return f"line {before.count(chr(10)) + 1}, column {len(before) - before.rfind(chr(10))}"


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        ((twice, _),) = Counter(name for name, _ in pairs).most_common(1)
        shown = twice if len(twice) <= 60 else twice[:57] + "…"
        raise DocumentError(f"the key {shown!r} stands twice in one object.")
    return record


def _no_constant(name: str) -> float:
    raise _Unfit(name, f"{name} is no number that a graph may hold.")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise _Unfit(digits, f"the number {digits[:40]} is too large.")
    return value


def _short(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise _Unfit(digits, f"the number {digits[:40]}… has {len(digits)} digits.")
    return int(digits)
