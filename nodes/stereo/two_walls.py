"""A stereo transfer of a mono record: two readings of one groove, put together to the better of both.

In four passes: gain, delay and polarity of one wall against the other are found and undone; where one
wall has a click that the other has not, the other one is taken; for each third of an octave the two
are weighed by their noise; both channels get the result.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import numpy.typing as npt

from nodegraph import Audio, Progress, Range, Samples, no_progress, node
from nodes.dsp.median import running_median
from nodes.dsp.overlap_add import Block, map_blocks
from nodes.dsp.removed import Repaired, blended, untouched
from nodes.dsp.stft import Stft, nearest_n_fft
from nodes.dsp.walls import Alignment, band_edges, find_alignment, find_shares, stretch_middles

__all__ = ["two_walls"]

# Window (ms): shorter than the noise changes, longer than any delay between the walls.
_WINDOW_MS = 46.0
# Clicks are looked for in cells of this many samples, smoothed over three: about 1 ms at 44.1 kHz.
_CELL_MS = 0.36
# The noise floor of the difference is taken over so many cells, and the median of so many such.
_FLOOR_CELLS = 64
_FLOORS = 9
# A cell with this little difference is equal on both walls (mean square).
_SILENT = 1e-14
# Below this likeness the channels are hardly two readings of one groove.
_LEAST_LIKENESS = 0.5
# Phases are worked out for so many neighbouring bins and for every so many-th one, and multiplied.
_FINE_BINS = 32

_Values = npt.NDArray[np.float32]


@node(version=1, neutral={"strength": 0.0}, linked=True)
def two_walls(
    audio: Audio,
    *,
    strength: Annotated[float, Range(0, 1, unit="")] = 1.0,
    click_db: Annotated[float, Range(6, 40)] = 13.0,
    progress: Progress = no_progress,
) -> Repaired:
    """Make one clean sound of a mono record that was transferred in stereo.

    What the two walls of the groove have in common is the music; what they differ in is wear, dust
    and noise. The quieter wall counts for more, in each part of the spectrum by itself, and a click
    on one wall is filled from the other. Both channels of the result are the same. A sound of one
    channel, or of more than two, is left as it is.

    Parameters
    ----------
    audio : Audio
        Both walls as two channels.
    strength : float
        0 leaves both channels as they are, 1 gives the combined sound on both, in between is a mix.
    click_db : float, dB
        How far a click must stand out of the difference of the walls to be filled from the other
        wall: lower fills more and smaller ones, higher leaves crackle to the weighing by noise.
    progress : Progress
        Told after every stretch and every block.

    Returns
    -------
    audio : Audio
        The combined sound on both channels. Same channels, frames and rate.
    removed : Audio
        Input − audio: the walls' own noise, and what gain or delay they were off by.

    References
    ----------
    C. H. Knapp, G. C. Carter, "The generalized correlation method for estimation of time delay", IEEE
    Trans. ASSP 24(4), 1976.
    """
    if strength == 0.0 or audio.channels != 2 or audio.frames == 0:
        if strength > 0.0 and audio.channels != 2:
            progress.note(f"The sound has {audio.channels} channels, not two walls: it is left as it is.")
        return untouched(audio)
    n_fft = nearest_n_fft(_WINDOW_MS, audio.sample_rate)
    found = find_alignment(audio, n_fft, progress=progress.part(0.0, 0.2))
    _tell(found, progress)
    walls = _aligned(audio, found, n_fft, progress.part(0.2, 0.4)) if found.needed else audio
    walls = _without_clicks(walls, click_db, progress.part(0.4, 0.55))
    shares = find_shares(walls, n_fft, progress=progress.part(0.55, 0.7))
    return _combined(audio, _Walls(walls, shares, n_fft), strength, progress.part(0.7, 1.0))


def _tell(found: Alignment, progress: Progress) -> None:
    gain_db = 20.0 * float(np.log10(np.median(found.gain)))
    late_us = 1e6 * float(np.median(found.delay_s))
    upside = ", upside down" if found.inverted else ""
    progress.note(
        f"The right wall is {gain_db:+.2f} dB against the left and {late_us:+.1f} µs later{upside}."
    )
    if found.likeness < _LEAST_LIKENESS:
        progress.note(
            f"The channels have only {100.0 * found.likeness:.0f} % in common: this may be a stereo "
            "recording, which becomes mono here."
        )


def _aligned(audio: Audio, found: Alignment, n_fft: int, progress: Progress) -> Audio:
    """Undo gain and delay, half on each wall, so that neither is worse off than the other."""
    stft = Stft(n_fft)
    turn = 2.0 * np.pi * audio.sample_rate / n_fft

    def align(shown: Samples, block: Block) -> tuple[Samples]:
        spectra, _, _ = stft.analyse(shown, block)
        first, stop = stft.span(block)
        at = np.arange(first, stop) * stft.hop_length / audio.sample_rate
        half_delay = 0.5 * np.interp(at, found.times_s, found.delay_s)
        half_gain = np.sqrt(np.interp(at, found.times_s, found.gain))[:, np.newaxis].astype(np.float32)
        turned = _turned(-turn * half_delay, stft.bins)
        sign = -1.0 if found.inverted else 1.0
        # The spectra are this block's own: written over, they need no memory anew.
        spectra[0] *= turned
        spectra[0] *= half_gain
        spectra[1] *= np.conj(turned, out=turned)
        spectra[1] *= np.float32(sign) / half_gain
        return (stft.synthesise(spectra, block),)

    (result,) = map_blocks(
        audio.samples,
        align,
        outputs=(2,),
        context_frames=stft.context_frames,
        align_frames=stft.hop_length,
        progress=progress,
    )
    return Audio.trusted(result, audio.sample_rate)


def _turned(turn: npt.NDArray[np.float64], bins: int) -> npt.NDArray[np.complex64]:
    """Return e^(i · turn · bin), shape (stft_frames, bins): coarse steps times fine ones."""
    fine = np.exp(1j * turn[:, np.newaxis] * np.arange(_FINE_BINS)).astype(np.complex64)
    coarse = np.exp(1j * turn[:, np.newaxis] * np.arange(0, bins, _FINE_BINS)).astype(np.complex64)
    products = coarse[:, :, np.newaxis] * fine[:, np.newaxis]
    return np.asarray(products.reshape(turn.size, -1)[:, :bins])


def _without_clicks(walls: Audio, click_db: float, progress: Progress) -> Audio:
    """Fill clicks of one wall from the other."""
    cell = max(4, round(_CELL_MS * 1e-3 * walls.sample_rate))
    reach = cell * _FLOOR_CELLS

    def fill(shown: Samples, block: Block) -> tuple[Samples]:
        gate, share = _clicks(shown, cell, click_db)
        if not gate.any():
            return (shown[:, block.inner],)
        mean, difference = 0.5 * (shown[0] + shown[1]), shown[0] - shown[1]
        filled = mean + _by_sample(share, cell, mean.size) * difference
        result = shown + _by_sample(gate, cell, mean.size) * (filled - shown)
        return (result[:, block.inner],)

    (result,) = map_blocks(
        walls.samples,
        fill,
        outputs=(2,),
        # The floor's median looks at half of its cells to either side.
        context_frames=reach * (_FLOORS // 2 + 2),
        align_frames=reach,
        progress=progress,
    )
    return Audio.trusted(result, walls.sample_rate)


def _clicks(shown: Samples, cell: int, click_db: float) -> tuple[_Values, _Values]:
    """Return for each cell how far it is a click (0 to 1), and the share of the difference that fills it."""
    cells = -(-shown.shape[1] // (cell * _FLOOR_CELLS)) * _FLOOR_CELLS
    # Second differences whiten music, whose treble is weak, and leave clicks as they are.
    sharp = np.zeros((2, cells * cell), np.float32)
    sharp[:, 1 : shown.shape[1] - 1] = np.diff(shown, 2, axis=1)[:, : max(0, shown.shape[1] - 2)]
    mean, difference = 0.5 * (sharp[0] + sharp[1]), sharp[0] - sharp[1]
    power = _spread((difference * difference).reshape(-1, cell).mean(axis=1), 1)
    both = _spread((mean * difference).reshape(-1, cell).mean(axis=1), 1)
    # The lower quartile of each stretch, and the median of those: clicks are not in it.
    quartile = np.partition(power.reshape(-1, _FLOOR_CELLS), _FLOOR_CELLS // 4, axis=1)[:, _FLOOR_CELLS // 4]
    padded = np.pad(quartile, _FLOORS // 2, mode="edge")
    floor = running_median(np.ascontiguousarray(padded[:, np.newaxis]), _FLOORS)[:, 0]
    threshold = np.repeat(floor, _FLOOR_CELLS) * np.float32(10.0 ** (click_db / 10.0)) + np.float32(_SILENT)
    click = power > threshold
    share = np.clip(-1.5 * both / np.maximum(power, np.float32(_SILENT)), -0.5, 0.5).astype(np.float32)
    # A click's slopes belong to it: its cells and their neighbours take the share of the strongest.
    for _ in range(2):
        share, power, click = _from_strongest(share, power, click)
    return _spread(click.astype(np.float32), 1), share


def _from_strongest(
    share: _Values, power: _Values, click: npt.NDArray[np.bool_]
) -> tuple[_Values, _Values, npt.NDArray[np.bool_]]:
    strength = np.where(click, power, np.float32(0.0))
    around = np.stack([np.roll(strength, 1), strength, np.roll(strength, -1)])
    around[0, 0] = around[2, -1] = 0.0
    choice = np.argmax(around, axis=0)
    source = np.clip(np.arange(share.size) + choice - 1, 0, share.size - 1)
    found = around.max(axis=0) > 0.0
    return np.where(found, share[source], share), np.where(found, power[source], power), found


def _spread(values: _Values, cells: int) -> _Values:
    """Return the mean over each cell and its neighbours."""
    padded = np.pad(values, cells)
    total = padded[: values.size].copy()
    for shift in range(1, 2 * cells + 1):
        total += padded[shift : shift + values.size]
    return total / np.float32(2 * cells + 1)


def _by_sample(values: _Values, cell: int, count: int) -> _Values:
    """Draw lines from the middle of each cell to the next."""
    after = np.append(values[1:], values[-1])
    ramp = ((np.arange(cell) + np.float32(0.5)) / cell).astype(np.float32)
    lines = (values[:, np.newaxis] * (1 - ramp) + after[:, np.newaxis] * ramp).reshape(-1)
    shift = cell // 2
    return np.concatenate([np.full(shift, values[0], np.float32), lines])[:count]


@dataclass(frozen=True, eq=False)
class _Walls:
    """Both walls, aligned and without clicks, the shares of their difference, and the window (samples)."""

    audio: Audio
    shares: npt.NDArray[np.float64]
    n_fft: int


def _combined(audio: Audio, walls: _Walls, strength: float, progress: Progress) -> Repaired:
    """Weigh both walls by their noise."""
    stft, rate, shares = Stft(walls.n_fft), audio.sample_rate, walls.shares
    edges = band_edges(walls.n_fft, rate)
    middles = 0.5 * (edges[:-1] + edges[1:] - 1)
    times = stretch_middles(audio)
    # From band to band along the bins once, then from stretch to stretch for each STFT frame.
    by_bin = np.array([np.interp(np.arange(stft.bins), middles, row) for row in shares], np.float32)

    def lifted(shown: Samples, block: Block) -> Samples:
        """Return what is added to the mean of both walls."""
        spectra, _, _ = stft.analyse(np.ascontiguousarray(shown[:1] - shown[1:]), block)
        first, stop = stft.span(block)
        place = np.interp(np.arange(first, stop) * stft.hop_length / rate, times, np.arange(times.size))
        low = np.minimum(place.astype(int), max(0, times.size - 2))
        part = (place - low)[:, np.newaxis].astype(np.float32)
        share = by_bin[low] * (1.0 - part) + by_bin[np.minimum(low + 1, times.size - 1)] * part
        return stft.synthesise(spectra * share, block)

    def combine(shown: Samples, block: Block) -> tuple[Samples, Samples]:
        both = (0.5 * (shown[:1].astype(np.float64) + shown[1:]))[:, block.inner]
        if shares.any():
            both = both + lifted(shown, block)
        original = audio.samples[:, block.begin : block.end]
        return blended(original, np.broadcast_to(both.astype(np.float32), original.shape), strength)

    kept, removed = map_blocks(
        walls.audio.samples,
        combine,
        outputs=(2, 2),
        context_frames=stft.context_frames,
        align_frames=stft.hop_length,
        progress=progress,
    )
    return Repaired(Audio.trusted(kept, rate), Audio.trusted(removed, rate))
