"""Reading a checkpoint of TensorFlow without TensorFlow.

A checkpoint of format V2 is two files: `model.index` is a table sorted by name, in LevelDB's format, which
says for each tensor its type, its shape and where it lies in `model.data-00000-of-00001`. Nothing in it is
a program. What Spleeter's files do not use is refused: several data files, compressed tables, types other
than 32-bit float.

References
----------
S. Ghemawat, J. Dean, "LevelDB file layouts", doc/table_format.md (2011).
TensorFlow, core/protobuf/tensor_bundle.proto: BundleHeaderProto and BundleEntryProto.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nodegraph import WeightsError

__all__ = ["Checkpoint"]

# The last 8 bytes of a table, and the length of what it ends in (table_format.md).
_MAGIC = 0xDB4775248B80FB57
_FOOTER_BYTES = 48
# DataType.DT_FLOAT of tensorflow/core/framework/types.proto.
_FLOAT = 1
# CRC-32C, Castagnoli's polynomial with its bits reversed, and how LevelDB hides it.
_CRC_POLYNOMIAL = 0x82F63B78
_CRC_MASK = 0xA282EAD8

_Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class _Entry:
    """Where a tensor lies: BundleEntryProto."""

    type: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int


class Checkpoint:
    """The tensors of a checkpoint, by their names.

    Parameters
    ----------
    index : bytes
        What `model.index` holds.
    data : bytes
        What `model.data-00000-of-00001` holds.
    name : str
        Of the weights, for messages.

    Raises
    ------
    WeightsError
        If the index is no such table, or torn.
    """

    def __init__(self, index: bytes, data: bytes, *, name: str) -> None:
        self._data, self._name = data, name
        try:
            self._entries = dict(_entries(index))
        except (ValueError, IndexError, struct.error) as error:
            raise WeightsError(f"The weights {name} are no checkpoint of TensorFlow, or are torn.") from error

    def __contains__(self, tensor: str) -> bool:
        return tensor in self._entries

    def tensor(self, name: str) -> _Array:
        """Return one tensor.

        Raises
        ------
        WeightsError
            If there is none of that name, it is of another type, or the data are torn.
        """
        entry = self._entries.get(name)
        if entry is None:
            raise WeightsError(f"The weights {self._name} do not fit their network: they lack {name}.")
        if entry.type != _FLOAT or entry.shard:
            raise WeightsError(f"The weights {self._name} hold {name} in a form that is not supported.")
        count = math.prod(entry.shape)
        if entry.size != 4 * count or entry.offset + entry.size > len(self._data):
            raise WeightsError(f"The weights {self._name} are torn at {name}.")
        values = np.frombuffer(self._data, "<f4", count, entry.offset)
        return values.reshape(entry.shape).astype(np.float32, copy=False)


def _entries(index: bytes) -> Iterator[tuple[str, _Entry]]:
    """Yield all tensors of an index."""
    if len(index) < _FOOTER_BYTES or struct.unpack("<Q", index[-8:])[0] != _MAGIC:
        raise ValueError("no table")
    footer, position = index[-_FOOTER_BYTES:], 0
    _, position = _varint(footer, position)
    _, position = _varint(footer, position)
    for _, handle in _rows(index, footer[position:]):
        for key, value in _rows(index, handle):
            # The empty name has the facts about the whole: the one shard is checked entry by entry.
            if key:
                yield key.decode(), _read_entry(value)


def _rows(index: bytes, handle: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield keys and values of the block that a handle points to."""
    offset, position = _varint(handle, 0)
    size, _ = _varint(handle, position)
    block, kind = index[offset : offset + size], index[offset + size]
    (checksum,) = struct.unpack_from("<I", index, offset + size + 1)
    if kind or checksum != _masked_crc(index[offset : offset + size + 1]):
        raise ValueError("a block is compressed or torn")
    (restarts,) = struct.unpack("<I", block[-4:])
    position, key = 0, b""
    while position < len(block) - 4 * (1 + restarts):
        shared, position = _varint(block, position)
        own, position = _varint(block, position)
        length, position = _varint(block, position)
        key = key[:shared] + block[position : position + own]
        yield key, block[position + own : position + own + length]
        position += own + length


def _read_entry(message: bytes) -> _Entry:
    facts: dict[int, int] = {}
    shape: list[int] = []
    for number, value in _fields(message):
        if isinstance(value, int):
            facts[number] = value
        elif number == 2:
            # TensorShapeProto: its field 2 is a dimension, whose field 1 is the size.
            dimensions = [dict(_fields(each)) for key, each in _fields(value) if key == 2 and each]
            shape += [int(each.get(1, 0)) for each in dimensions]
    return _Entry(facts.get(1, 0), tuple(shape), facts.get(3, 0), facts.get(4, 0), facts.get(5, 0))


def _fields(message: bytes | int) -> Iterator[tuple[int, int | bytes]]:
    """Yield the numbers and values of a protocol buffer's fields."""
    if isinstance(message, int):
        raise ValueError("a number stands where a message should")
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            whole, position = _varint(message, position)
            yield number, whole
        elif wire == 2:
            length, position = _varint(message, position)
            yield number, message[position : position + length]
            position += length
        elif wire == 5:
            yield number, struct.unpack_from("<I", message, position)[0]
            position += 4
        else:
            raise ValueError(f"wire type {wire}")


def _varint(message: bytes, position: int) -> tuple[int, int]:
    """Return a number written in groups of seven bits, and where it ends."""
    value, shift = 0, 0
    while True:
        byte = message[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value, position


def _masked_crc(message: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in message:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (_CRC_POLYNOMIAL if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + _CRC_MASK) & 0xFFFFFFFF
