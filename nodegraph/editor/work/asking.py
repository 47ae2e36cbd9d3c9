"""Asking the user: what is asked, by whomever, and who puts it on the screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

__all__ = ["Asking", "Choice", "FileType", "Picking", "Question", "Unattended"]


@dataclass(frozen=True)
class Choice:
    """A button.

    Parameters
    ----------
    name : str
        What `answer` is called with.
    text : str
        In the language in use.
    style : {"plain", "danger"}
        "danger" where something is lost.
    """

    name: str
    text: str
    style: Literal["plain", "danger"] = "plain"


@dataclass(frozen=True)
class Question:
    """A question, or something that must be read.

    Parameters
    ----------
    title, text : str
        In the language in use.
    choices : tuple of Choice
        From left to right.
    default, cancel : str
        The choices of Enter and Escape.
    icon : str
        A name of ICONS, or "".
    details : str
        Longer text in smaller letters: paths, what the engine says.
    """

    title: str
    text: str
    choices: tuple[Choice, ...]
    default: str
    cancel: str
    icon: str = ""
    details: str = ""


@dataclass(frozen=True)
class FileType:
    """Files that may be picked: a text for people, and endings in small letters (none for all files)."""

    text: str
    suffixes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Picking:
    """A file or folder to be picked.

    Parameters
    ----------
    mode : {"open", "save", "folder"}
        "save" asks before an existing file is chosen.
    title, accept : str
        Of the dialog and of its button, in the language in use.
    types : tuple of FileType
        The first is shown at first.
    folder : Path, optional
        To begin in; by default the one in which a file was chosen last.
    name : str
        Proposed to save under.
    suffix : str
        Added to the name to save under where it is missing.
    """

    mode: Literal["open", "save", "folder"]
    title: str
    accept: str
    types: tuple[FileType, ...] = (FileType(""),)
    folder: Path | None = None
    name: str = ""
    suffix: str = ""


class Asking(Protocol):
    """Puts questions on the screen, one after the other; `above` those that a dialog on the screen asks."""

    @property
    def showing(self) -> bool:
        """Whether the user is being asked something: nothing else takes keys then."""

    def ask(self, question: Question, answer: Callable[[str], None], *, above: bool = False) -> None:
        """Ask; `answer` takes the name of the choice."""

    def enter(
        self, title: str, text: str, answer: Callable[[str | None], None], *, above: bool = False
    ) -> None:
        """Have a text entered; `answer` takes None if the user does not want to."""

    def pick(self, picking: Picking, answer: Callable[[Path | None], None], *, above: bool = False) -> None:
        """Have a file or folder picked; `answer` takes None if the user does not want to."""


class Unattended:
    """Where there is no screen, every question is answered as by Escape."""

    showing = False

    def ask(self, question: Question, answer: Callable[[str], None], *, above: bool = False) -> None:
        """See Asking."""
        answer(question.cancel)

    def enter(
        self, title: str, text: str, answer: Callable[[str | None], None], *, above: bool = False
    ) -> None:
        """See Asking."""
        answer(None)

    def pick(self, picking: Picking, answer: Callable[[Path | None], None], *, above: bool = False) -> None:
        """See Asking."""
        answer(None)
