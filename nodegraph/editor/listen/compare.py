"""Compare: two sounds made equally loud, so that the better one wins and not the louder one."""

from __future__ import annotations

from dataclasses import dataclass

from nodegraph.editor.listen.background import Stop
from nodegraph.editor.listen.loudness import LOWEST_RATE, integrated_lufs, measure_energies
from nodegraph.editor.listen.sound import Sound
from nodegraph.editor.words import _
from nodegraph.editor.words.values import level_text

__all__ = ["Match", "Matcher", "common_passage", "why_no_difference"]

Region = tuple[float, float]

# Two sounds closer to each other than this are left alone (LU): nobody hears it.
_EQUAL_LU = 0.05
# So many measured passages are remembered.
_REMEMBERED = 256


@dataclass(frozen=True)
class Match:
    """How two sounds were made equally loud.

    Parameters
    ----------
    gains_db : tuple of float
        Of A and B: the louder one is lowered, the other one left alone.
    lufs : tuple of float, optional
        What was measured of A and B.
    text : str
        What was done, for the user.
    """

    gains_db: tuple[float, float] = (0.0, 0.0)
    lufs: tuple[float | None, float | None] = (None, None)
    text: str = ""


class Matcher:
    """Measures the loudness of passages and remembers it. May be used from any one thread."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int, int], float | None] = {}

    def match(self, a: Sound, b: Sound, region: Region | None = None, stop: Stop = lambda: False) -> Match:
        """Return the gains that make two sounds equally loud.

        Parameters
        ----------
        a, b : Sound
            The two.
        region : tuple of float, optional
            The looped passage; what is loud elsewhere does not count then.
        stop : callable
            Asked now and then; a match that is stopped says nothing.
        """
        passage = common_passage(a, b, region)
        if passage is None:
            return Match(text=_("A and B have no passage in common, so their loudness is not matched."))
        lufs = self._lufs(a, passage, stop), self._lufs(b, passage, stop)
        if stop():
            return Match()
        return _matched(*lufs)

    def _lufs(self, sound: Sound, passage: Region, stop: Stop) -> float | None:
        begin, end = (round((second - sound.begin_s) * sound.sample_rate) for second in passage)
        place = (sound.key, begin, end)
        if place not in self._known:
            if sound.sample_rate < LOWEST_RATE:
                return None
            found = integrated_lufs(measure_energies(sound, begin, end, stop))
            if stop():
                return None
            if len(self._known) >= _REMEMBERED:
                self._known.pop(next(iter(self._known)))
            self._known[place] = found
        return self._known[place]


def common_passage(a: Sound, b: Sound, region: Region | None = None) -> Region | None:
    """Return the passage that two sounds, and the loop if there is one, have in common (s)."""
    begin, end = max(a.begin_s, b.begin_s), min(a.end_s, b.end_s)
    if region is not None:
        begin, end = max(begin, region[0]), min(end, region[1])
    return (begin, end) if begin < end else None


def why_no_difference(a: Sound | None, b: Sound | None) -> str:
    """Return a sentence why A − B cannot be made, or ""."""
    if a is None or b is None:
        return _("A difference needs two sounds: choose a second port.")
    if a.sample_rate != b.sample_rate:
        return _("A has {a} Hz and B has {b} Hz: without the same rate there is no difference.").format(
            a=a.sample_rate, b=b.sample_rate
        )
    if a.channels != b.channels:
        return _("A has {a} channels and B has {b}: without as many there is no difference.").format(
            a=a.channels, b=b.channels
        )
    if a.frames != b.frames or round((a.begin_s - b.begin_s) * a.sample_rate):
        return _("A and B are not equally long: without the same passage there is no difference.")
    return ""


def _matched(a: float | None, b: float | None) -> Match:
    if a is None or b is None:
        text = _("The passage is silent or shorter than 0.4 s, so the loudness is not matched.")
        return Match(lufs=(a, b), text=text)
    louder = b - a
    if abs(louder) < _EQUAL_LU:
        return Match(lufs=(a, b), text=_("A and B are equally loud."))
    if louder > 0:
        text = _("B is {louder} dB louder, lowered to match.").format(louder=level_text(louder))
        return Match((0.0, -louder), (a, b), text)
    text = _("A is {louder} dB louder, lowered to match.").format(louder=level_text(-louder))
    return Match((louder, 0.0), (a, b), text)
