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

_KINDS: Mapping[str, str] = {
    "load": "Load audio",
    "export": "Export audio",
    "measure.speed": "Measure speed",
    "measure.damage": "Damage report",
    "speed.draw": "Draw speed",
    "speed.load": "Load speed",
    "speed.export": "Export speed",
    "source.demo": "Demo recording",
    "repair.codec": "Codec damage",
    "repair.wow": "Wow and flutter",
    "separate.hpss": "Harmonic / percussive",
    "separate.open_unmix": "Open-Unmix",
    "stereo.two_walls": "Two groove walls",
    "tone.eq": "Equaliser",
}

_SPELLED: Mapping[str, str] = {
    # Parameters.
    "sample_rate": "Sample rate",
    "tone_ms": "Tone length",
    "clicks_per_s": "Clicks",
    "crackle_per_s": "Crackle",
    "lowest_hz": "Slowest",
    "highest_hz": "Fastest",
    "limit_hz": "From",
    "top_hz": "Up to",
    "limit_db": "Limit",
    "low_hz": "Low band",
    "mid_hz": "Mid band",
    "high_hz": "High band",
    "low_db": "Low gain",
    "mid_db": "Mid gain",
    "high_db": "High gain",
    "low_q": "Low Q",
    "mid_q": "Mid Q",
    "high_q": "High Q",
    "niter": "Filter rounds",
    # Types.
    "ClickMap": "Click map",
    "SpeedCurve": "Speed curve",
    "NoiseProfile": "Noise profile",
    # Choices.
    "wav": "WAV",
    "flac": "FLAC",
    "ogg": "Ogg",
    "mp3": "MP3",
    "16": "16 bit",
    "24": "24 bit",
    "32f": "32 bit float",
    "tpdf": "TPDF",
    "from_name": "From the name",
    "mid_side": "Mid/side",
    "left_right_from_mid_side": "Left/right from mid/side",
    "33": "33⅓",
    "riaa": "RIAA",
    "convert_from_riaa": "Convert from RIAA",
    "columbia_lp": "Columbia LP",
    "nab_lp": "NAB LP",
    "aes_lp": "AES LP",
    "decca_78": "Decca 78",
    "rca_78": "RCA 78",
    "ccir_78": "CCIR 78",
    "european_250": "European 250 Hz",
    "blumlein_300": "Blumlein 300 Hz",
    "turnover_500": "Turnover 500 Hz",
    "tape_nab": "Tape NAB",
    "tape_iec_15ips": "Tape IEC 15 ips",
    "tape_iec_7ips": "Tape IEC 7½ ips",
    "cassette_type_1": "Cassette type I",
    "cassette_type_2": "Cassette type II",
    "htdemucs": "HTDemucs",
    "htdemucs_ft": "HTDemucs ft",
    "htdemucs_6s": "HTDemucs 6s",
    "hdemucs_mmi": "HDemucs mmi",
    "mdx": "MDX",
    "mdx_extra": "MDX extra",
    "umxhq": "UMX HQ",
    "umx": "UMX",
    "umxl": "UMX L",
    "umxse": "UMX SE",
    "2stems": "2 stems",
    "4stems": "4 stems",
    "5stems": "5 stems",
    "cpu": "CPU",
    "cuda": "CUDA",
    "mps": "MPS",
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
    return _KINDS.get(kind) or english_name(kind.rpartition(".")[2])


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
