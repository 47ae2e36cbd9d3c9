"""The speed of a recording over time, measured from its own partials or from a pilot tone.

A recording is worked through in stretches of half a minute that overlap by a fifth and are faded into
each other, so that strength and phase of a wow may change over a side. In each, periodic deviations
common to all partials are looked for (`speed_lines`), first slow ones with a long window, then
flutter with a short one; for a voice alone, a model may tell where its pitch is (`speed.voice`). What
wanders without a rate is looked for in all of them together
(`speed_drift`). What is not surely there is left alone: a false correction is a new fault.

Axis letters: C channels, T frames.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from nodegraph import Audio, Curve, Measure, Progress, Report, Requirement, Samples, SpeedCurve, no_progress
from nodes.dsp.speed.drift import Drift, Pieces, find_drift, no_pieces, pieces_of
from nodes.dsp.speed.lines import Evidence, Line, Search, deviation_cents, find_lines, fit_lines
from nodes.dsp.speed.partials import CENTS, Partials, Wave, heard, track_partials
from nodes.dsp.speed.pilot import pilot_deviation
from nodes.dsp.speed.voice import SLOW_HZ, Contour, follow_voice

__all__ = ["Engine", "Pilot", "Rotation", "SpeedSettings", "find_speed", "packages_for", "true_speed"]

Rotation = Literal["none", "auto", "33", "45", "78.26", "76.59"]
Pilot = Literal["none", "50", "60"]
Engine = Literal["hilbert", "swift", "crepe"]

_PACKAGES = {"hilbert": (), "swift": ("swift_f0",), "crepe": ("torch", "torchcrepe")}
_TURNS_PER_MINUTE = {"33": 100.0 / 3.0, "45": 45.0, "78.26": 78.26, "76.59": 76.59}
# Harmonics of the rotation that a warped or dented disc shows beside an off-centre one.
_HARMONICS = 3
# A line at a turn that the user named is kept from this power over its variance on: one in eighty
# lines of mere chance is that strong, and it is made smaller by its share of chance.
_SURE_OF_NAMED = 9.0
# A voice alone has few notes, whose scatter says little: then so many lines of mere chance may be kept.
_CHANCE_OF_VOICE = 1e-2
# How often chance may make a line that passes for one: a dozen rates near known turns are looked at, and
# a thousand others.
_CHANCE_OF_KNOWN = 5e-4
_CHANCE_OF_FREE = 1e-5
# Stretches (s): long enough to tell 33⅓ turns from 45 and from the music's own movement; how far apart
# they begin at most; and up to the longest that is taken as one.
_STRETCH_S = 30.0
_STEP_S = 24.0
_LONGEST_STRETCH_S = 32.0
# Points of a speed curve per second: linear pieces keep a flutter of 40 Hz to 2 %.
_POINTS_PER_S = 400.0
# The bands of the trade (Hz), as professional tools name them.
_BANDS = (("Slow wow", 0.0, 0.5), ("Wow", 0.5, 2.0), ("Fast wow", 2.0, 8.0), ("Flutter", 8.0, 40.0))
# A line weaker than this is not worth a correction (cents, effective): 0.017 %, a tenth of what is heard.
_LEAST_CENTS = 0.3
# From this rate on fingers and voices vibrate (Hz), and the strongest modulation that a machine in any
# state makes there (cents, effective): ± 0.4 %. Vibrato is ± 30 cents and more.
_VIBRATO_HZ = 3.0
_MOST_VIBRATION_CENTS = 5.0
# The strongest wow of a disc that is off centre: ± 5 %, 3 mm at the last groove; and of any machine
# that does not turn at a known rate (cents, effective).
_MOST_OFF_CENTRE_CENTS = 60.0
_MOST_CENTS = 25.0

_Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Register:
    """One analysis: how long its window is, and which rates it is for."""

    window_s: float
    hop_s: float
    lowest_hz: float
    highest_hz: float


_REGISTERS = (_Register(0.093, 0.012, 0.0, 12.0), _Register(0.040, 0.008, 12.0, 40.0))


@dataclass(frozen=True)
class SpeedSettings:
    """How to measure the speed; see the node `measure.speed`."""

    rotation: Rotation
    pilot: Pilot
    lowest_hz: float
    highest_hz: float
    drift: Literal["auto", "none"]
    engine: Engine = "hilbert"


@dataclass(frozen=True, eq=False)
class _Stretch:
    """What one stretch told: its lines, or none; times in s from the recording's beginning.

    Its pieces are those of which no other stretch tells.
    """

    begin_s: float
    end_s: float
    lines: tuple[Line, ...]
    pieces: Pieces


def packages_for(settings: Mapping[str, object]) -> Requirement:
    """Return the packages that a node needs to measure the speed; by a pilot, or the bands, none."""
    if settings["pilot"] != "none":
        return Requirement()
    return Requirement(packages=_PACKAGES[str(settings["engine"])])


def find_speed(
    audio: Audio, settings: SpeedSettings, *, progress: Progress = no_progress
) -> tuple[SpeedCurve, Report]:
    """Measure how fast a recording runs over time, and tell what was found.

    Returns
    -------
    curve : SpeedCurve
        Speed 1 throughout where nothing was surely found; 1 on average anyhow.
    report : Report
        Per band: what was found, and how sure it is.
    """
    count = max(2, 1 + math.ceil(audio.seconds * _POINTS_PER_S))
    times = np.arange(count) / _POINTS_PER_S
    found: list[_Stretch] = []
    drifts: list[Drift] = []
    if settings.pilot != "none":
        cents, confidence = pilot_deviation(
            audio,
            float(settings.pilot),
            times,
            lowest_hz=settings.lowest_hz,
            highest_hz=settings.highest_hz,
            progress=progress,
        )
    else:
        found = _stretches(audio, settings, progress)
        if settings.drift == "auto" and settings.rotation not in _TURNS_PER_MINUTE:
            drifts = find_drift([item.pieces for item in found], check=progress.check)
        cents, confidence = _with_drifts(*_faded(found, times), times, drifts)
    speed = np.exp(cents / CENTS)
    if np.ptp(speed) > 0.0:
        # One on average over the recording, so that it ends when it did.
        inside = times <= audio.seconds
        speed /= speed[inside].mean()
    else:
        speed = np.ones(count)
    curve = SpeedCurve(times, speed, confidence)
    _tell(found, drifts, curve, settings, progress)
    return curve, _report(found, drifts, curve, settings)


def _stretches(audio: Audio, settings: SpeedSettings, progress: Progress) -> list[_Stretch]:
    total = audio.seconds
    count = 1 if total <= _LONGEST_STRETCH_S else 1 + math.ceil((total - _STRETCH_S) / _STEP_S)
    length = total if count == 1 else _STRETCH_S
    begins = np.linspace(0.0, total - length, count)
    # Where one stretch hands over to the next: in the middle of what both have heard.
    cuts = [0.0, *(0.5 * (begins[1:] + begins[:-1] + length)), math.inf]

    def work(number: int) -> _Stretch:
        begin = float(begins[number])
        frames = slice(round(begin * audio.sample_rate), round((begin + length) * audio.sample_rate))
        lines, pieces = _measured(
            audio.samples[:, frames], audio.sample_rate, begin, settings, progress.check
        )
        return _Stretch(begin, begin + length, lines, pieces.within(cuts[number], cuts[number + 1]))

    progress(0.0)
    found = []
    for item in progress.map(work, range(count)):
        found.append(item)
        progress(len(found) / count)
    return found


def _measured(
    samples: Samples, rate: int, begin_s: float, settings: SpeedSettings, check: Callable[[], None]
) -> tuple[tuple[Line, ...], Pieces]:
    """Return the lines of a stretch of sound, and the held tones of which it is made."""
    mono, sample_rate = heard(samples, rate)
    named = _TURNS_PER_MINUTE.get(settings.rotation)
    found: list[Line] = []
    pieces = no_pieces()
    if samples.shape[1] < rate:
        return (), pieces
    listen = _listener(mono, sample_rate, settings.engine, check)
    highest = min(settings.highest_hz, 0.2 * rate)
    for register in _REGISTERS:
        low, high = max(settings.lowest_hz, register.lowest_hz), min(highest, register.highest_hz)
        if low >= high or (named and register.lowest_hz > 0.0):
            continue
        partials, up_to_hz = listen(register)
        highest = min(highest, up_to_hz)
        high = min(high, highest)
        if named:
            rates = [turn * named / 60.0 for turn in range(1, _HARMONICS + 1)]
            lines = fit_lines(partials, [hz for hz in rates if hz <= high], check=check)
            chance = 1.0 if settings.engine == "hilbert" else _CHANCE_OF_VOICE
            found += [
                _less_chance(line)
                for line in lines
                if line.sureness >= _SURE_OF_NAMED and line.chance <= chance
            ]
        else:
            found += find_lines(partials, _search(low, high, settings.rotation), known=found, check=check)
        if register.lowest_hz == 0.0:
            times: _Values = partials.hop_s * np.arange(partials.frames, dtype=np.float64)
            pieces = pieces_of(partials, deviation_cents(_kept(found), times), begin_s)
    return _kept(found), pieces


def _listener(
    mono: Wave, sample_rate: float, engine: Engine, check: Callable[[], None]
) -> Callable[[_Register], tuple[Partials, float]]:
    """Return what tells of the tones for one analysis, and up to which rate they tell of the machine."""
    if engine == "hilbert":

        def partials(register: _Register) -> tuple[Partials, float]:
            window_s, hop_s = register.window_s, register.hop_s
            return track_partials(mono, sample_rate, window_s=window_s, hop_s=hop_s, check=check), math.inf

        return partials
    contour = _rough_pitch(mono, sample_rate, engine, check)

    def voice(register: _Register) -> tuple[Partials, float]:
        partials, vibrato = follow_voice(
            mono, sample_rate, contour, window_s=register.window_s, hop_s=register.hop_s, check=check
        )
        # Whether a machine or the voice flutters, a voice alone does not tell.
        return partials, SLOW_HZ if vibrato else _VIBRATO_HZ

    return voice


def _rough_pitch(mono: Wave, sample_rate: float, engine: Engine, check: Callable[[], None]) -> Contour:
    if engine == "swift":
        from nodes.dsp.speed._swift import rough_pitch
    else:
        from nodes.dsp.speed._crepe import rough_pitch
    return rough_pitch(mono, sample_rate, check=check)


def _kept(found: Sequence[Line]) -> tuple[Line, ...]:
    """Return the lines that are the machine's."""
    # Where a vibrato leads, no other fast line can be told from what it brings with it.
    vibrato = any(line.played and line.hz >= _VIBRATO_HZ for line in found)
    return tuple(line for line in found if not (line.played or (vibrato and line.hz >= _VIBRATO_HZ)))


def _less_chance(line: Line) -> Line:
    """Return a line with the share of it taken off that chance alone would have made."""
    share = 1.0 - 1.0 / line.sureness
    return Line(line.hz, share * line.cosine, share * line.sine, line.sureness)


def _search(low: float, high: float, rotation: Rotation) -> Search:
    turns = [hz / 60.0 for hz in _TURNS_PER_MINUTE.values()] if rotation == "auto" else []

    def most(hz: float) -> float:
        return _MOST_VIBRATION_CENTS if hz >= _VIBRATO_HZ else _MOST_CENTS

    # Set where the bench of this kind of damage has its gap: true lines are at 20 and 40 or more on
    # at least one of the two scales, music's own recurring movements at 15 and 25.
    return Search(
        lowest_hz=low,
        highest_hz=high,
        turns_hz=tuple(turns),
        known=lambda _: Evidence(7.0, 20.0, _CHANCE_OF_KNOWN, _LEAST_CENTS, _MOST_OFF_CENTRE_CENTS),
        free=lambda hz: Evidence(12.0, 50.0, _CHANCE_OF_FREE, _LEAST_CENTS, most(hz)),
    )


def _faded(found: Sequence[_Stretch], times: _Values) -> tuple[_Values, _Values]:
    """Return the deviation in cents and the confidence at times, stretches faded into each other."""
    cents, confidence = np.zeros(times.size), np.zeros(times.size)
    weights = np.zeros(times.size)
    for item in found:
        first, last = np.searchsorted(times, [item.begin_s, item.end_s], side="left")
        last = times.size if item is found[-1] else int(last)
        own = times[first:last] - item.begin_s
        length = max(item.end_s - item.begin_s, 1e-9)
        weight = np.maximum(1e-6, 1.0 - np.abs(2.0 * own / length - 1.0))
        cents[first:last] += weight * deviation_cents(item.lines, own)
        confidence[first:last] += weight * _confidence(item.lines)
        weights[first:last] += weight
    weights = np.maximum(weights, 1e-12)
    return cents / weights, confidence / weights


def _with_drifts(
    cents: _Values, confidence: _Values, times: _Values, drifts: Sequence[Drift]
) -> tuple[_Values, _Values]:
    """Add what wanders; where several things are told, the confidence is that of the least sure."""
    for drift in drifts:
        inside = slice(*np.searchsorted(times, drift.time_s[[0, -1]]))
        cents[inside] += np.interp(times[inside], drift.time_s, drift.cents)
        sure, own = 1.0 - 1.0 / drift.sureness, confidence[inside]
        confidence[inside] = np.where(own > 0.0, np.minimum(own, sure), sure)
    return cents, confidence


def _confidence(lines: Sequence[Line]) -> float:
    """Return 1 − the share of the correction's power that may be chance."""
    power = sum(line.cents**2 for line in lines)
    if power <= 0.0:
        return 0.0
    return 1.0 - sum(line.cents**2 / max(line.sureness, 1.0) for line in lines) / power


def _tell(
    found: Sequence[_Stretch],
    drifts: Sequence[Drift],
    curve: SpeedCurve,
    settings: SpeedSettings,
    progress: Progress,
) -> None:
    percent = 100.0 * float(np.std(curve.speed))
    if percent == 0.0:
        progress.note("No wow or flutter was surely found: the speed is left as it is.")
        return
    sure = f", sure to {100.0 * float(curve.confidence[curve.confidence > 0.0].mean()):.0f} %"
    if settings.pilot != "none":
        progress.note(f"The {settings.pilot} Hz hum shows a speed deviation of {percent:.3f} % rms{sure}.")
        return
    parts = [(line.cents, f"at {line.hz:.2f} Hz{_machine(line.hz)}") for item in found for line in item.lines]
    parts += [(float(drift.cents.std()), "slow drift") for drift in drifts]
    strongest = max(parts)[1]
    progress.note(f"Speed deviation of {percent:.3f} % rms{sure}; the strongest part is {strongest}.")


def _machine(hz: float) -> str:
    for name, per_minute in _TURNS_PER_MINUTE.items():
        if abs(hz * 60.0 / per_minute - 1.0) < 0.015:
            return f", one turn of a disc at {'33⅓' if name == '33' else name} rpm"
    return ""


def _report(
    found: Sequence[_Stretch], drifts: Sequence[Drift], curve: SpeedCurve, settings: SpeedSettings
) -> Report:
    measures = [Measure("Speed deviation", 100.0 * float(np.std(curve.speed)), "% rms")]
    if settings.pilot != "none":
        measures.append(Measure("Pilot", float(settings.pilot), "Hz"))
        measures.append(Measure("Pilot: sure to", 100.0 * float(curve.confidence.mean()), "%"))
    else:
        measures += _wandering(drifts, curve)
        for name, low, high in _BANDS:
            measures += _band(name, low, high, [item.lines for item in found])
    # Drawn at a tenth of the points: no eye and no screen has more.
    drawn = slice(None, None, 10)
    shown = Curve("Speed deviation", curve.times_s[drawn], 100.0 * (curve.speed[drawn] - 1.0), "s", "%")
    return Report("Speed", tuple(measures), (shown,))


def _wandering(drifts: Sequence[Drift], curve: SpeedCurve) -> list[Measure]:
    squares = sum(float(drift.cents @ drift.cents) * _spacing(drift) for drift in drifts)
    chance = sum(float(drift.cents @ drift.cents) * _spacing(drift) / drift.sureness for drift in drifts)
    percent = 100.0 / CENTS * math.sqrt(squares / max(float(curve.times_s[-1]), 1e-9))
    sure = 100.0 * (1.0 - chance / squares) if squares > 0.0 else None
    return [Measure("Drift without a rate", percent, "% rms"), Measure("Drift: sure to", sure, "%")]


def _spacing(drift: Drift) -> float:
    return float(drift.time_s[1] - drift.time_s[0])


def _band(name: str, low: float, high: float, found: Sequence[Sequence[Line]]) -> list[Measure]:
    inside = [[line for line in lines if low <= line.hz < high] for lines in found]
    power = [sum((line.cents / CENTS) ** 2 for line in lines) for lines in inside]
    deviation = 100.0 * math.sqrt(sum(power) / max(1, len(power)))
    strongest = max((line for lines in inside for line in lines), key=lambda line: line.cents, default=None)
    sure = 100.0 * float(np.mean([_confidence(lines) for lines in inside])) if inside else 0.0
    return [
        Measure(f"{name}, {low:g} to {high:g} Hz", deviation, "% rms"),
        Measure(f"{name}: strongest rate", strongest.hz if strongest else None, "Hz"),
        Measure(f"{name}: sure to", sure if strongest else None, "%"),
    ]


def true_speed(curve: SpeedCurve) -> bool:
    """Return whether a curve says that the recording runs at its true speed throughout."""
    return curve.speed.size > 0 and bool(np.all(curve.speed == 1.0))
