"""Read a numpydoc docstring: its texts are the tooltips and help pages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Docstring", "read_docstring"]


@dataclass(frozen=True)
class Docstring:
    """The parts of a docstring that are shown.

    Parameters
    ----------
    summary : str
        The first sentence.
    text : str
        What stands between it and the sections.
    parameters, returns : mapping of str to str
        Texts by name.
    references : str
        As they stand.
    """

    summary: str
    text: str
    parameters: Mapping[str, str]
    returns: Mapping[str, str]
    references: str


_HEADING = re.compile(r"^([A-Z][A-Za-z ]+)\n-{3,}\n", re.MULTILINE)


def read_docstring(doc: str) -> Docstring:
    """Return the parts of a docstring, already dedented."""
    head, *rest = _HEADING.split(doc)
    sections = dict(zip(rest[::2], rest[1::2], strict=True))
    summary, _, text = head.strip().partition("\n\n")
    return Docstring(
        summary=" ".join(summary.split()),
        text=text.strip(),
        parameters=_read_entries(sections.get("Parameters", "")),
        returns=_read_entries(sections.get("Returns", "")),
        references=sections.get("References", "").strip(),
    )


def _read_entries(section: str) -> dict[str, str]:
    """Read `name, other : type` lines, each followed by indented text."""
    entries: dict[str, str] = {}
    names: list[str] = []
    for line in section.splitlines():
        if line and not line[0].isspace():
            names = [name.strip().lstrip("*") for name in line.partition(":")[0].split(",")]
            entries.update(dict.fromkeys(names, ""))
        else:
            for name in names:
                entries[name] = f"{entries[name]} {line.strip()}".strip()
    return entries
