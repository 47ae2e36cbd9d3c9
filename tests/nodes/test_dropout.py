"""Dropout against known losses of level."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nodegraph import Audio, Progress, blocks_of
from nodes.dsp.ar.dips import dip_between
from nodes.dsp.ar.gaps import gap_filled
from nodes.repair.dropout import dropout

RATE = 44100
CLIPS = Path(__file__).parents[2].parent / "shared" / "bench" / "dev" / "clips"


def tones(seconds: float = 2.0) -> np.ndarray:
    t = np.arange(int(seconds * RATE)) / RATE
    noise = 0.001 * np.random.default_rng(0).standard_normal(t.size)
    return 0.2 * sum(np.sin(2 * np.pi * f * t + f) / k for k, f in enumerate((220, 331, 442), 1)) + noise


def dipped(clean: np.ndarray, depth: float, gap_ms: float = 12.0) -> np.ndarray:
    """Return the sound with a dip to `depth` every 0.2 s, with slopes of 2 ms."""
    edge, floor = int(0.002 * RATE), int(gap_ms * RATE / 1000)
    shape = np.concatenate([np.linspace(1, depth, edge), np.full(floor, depth), np.linspace(depth, 1, edge)])
    gain = np.ones(clean.size)
    for begin in range(6000, clean.size - 6000, RATE // 5):
        gain[begin : begin + shape.size] = shape
    return clean * gain


def sdr_db(reference: np.ndarray, estimate: np.ndarray) -> float:
    return float(10 * np.log10(np.sum(reference**2) / np.sum((reference - estimate) ** 2)))


@pytest.mark.parametrize(("depth", "wanted_db"), [(0.0, 25.0), (0.06, 12.0)])
def test_holes_are_filled(depth: float, wanted_db: float) -> None:
    clean = tones()
    damaged = dipped(clean, depth)
    out = dropout(Audio.from_array(damaged, RATE)).audio.samples[0]
    assert sdr_db(clean, out) - sdr_db(clean, damaged) >= wanted_db


def test_a_shallow_dip_is_lifted_rather_than_invented() -> None:
    clean = tones()
    damaged = dipped(clean, 0.3)
    out = dropout(Audio.from_array(damaged, RATE), depth_db=6.0).audio.samples[0]
    assert sdr_db(clean, out) - sdr_db(clean, damaged) >= 6.0


@pytest.mark.parametrize("depth", [0.3, 0.05, 0.0])
def test_the_slopes_of_a_dip_are_found_to_a_tenth_of_a_millisecond(depth: float) -> None:
    clean = np.random.default_rng(1).standard_normal(4 * 2205) * 0.1
    gain = np.interp(np.arange(clean.size), [4000, 4088, 4500, 4588], [1.0, depth, depth, 1.0])
    dip = dip_between(clean * gain, (4080, 4510), (3000, 5600), RATE)
    found = np.array([dip.begin, dip.floor_begin, dip.floor_end, dip.end])
    assert np.abs(found - [4000, 4088, 4500, 4588]).max() <= 20
    assert dip.depth == pytest.approx(depth, rel=0.1, abs=1e-6)


def test_holes_with_noise_in_them_become_better() -> None:
    clean = tones()
    noise = 0.001 * np.random.default_rng(7).standard_normal(clean.size)
    damaged = dipped(clean, 0.0) + noise
    out = dropout(Audio.from_array(damaged, RATE), depth_db=12.0).audio.samples[0]
    assert sdr_db(clean, out) - sdr_db(clean, damaged) >= 2.3


def test_holes_that_nearly_meet_are_repaired_each_for_itself() -> None:
    damaged = tones()
    for begin in range(20000, 24000, 250):
        damaged[begin : begin + 150] = 0.0
    out = dropout(Audio.from_array(damaged, RATE), depth_db=6.0)
    assert np.isfinite(out.audio.samples).all()
    assert np.abs(out.audio.samples).max() < 2.0


def test_a_gap_in_steady_tones_is_filled_with_them() -> None:
    clean = tones(0.5)
    found = gap_filled(clean[5000:9000], 900, clean[9900:13900], 600)
    assert sdr_db(clean[9000:9900], found) > 20.0


def test_a_drop_to_silence_in_the_midst_of_an_attack_is_a_dropout() -> None:
    clean = tones()
    clean[:44100] *= 0.03
    damaged = clean.copy()
    damaged[44000:44400] = 0.0
    notes: list[str] = []
    dropout(Audio.from_array(damaged, RATE), progress=Progress(note=notes.append))
    assert notes[0].startswith("1 dropouts were repaired")


def test_a_rest_in_the_music_stays_a_rest() -> None:
    clean = tones()
    clean[30000:40000] = 0.0
    out = dropout(Audio.from_array(clean, RATE))
    np.testing.assert_array_equal(out.audio.samples[0], clean.astype(np.float32))


def test_nothing_outside_of_the_dropouts_is_touched_and_all_adds_up() -> None:
    clean = tones()
    damaged = Audio.from_array(dipped(clean, 0.0), RATE)
    out = dropout(damaged)
    touched = np.flatnonzero(out.removed.samples[0])
    same = np.flatnonzero(damaged.samples[0] != clean.astype(np.float32))
    # A slope is searched for up to 4 ms around a hole.
    assert all(np.abs(same - frame).min() < 0.004 * RATE for frame in touched[::50])
    total = out.audio.samples.astype(np.float64) + out.removed.samples
    assert np.abs(total - damaged.samples).max() <= 2.0**-24


def test_blocks_leave_no_trace() -> None:
    damaged = Audio.from_array(np.stack([dipped(tones(3.0), 0.0), tones(3.0)]), RATE)
    whole = dropout(damaged)
    with blocks_of(9000):
        part = dropout(damaged)
    np.testing.assert_array_equal(part.audio.samples, whole.audio.samples)


def test_it_tells_how_many_there_were() -> None:
    notes: list[str] = []
    dropout(Audio.from_array(dipped(tones(), 0.0), RATE), progress=Progress(note=notes.append))
    assert notes[0].startswith("9 dropouts were repaired")


@pytest.mark.skipif(not CLIPS.is_dir(), reason="the bench's clips are not here")
@pytest.mark.parametrize("name", sorted(path.stem for path in CLIPS.glob("*.flac")))
def test_undamaged_recordings_stay_as_they_are(name: str) -> None:
    import soundfile

    samples, rate = soundfile.read(CLIPS / f"{name}.flac", dtype="float32", always_2d=True)
    clean = samples[: 10 * rate].T
    np.testing.assert_array_equal(dropout(Audio.from_array(clean, rate)).audio.samples, clean)
