"""JSON as a file from elsewhere must be read: no doubled keys, no NaN, no endless digits or nesting."""

from __future__ import annotations

import json
import math
from typing import Any

from nodegraph.errors import DocumentError

__all__ = ["parse_json"]

# A whole-number literal longer than this is no parameter, and slow to read (digits).
_MAX_DIGITS = 400


def parse_json(content: bytes | str) -> Any:
    """Return what the text of a JSON file holds.

    Raises
    ------
    DocumentError
        If it is not JSON, or holds what could not be written back; the message tells the place.
    """
    try:
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content
        # Half of a surrogate pair, written as \ud800, could not be saved again.
        value = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_short,
        )
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeDecodeError as error:
        raise DocumentError(f"byte {error.start}: this is not UTF-8 text.") from error
    except UnicodeEncodeError as error:
        raise DocumentError("a text holds half of a character (a lone surrogate).") from error
    except json.JSONDecodeError as error:
        raise DocumentError(f"line {error.lineno}, column {error.colno}: {error.msg}.") from error
    except RecursionError as error:
        raise DocumentError("the file is nested too deeply to be a graph.") from error
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise DocumentError(f"the key {twice!r} stands twice in one object.")
    return record


def _no_constant(name: str) -> float:
    raise DocumentError(f"{name} is no number that a graph may hold.")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise DocumentError(f"the number {digits[:40]} is too large.")
    return value


def _short(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise DocumentError(f"the number {digits[:40]}… has {len(digits)} digits.")
    return int(digits)
