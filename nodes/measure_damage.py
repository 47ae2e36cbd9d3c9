"""Measuring damage: what a transfer suffers from, how much, and which repairs would help.

Nothing is told here that a repair does not also go by: clicks are what Declick would find, hum is what
Dehum would rebuild, wow is what Wow would undo. So what is advised has something to do, and where a
recording is sound nothing is advised.

Axis letters: C channels, T frames.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nodegraph import Audio, Curve, Measure, NoiseProfile, Progress, Report, no_progress, node
from nodes.dsp.ar.impulses import CONTEXT_HOPS, find_impulses, finder_for
from nodes.dsp.clip.clipped import Clipped, find_clipped
from nodes.dsp.codec.trace import CodecTrace, find_codec
from nodes.dsp.hum.search import Hum, find_hum, searches_for
from nodes.dsp.levels import Levels, dbfs, decibels, measure_levels
from nodes.dsp.noise.profile import find_noise, profile_of
from nodes.dsp.overlap_add import Block, cut_blocks
from nodes.dsp.spectrum import bandwidth_hz, cutoff_hz, long_term_spectrum
from nodes.dsp.speed.search import SpeedSettings, find_speed
from nodes.dsp.stft import nearest_n_fft
from nodes.dsp.walls import Alignment, find_alignment

__all__ = ["measure_damage"]

# What the repairs look for when they are left as they are: evidence (dB) and length (ms) of a click …
_CLICK_DB, _CLICK_MS = 24.0, 10.0
# … the mains, with harmonics up to (Hz), held for (s) …
_MAINS = searches_for("auto")
_HARMONICS_HZ, _HOLD_S = 2000.0, 12.0
# … and deviations of speed.
_SPEED = SpeedSettings(rotation="auto", pilot="none", lowest_hz=0.2, highest_hz=40.0, drift="auto")
# Impulses up to this long (ms) are crackle (Godsill & Rayner 1998, chapter 1), with the four frames
# that a search adds at the edges left out.
_CRACKLE_MS, _EDGE_FRAMES = 0.4, 4
# A recording up to this long is listened through for wow (s); of a longer one a passage a minute is,
# as long as one stretch of the search. A machine wows all the time.
_WOW_WHOLE_S, _WOW_EVERY_S, _WOW_PASSAGE_S = 32.0, 60.0, 24.0
# With so many clicks (per s) a codec's holes cannot be told from what lies between two of them.
_CLICKS_FOR_HOLES_PER_S = 3.0
# Noise is told for rumble, the middle and hiss: below, between and above these (Hz).
_NOISE_BANDS_HZ = (200.0, 2000.0)
# Two channels are compared in windows of this length (ms) …
_WALLS_MS = 46.0
# … and are one signal twice from this share of common power on; below, a delay is an effect.
_ONE_SIGNAL = 0.9
# From here on a repair is advised: clicks and crackle (per s), speed (% rms: half of the least that is
# heard), offset (%), noise (dBFS; the noise of 16 bits is at −98), delay (µs: a tenth of a frame).
_CLICKS_PER_S, _CRACKLE_PER_S, _SPEED_PERCENT, _OFFSET_PERCENT = 0.3, 25.0, 0.03, 1.0
_NOISE_DBFS, _DELAY_US = -75.0, 2.0

_Values = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Found:
    """All that was found in a recording."""

    impulses: _Impulses
    clipped: list[Clipped]
    hum: Hum | None
    levels: Levels
    noise: NoiseProfile | None
    bandwidth_hz: float | None
    end_hz: float | None
    codec: CodecTrace
    speed: tuple[Measure, ...]
    walls: Alignment | None

    @property
    def codec_found(self) -> bool | None:
        """Whether a lossy codec left holes; None where it cannot be told."""
        if self.end_hz is None or (self.impulses.rate or 0.0) >= _CLICKS_FOR_HOLES_PER_S:
            return None
        return self.codec.found


@node(version=1, kind="measure.damage", linked=True)
def measure_damage(audio: Audio, *, progress: Progress = no_progress) -> Report:
    """Tell what a recording suffers from, and which repairs would help.

    Parameters
    ----------
    audio : Audio
        Any recording. It is not changed.
    progress : Progress
        Told several times a second.

    Returns
    -------
    report : Report
        Clicks and crackle per second; clipped samples and the levels they were clipped at; hum; the
        noise floor, and noise by bands where it sounds alone; where the treble ends, where all sound
        is cut off, and whether a lossy codec left holes; wow and flutter by bands; offset; how the two
        channels of a stereo recording differ in level, time and polarity. Under "Advised repairs" the
        kinds of node that would help, in the order in which to use them, and one line for each with the
        reason.
        What cannot be measured is shown as a dash.

    References
    ----------
    S. Godsill, P. Rayner, Digital Audio Restoration, Springer 1998, chapter 1: the kinds of damage.
    """
    noise = _noise(audio, progress.part(0.0, 0.02))
    levels = measure_levels(audio, progress=progress.part(0.02, 0.03))
    hz, power = long_term_spectrum(audio, progress=progress.part(0.03, 0.06))
    end_hz = cutoff_hz(hz, power)
    found = _Found(
        impulses=_impulses(audio, progress.part(0.06, 0.55)),
        clipped=find_clipped(audio, progress=progress.part(0.55, 0.58)),
        hum=_hum(audio, progress.part(0.58, 0.68)),
        levels=levels,
        noise=noise,
        bandwidth_hz=bandwidth_hz(hz, power),
        end_hz=end_hz,
        codec=find_codec(audio, end_hz, progress=progress.part(0.68, 0.72)),
        speed=_speed(audio, progress.part(0.72, 0.97)),
        walls=_walls(audio, levels, progress.part(0.97, 1.0)),
    )
    clicks = found.impulses.per_second
    curves = [
        Curve("Clicks", np.arange(float(clicks.size)), clicks, "s", "1/s"),
        Curve("Long-term spectrum", hz, decibels(power), "Hz", "dBFS"),
    ]
    if noise is not None:
        density = noise.power.mean(axis=0)
        at = np.linspace(0.0, audio.sample_rate / 2.0, density.size)
        curves.append(Curve("Spectrum of the noise", at, decibels(density), "Hz", "dBFS/Hz"))
    return Report("Damage", (*_advice(found), *_measures(found, audio)), tuple(curves))


# --- clicks --------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Impulses:
    """Clicks: how many begin in each second, and how many a second there are, and are crackle."""

    per_second: _Values
    rate: float | None
    crackle_rate: float | None


def _impulses(audio: Audio, progress: Progress) -> _Impulses:
    finder = finder_for(audio.sample_rate, threshold_db=_CLICK_DB, longest_ms=_CLICK_MS)
    hop = finder.find.hop

    def work(block: Block) -> tuple[int, npt.NDArray[np.int64]]:
        shown = audio.samples[:, block.outer_begin : block.outer_end]
        spans = np.concatenate(find_impulses([row.astype(np.float64) for row in shown], finder))
        spans = spans[np.argsort(spans[:, 0], kind="stable")] + block.outer_begin
        return block.end, spans[(spans[:, 0] >= block.begin) & (spans[:, 0] < block.end)]

    per_second = np.zeros(math.ceil(audio.seconds))
    crackle = reached = 0
    blocks = cut_blocks(audio.frames, audio.channels, context_frames=CONTEXT_HOPS * hop, align_frames=hop)
    for done, spans in progress.map(work, blocks):
        # What two channels share is one click.
        before = np.maximum.accumulate(np.concatenate([[reached], spans[:, 1]]))
        new = spans[:, 0] >= before[:-1]
        reached = int(before[-1])
        seconds = spans[new, 0] // audio.sample_rate
        per_second += np.bincount(seconds, minlength=per_second.size)
        lengths = (spans[new, 1] - spans[new, 0] - _EDGE_FRAMES) * 1000.0 / audio.sample_rate
        crackle += int(np.count_nonzero(lengths <= _CRACKLE_MS))
        progress(done / audio.frames)
    if not audio.frames:
        return _Impulses(per_second, None, None)
    return _Impulses(per_second, float(per_second.sum()) / audio.seconds, crackle / audio.seconds)


# --- hum, noise, speed, walls --------------------------------------------------------------------


def _hum(audio: Audio, progress: Progress) -> Hum | None:
    return find_hum(audio, searches=_MAINS, harmonics_hz=_HARMONICS_HZ, hold_s=_HOLD_S, progress=progress)


def _noise(audio: Audio, progress: Progress) -> NoiseProfile | None:
    passage = find_noise(audio, progress=progress)
    return None if passage is None else profile_of(audio, *passage, progress=progress)


def _noise_dbfs(noise: NoiseProfile | None, low_hz: float, high_hz: float) -> float | None:
    """Return the level of noise between two frequencies."""
    if noise is None:
        return None
    density = noise.power.mean(axis=0)
    bin_hz = noise.sample_rate / 2.0 / (density.size - 1)
    hz = np.arange(density.size) * bin_hz
    power = float(density[(hz >= low_hz) & (hz < high_hz)].sum()) * bin_hz
    return dbfs(math.sqrt(power))


def _passages(audio: Audio) -> Iterator[slice]:
    """Yield the frames in which wow is listened for."""
    if audio.seconds <= _WOW_WHOLE_S:
        yield slice(0, audio.frames)
        return
    count = max(2, math.ceil(audio.seconds / _WOW_EVERY_S))
    frames = round(_WOW_PASSAGE_S * audio.sample_rate)
    for begin in np.linspace(0, audio.frames - frames, count).astype(int):
        yield slice(int(begin), int(begin) + frames)


def _speed(audio: Audio, progress: Progress) -> tuple[Measure, ...]:
    """Return what the search for wow and flutter tells, of all passages together."""
    quiet = progress.with_note(lambda _: None)
    passages = list(_passages(audio))
    reports = []
    for number, frames in enumerate(passages):
        part = Audio.trusted(np.ascontiguousarray(audio.samples[:, frames]), audio.sample_rate)
        share = quiet.part(number / len(passages), (number + 1) / len(passages))
        reports.append(find_speed(part, _SPEED, progress=share)[1].measures)
    return tuple(_together(same) for same in zip(*reports, strict=True))


def _together(same: Sequence[Measure]) -> Measure:
    """Return one measure for the same one of several passages: deviations by power, others by mean."""
    values = [float(one.value) for one in same if isinstance(one.value, (int, float))]
    if not values:
        return same[0]
    if same[0].unit == "% rms":
        return Measure(same[0].name, math.sqrt(math.fsum(v * v for v in values) / len(values)), "% rms")
    return Measure(same[0].name, float(np.median(values)), same[0].unit)


def _walls(audio: Audio, levels: Levels, progress: Progress) -> Alignment | None:
    if audio.channels != 2 or levels.peak == 0.0:
        return None
    return find_alignment(audio, nearest_n_fft(_WALLS_MS, audio.sample_rate), progress=progress)


# --- the report ----------------------------------------------------------------------------------


def _measures(found: _Found, audio: Audio) -> Iterator[Measure]:
    yield Measure("Clicks", found.impulses.rate, "1/s")
    yield Measure("Crackle among them", found.impulses.crackle_rate, "1/s")
    yield from _clipped_measures(found.clipped, audio)
    yield Measure("Hum", None if found.hum is None else found.hum.mean_hz, "Hz")
    yield Measure("Hum level", None if found.hum is None else found.hum.level_db, "dBFS")
    yield Measure("Noise floor", found.levels.noise_floor_dbfs, "dBFS")
    yield Measure("Noise alone", _noise_dbfs(found.noise, 0.0, math.inf), "dBFS")
    low_hz, high_hz = _NOISE_BANDS_HZ
    yield Measure(f"Noise below {low_hz:g} Hz", _noise_dbfs(found.noise, 0.0, low_hz), "dBFS")
    yield Measure(f"Noise {low_hz:g} to {high_hz:g} Hz", _noise_dbfs(found.noise, low_hz, high_hz), "dBFS")
    yield Measure(f"Noise above {high_hz:g} Hz", _noise_dbfs(found.noise, high_hz, math.inf), "dBFS")
    yield Measure("Bandwidth", found.bandwidth_hz, "Hz")
    yield Measure("Cut-off", found.end_hz, "Hz")
    codec = found.codec_found
    yield Measure("Codec", None if codec is None else "found" if codec else "none")
    yield Measure("Codec holes", None if codec is None else found.codec.notches_permille, "‰")
    yield from found.speed
    yield Measure("DC offset", found.levels.offset_percent, "%")
    yield from _stereo_measures(found, audio)


def _clipped_measures(clipped: list[Clipped], audio: Audio) -> Iterator[Measure]:
    count, total = sum(one.count for one in clipped), audio.frames * audio.channels
    yield Measure("Clipped samples", count)
    yield Measure("Clipped share", 100.0 * count / total if total else None, "%")
    for channel, one in enumerate(clipped, 1):
        name = f", channel {channel}" if audio.channels > 1 else ""
        for side, levels in (("above", one.positive), ("below", one.negative)):
            level = dbfs(levels[-1].high) if levels else None
            yield Measure(f"Clipped {side} zero at{name}", level, "dBFS")


def _stereo_measures(found: _Found, audio: Audio) -> Iterator[Measure]:
    if audio.channels != 2:
        return
    left, right = found.levels.powers
    common = found.levels.common or 0.0
    both = math.sqrt(left * right)
    heard = both > 0.0
    yield Measure("Channel balance", 10.0 * math.log10(right / left) if heard else None, "dB")
    yield Measure("Channel correlation", common / both if heard else None)
    walls = found.walls
    one = walls is not None and walls.likeness >= _ONE_SIGNAL
    yield Measure("Likeness of the channels", None if walls is None else 100.0 * walls.likeness, "%")
    delay_s = float(np.median(walls.delay_s)) if walls is not None and one else None
    yield Measure("Polarity of the channels", None if walls is None or not one else _polarity(walls))
    yield Measure("Channel delay", None if delay_s is None else 1e6 * delay_s, "µs")
    yield Measure("Channel delay in samples", None if delay_s is None else delay_s * audio.sample_rate, "")


def _polarity(walls: Alignment) -> str:
    return "inverted" if walls.inverted else "same"


def _advice(found: _Found) -> Iterator[Measure]:
    """Yield the kinds of the repairs that would help, together and then each with its reason."""
    advised = list(_reasons(found))
    yield Measure("Advised repairs", ", ".join(kind for kind, _ in advised) or "none")
    for kind, reason in advised:
        yield Measure(kind, reason)


def _reasons(found: _Found) -> Iterator[tuple[str, str]]:
    yield from _reasons_of_channels(found.walls)
    yield from _reasons_of_samples(found)
    yield from _reasons_of_sound(found)


def _reasons_of_channels(walls: Alignment | None) -> Iterator[tuple[str, str]]:
    if walls is None or walls.likeness < _ONE_SIGNAL:
        return
    delay_us = 1e6 * float(np.median(walls.delay_s))
    if walls.inverted or abs(delay_us) >= _DELAY_US:
        apart = f"polarity {_polarity(walls)}, {delay_us:.0f} µs apart"
        yield "stereo.two_walls", f"both channels carry one signal, {apart}"


def _reasons_of_samples(found: _Found) -> Iterator[tuple[str, str]]:
    count, clicks = sum(one.count for one in found.clipped), found.impulses
    if count:
        yield "repair.declip", f"{count} samples were clipped"
    if (clicks.rate or 0.0) >= _CLICKS_PER_S:
        yield "repair.declick", f"{clicks.rate:.1f} clicks per second"
    if (clicks.crackle_rate or 0.0) >= _CRACKLE_PER_S:
        yield "repair.decrackle", f"{clicks.crackle_rate:.0f} of them per second are crackle"


def _reasons_of_sound(found: _Found) -> Iterator[tuple[str, str]]:
    hum, noise, offset = found.hum, found.noise, found.levels.offset_percent or 0.0
    if hum is not None:
        yield "repair.dehum", f"hum at {hum.mean_hz:.2f} Hz, {hum.level_db:.0f} dBFS"
    level = _noise_dbfs(noise, 0.0, math.inf)
    if noise is not None and level is not None and level >= _NOISE_DBFS:
        yield "repair.denoise", f"noise of {level:.0f} dBFS, alone at {noise.begin_s:.1f} s"
    if found.codec_found:
        yield "repair.codec", f"{found.codec.notches_permille:.0f} ‰ of the treble are a codec's holes"
    deviation = max((float(one.value or 0.0) for one in found.speed if one.unit == "% rms"), default=0.0)
    if deviation >= _SPEED_PERCENT:
        yield "repair.wow", f"the speed deviates by {deviation:.2f} % rms"
    if abs(offset) >= _OFFSET_PERCENT:
        yield "tone.eq", f"an offset of {offset:.1f} %, which a low cut takes away"
