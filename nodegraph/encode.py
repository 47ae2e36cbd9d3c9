"""Values that travel along links, as plain JSON and a list of arrays, and back. No pickle.

A value is a frozen dataclass whose fields are numbers, text, arrays, tuples, or dataclasses again.
What comes back is built from the types that the node's signature names, never from names in a file.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, get_args, get_origin

import numpy as np
import numpy.typing as npt

__all__ = ["decode", "encode"]

Array = npt.NDArray[Any]


def encode(value: Any, arrays: list[Array]) -> Any:
    """Return `value` as plain JSON; arrays are appended to `arrays` and stand as their number.

    Raises
    ------
    TypeError
        If it holds something that no file can keep.
    """
    if isinstance(value, np.ndarray):
        arrays.append(value)
        return {"array": len(arrays) - 1}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: encode(getattr(value, field.name), arrays) for field in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [encode(item, arrays) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"A value of type {type(value).__name__} cannot travel along a link.")


def decode(kind: Any, record: Any, arrays: Sequence[Array]) -> Any:
    """Return the value of type `kind` that `encode` wrote.

    Raises
    ------
    LookupError, TypeError, ValueError
        If the record does not fit the type.
    """
    if isinstance(record, dict) and set(record) == {"array"}:
        return arrays[record["array"]]
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = _hints(kind)
        fields = {
            field.name: decode(hints[field.name], record[field.name], arrays)
            for field in dataclasses.fields(kind)
        }
        # Samples in the cache were checked when they were stored.
        build = getattr(kind, "trusted", kind)
        return build(**fields)
    if isinstance(record, list):
        args = [arg for arg in get_args(_inner(kind)) if arg is not Ellipsis]
        items = args * len(record) if len(args) == 1 else args
        return tuple(decode(item, part, arrays) for item, part in zip(items, record, strict=True))
    if isinstance(record, dict):
        return decode(_inner(kind), record, arrays)
    return record


def _inner(kind: Any) -> Any:
    """Return `X` for `X | None`."""
    if get_origin(kind) in (typing.Union, types.UnionType):
        return next(part for part in get_args(kind) if part is not type(None))
    return kind


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    return typing.get_type_hints(kind)
