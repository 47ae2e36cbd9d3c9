"""What a node needs that may be missing: packages, weights of models, an environment of its own.

A node says so as facts; the library turns them into one sentence with the command that helps.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Extra", "Requirement"]


@dataclass(frozen=True)
class Requirement:
    """What a node needs with certain settings.

    Parameters
    ----------
    packages : tuple of str
        Import names, in the environment that Regroove runs in.
    weights : tuple of str
        Names of `Weights`.
    environment : str
        Name of an isolated `Extra`; "" where none is needed.
    """

    packages: tuple[str, ...] = ()
    weights: tuple[str, ...] = ()
    environment: str = ""

    def __or__(self, other: Requirement) -> Requirement:
        """Return what is needed for both."""
        return Requirement(
            tuple(dict.fromkeys(self.packages + other.packages)),
            tuple(dict.fromkeys(self.weights + other.weights)),
            self.environment or other.environment,
        )


@dataclass(frozen=True)
class Extra:
    """A feature that is installed only by those who want it.

    Parameters
    ----------
    name : str
        By which it is installed: "ai".
    text : str
        What it makes possible, in one sentence.
    packages : tuple of str
        Import names that it brings, by which one sees whether it is there.
    lines : tuple of str
        What pip installs, one after the other ("torch==2.13.0").
    download_bytes, disk_bytes : int
        About how much is loaded and how much it takes up.
    licence : str
        Of what it brings.
    pythons : tuple of (int, int), optional
        The first and the last version of Python that it runs on; None: all of Regroove's.
    isolated : bool
        It gets an environment of its own, since its pins clash with Regroove's.
    """

    name: str
    text: str
    packages: tuple[str, ...]
    lines: tuple[str, ...]
    download_bytes: int
    disk_bytes: int
    licence: str
    pythons: tuple[tuple[int, int], tuple[int, int]] | None = None
    isolated: bool = False
