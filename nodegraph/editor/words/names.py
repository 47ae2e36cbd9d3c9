"""Names for people: of kinds, families, ports, parameters and choices, made from their identities.

`repair.declick` is "Declick", `threshold_db` is "Threshold" (the unit stands elsewhere). Names that
the rule spells badly stand in a table. All are gettext texts.
"""

from __future__ import annotations

from collections.abc import Mapping

from nodegraph.editor.words.catalogue import N_, _
from nodegraph.param import UNITS

__all__ = [
    "FAMILIES",
    "choice_name",
    "english_kind",
    "english_name",
    "family_name",
    "family_of",
    "kind_name",
    "param_name",
    "port_name",
]

FAMILIES: tuple[str, ...] = (
    "source",
    "repair",
    "separate",
    "tone",
    "level",
    "stereo",
    "measure",
    "speed",
    "output",
)
"""The palette's order."""

_FAMILY_NAMES: Mapping[str, str] = {
    "source": N_("Sources"),
    "repair": N_("Repair"),
    "separate": N_("Separate"),
    "tone": N_("Tone"),
    "level": N_("Level and mix"),
    "stereo": N_("Stereo"),
    "measure": N_("Measure"),
    "speed": N_("Speed"),
    "output": N_("Output"),
    "other": N_("Other"),
}

_FAMILY_OF: Mapping[str, str] = {
    "load": "source",
    "export": "output",
    "speed.export": "output",
    "mix": "level",
    "gain": "level",
    "channels": "stereo",
    "trim": "tone",
    "resample": "tone",
    "compare": "measure",
}

_SPELLED: Mapping[str, str] = {
    "hpss": "Harmonic / percussive",
    "eq": "Equaliser",
    "load": "Load audio",
    "export": "Export audio",
    "demo": "Demo recording",
    "codec": "Codec damage",
    "wow": "Wow and flutter",
    "mix": "Mix",
    "two_walls": "Two groove walls",
    "audio": "Audio",
    "q": "Q",
    "dbtp": "True peak",
}


_SPELLED_KINDS: Mapping[str, str] = {
    "speed.draw": "Draw speed",
    "speed.export": "Export speed",
    "speed.load": "Load speed",
}


def family_of(kind: str) -> str:
    """Return the family of a kind: one of FAMILIES, or "other"."""
    family = _FAMILY_OF.get(kind) or kind.partition(".")[0]
    return family if family in FAMILIES else "other"


def family_name(family: str) -> str:
    """Return the family's heading."""
    return _(_FAMILY_NAMES[family])


def english_name(name: str, *, unit: bool = False) -> str:
    """Return the English name that an identity spells: the gettext text.

    Parameters
    ----------
    name : str
        "two_walls", "max_click_ms".
    unit : bool
        Whether its last word may be a unit, which is left out then.
    """
    if name in _SPELLED:
        return _SPELLED[name]
    words = name.split("_")
    if unit and len(words) > 1 and words[-1] in UNITS:
        words = words[:-1]
    text = " ".join(words)
    return _SPELLED.get(text, text[:1].upper() + text[1:])


def english_kind(kind: str) -> str:
    """Return the English name of a kind: the gettext text."""
    return _SPELLED_KINDS.get(kind) or english_name(kind.rpartition(".")[2])


def kind_name(kind: str) -> str:
    """Return "Declick" for "repair.declick"."""
    return _(english_kind(kind))


def param_name(name: str) -> str:
    """Return "Max click" for "max_click_ms"."""
    return _(english_name(name, unit=True))


def port_name(name: str) -> str:
    """Return "Tracks 2" for "tracks.2"."""
    port, dot, number = name.partition(".")
    return _(english_name(port)) + (f" {number}" if dot else "")


def choice_name(choice: str) -> str:
    """Return "Steady" for "steady"."""
    return _(english_name(choice))
