"""torch for all backends: which device, weights without code, and nobody's random numbers spent.

A checkpoint of torch is a pickle, which may hold any program; here it is read by torch's own reader of
plain values (`weights_only`), with no more names allowed than its official format has.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from nodegraph import ParameterError, WeightsError

__all__ = ["check_name", "construction", "device_of", "read_checkpoint", "unseen_random"]

# What torch's reader says of a name that it does not know.
_FORBIDDEN = re.compile(r"GLOBAL ([\w.]+)")
_BLOCK_BYTES = 1 << 20


def device_of(choice: str) -> torch.device:
    """Return the device that a parameter names: "auto", "cpu", "cuda" or "mps".

    Raises
    ------
    ParameterError
        If this computer does not have it.
    """
    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if choice == "auto":
        return torch.device(next(name for name, found in here.items() if found))
    if not here[choice]:
        raise ParameterError(f"device is {choice}, which this computer does not have: choose auto or cpu.")
    return torch.device(choice)


def check_name(path: Path, stem: str, model: str) -> None:
    """Check a file against the beginning of its SHA-256 that its name ends in.

    Parameters
    ----------
    path : Path
        For example `955717e8-8726e21a.th`.
    stem : str
        The name's part that must look like that; the digest is what follows its last - or _.
    model : str
        As the catalogue names it, for the message.

    Raises
    ------
    WeightsError
        If the file is another one.
    """
    expected = re.split("[-_]", stem)[-1].lower()
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    found = digest.hexdigest()[: len(expected)]
    if found != expected:
        raise WeightsError(
            f"The weights {path.name} are damaged: their SHA-256 begins with {found}, not {expected}. "
            f"Run: regroove models fetch {model}"
        )


def read_checkpoint(path: Path, allowed: Sequence[Any] = ()) -> Any:
    """Return what a torch checkpoint holds: tensors, plain values, and what is `allowed`.

    Raises
    ------
    WeightsError
        If it is no checkpoint, or holds anything else; nothing of it was run then.
    """
    try:
        with torch.serialization.safe_globals(list(allowed)):
            return torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise WeightsError(f"The weights {path.name} cannot be read: {error.strerror or error}.") from error
    # Torn files end in any error of zipfile, pickle or torch.
    except Exception as error:
        named = _FORBIDDEN.search(str(error))
        if named is None:
            raise WeightsError(f"The weights {path.name} are no file of torch, or are torn.") from error
        raise WeightsError(
            f"The weights {path.name} hold {named[1]}, which such files do not have: they were not opened."
        ) from error


@contextmanager
def construction() -> Iterator[None]:
    """Let networks be made, which draws random numbers, without anybody else's being spent."""
    with torch.random.fork_rng(devices=[]):
        yield


@contextmanager
def unseen_random() -> Iterator[None]:
    """Let a package draw from Python's global generator, always the same, and put that back after."""
    state = random.getstate()
    random.seed(0)
    try:
        yield
    finally:
        random.setstate(state)
