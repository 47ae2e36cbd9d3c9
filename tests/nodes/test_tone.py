"""Transients, air and clarity: what they change by how much, and what they leave alone."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy import signal

from nodegraph import Audio, Progress, blocks_of, no_progress
from nodes.dsp.loudness import integrated_lufs, measure_energies
from nodes.tone.air import air
from nodes.tone.clarity import clarity
from nodes.tone.transients import transients

RATE = 44100
CLIPS = Path(__file__).parents[2].parent / "shared" / "bench" / "dev" / "clips"


def time_s(seconds):
    return np.arange(round(seconds * RATE)) / RATE


def sine(hz, seconds=2.0, amplitude=0.3):
    return Audio.from_array(amplitude * np.sin(2 * np.pi * hz * time_s(seconds)), RATE)


def pink(seconds, seed=0, level=0.1):
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft(rng.standard_normal(round(seconds * RATE)))
    samples = np.fft.irfft(spectrum / np.sqrt(np.maximum(1, np.arange(spectrum.size))))
    return level * samples / samples.std()


def energy_db(samples, at, begin_ms, end_ms):
    begin, end = (at + round(ms * RATE / 1000) for ms in (begin_ms, end_ms))
    return 10 * np.log10(np.sum(samples[begin:end].astype(float) ** 2) + 1e-30)


def clip(name, seconds=10):
    path = CLIPS / f"{name}.flac"
    if not path.exists():
        pytest.skip("the bench's clips are not here")
    import soundfile

    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return Audio(np.ascontiguousarray(samples[: seconds * rate].T), rate)


# --- transients ------------------------------------------------------------------------------------------

STROKES = {
    "snare": lambda t, rng: 0.3 * np.exp(-t / 0.05) * rng.standard_normal(t.size),
    "kick": lambda t, rng: 0.6 * np.exp(-t / 0.12) * np.sin(2 * np.pi * 60 * t + 0.5),
    "pluck": lambda t, rng: 0.5 * np.exp(-t / 0.1) * np.sin(2 * np.pi * 800 * t),
}


def strokes(kind, tone_db):
    """Return strokes over a held tone of 330 Hz, and where they begin."""
    rng, t = np.random.default_rng(0), time_s(3.0)
    samples = 10 ** (tone_db / 20) * np.sin(2 * np.pi * 330 * t)
    begins = [round(s * RATE) for s in (0.3, 0.8, 1.3, 1.8, 2.3)]
    for begin in begins:
        samples[begin:] += STROKES[kind](t[: t.size - begin], rng)
    return Audio.from_array(samples, RATE), begins


@pytest.mark.parametrize("tone_db", [-40, -20])
@pytest.mark.parametrize("kind", STROKES)
def test_six_decibels_of_attack_are_six_in_the_first_ten_milliseconds_and_none_after(kind, tone_db):
    sound, begins = strokes(kind, tone_db)
    before, after = sound.samples[0], transients(sound, attack_db=6.0).samples[0]
    for at in begins:
        assert energy_db(after, at, 0, 10) - energy_db(before, at, 0, 10) == pytest.approx(6.0, abs=1.0)
        assert energy_db(after, at, 30, 200) - energy_db(before, at, 30, 200) == pytest.approx(0.0, abs=0.5)


@pytest.mark.parametrize("kind", STROKES)
def test_nothing_changes_before_a_stroke(kind):
    sound, begins = strokes(kind, -20)
    result = transients(sound, attack_db=12.0).samples[0]
    for at in begins:
        before = slice(at - RATE // 200, at)
        np.testing.assert_array_equal(result[before], sound.samples[0][before])


def test_less_than_none_softens():
    sound, begins = strokes("snare", -40)
    result = transients(sound, attack_db=-6.0).samples[0]
    for at in begins:
        change = energy_db(result, at, 0, 10) - energy_db(sound.samples[0], at, 0, 10)
        assert change == pytest.approx(-6.0, abs=1.5)


@pytest.mark.parametrize("hz", [35.0, 110.0, 1000.0, 9000.0])
def test_a_held_tone_is_not_touched(hz):
    sound = sine(hz)
    held = slice(RATE // 5, None)
    result = transients(sound, attack_db=12.0).samples[0]
    np.testing.assert_array_equal(result[held], sound.samples[0][held])


def test_hiss_is_not_pumped():
    noise = Audio.from_array(0.1 * np.random.default_rng(1).standard_normal(4 * RATE), RATE)
    change = transients(noise, attack_db=6.0).samples - noise.samples
    level = np.sqrt(np.mean(change[0, RATE:].astype(float) ** 2)) / 0.1
    assert 20 * np.log10(level) < -30


def test_channels_share_their_gain():
    sound, _ = strokes("snare", -40)
    pair = Audio.from_array([sound.samples[0], 0.25 * sound.samples[0]], RATE)
    first, second = transients(pair, attack_db=6.0).samples
    assert second == pytest.approx(0.25 * first, abs=1e-6)


# --- air -------------------------------------------------------------------------------------------------


def dull(audio, limit_hz):
    """Cut a sound off as an old line or a codec does: 100 dB within 4 % of the limit."""
    taps = signal.firwin(2047, limit_hz, fs=audio.sample_rate, window=("kaiser", 10.0))
    return Audio.from_array([np.convolve(row, taps, "same") for row in audio.samples], audio.sample_rate)


def notes_and_chords():
    """Decaying notes of many partials with strokes: a spectrum that falls by about 9 dB per octave."""
    rng, t = np.random.default_rng(5), time_s(6.0)
    samples = 1e-4 * pink(6.0, seed=7)
    for begin_s in np.arange(0.1, 5.8, 0.25):
        begin = round(begin_s * RATE)
        own = t[: t.size - begin]
        base = rng.choice([110.0, 146.8, 220.0, 293.7])
        for k in range(1, int(20000 / base)):
            samples[begin:] += (
                0.2 / k**1.5 * np.exp(-own * (3 + 0.02 * k)) * np.sin(2 * np.pi * base * k * own)
            )
        samples[begin:] += 0.1 * np.exp(-own / 0.02) * rng.standard_normal(own.size)
    return Audio.from_array(0.3 * samples, RATE)


MUSIC = notes_and_chords()
DULL = dull(MUSIC, 7000)


def spectrum_db(audio):
    _, _, spectra = signal.stft(audio.samples[0].astype(float), audio.sample_rate, nperseg=2048)
    return 10 * np.log10(np.abs(spectra) ** 2 + 1e-12), np.fft.rfftfreq(2048, 1 / audio.sample_rate)


def lsd(first, second, low_hz, high_hz):
    (a, hz), (b, _) = spectrum_db(first), spectrum_db(second)
    band = (hz >= low_hz) & (hz < high_hz)
    return np.sqrt(np.mean((a[band] - b[band]) ** 2, axis=0)).mean()


def test_new_treble_is_nearer_to_what_was_there_than_none():
    assert lsd(MUSIC, air(DULL), 8000, 16000) < 0.7 * lsd(MUSIC, DULL, 8000, 16000)


@pytest.mark.parametrize("name", ["country_farm", "metal_muldjord", "synth_apex", "tabla", "drumloop"])
def test_new_treble_is_nearer_to_what_was_there_on_real_recordings(name):
    sound = clip(name, 6)
    cut = dull(sound, 7000)
    assert lsd(sound, air(cut), 8000, 16000) < 0.7 * lsd(sound, cut, 8000, 16000)


def test_below_the_limit_nothing_changes():
    change = air(DULL).samples[0].astype(float) - DULL.samples[0]
    below = signal.firwin(4095, 6600, fs=RATE, window=("kaiser", 14.0))
    # The last fifth of a second is left out: sounds that end abruptly there have all frequencies.
    heard = np.convolve(change, below, "same")[RATE // 5 : -RATE // 5]
    assert 20 * np.log10(np.abs(heard).max()) < -90


def test_a_tone_is_moved_and_brings_no_alias():
    tone = 0.3 * np.sin(2 * np.pi * 5000 * time_s(3.0)) + 0.1 * np.sin(2 * np.pi * 1000 * time_s(3.0))
    sound = Audio.from_array(tone, RATE)
    change = air(sound, limit_hz=7000.0).samples[0].astype(float) - sound.samples[0]
    # A second of sound: bins are 1 Hz apart.
    second, window = slice(RATE, 2 * RATE), signal.windows.blackmanharris(RATE)
    given, power = (np.abs(np.fft.rfft(each[second] * window)) ** 2 for each in (tone, change))
    # By whole bins of the transform: 84 to where the first copy begins, 68 from copy to copy.
    copies = 5000 + (84 + 68 * np.arange(5)) * RATE / 1024
    heard = np.flatnonzero(power > 1e-8 * given.max())
    assert heard.size
    assert heard.min() > 7000
    assert np.abs(heard[:, None] - copies).min(axis=1).max() < 150


def test_the_added_band_lies_on_the_slope_of_the_rest():
    # Noise that falls by 6 dB per octave in every narrow band: what comes has to as well.
    spectrum = np.fft.rfft(pink(8.0, seed=3)) / np.sqrt(1 + np.arange(4 * RATE + 1) / 80)
    sound = Audio.from_array(np.fft.irfft(spectrum), RATE)
    result = air(dull(sound, 7000))
    wanted, found = (np.abs(np.fft.rfft(each.samples[0].astype(float))) ** 2 for each in (sound, result))
    hz = np.fft.rfftfreq(sound.frames, 1 / RATE)
    for low in (8000, 9500, 11300, 13400, 16000):
        band = (hz >= low) & (hz < low * 1.12)
        assert 10 * np.log10(found[band].mean() / wanted[band].mean()) == pytest.approx(0.0, abs=3.0)


@pytest.mark.parametrize("name", ["speech_actor", "drumloop", "metal_muldjord"])
def test_loudness_grows_by_no_more_than_half_a_unit(name):
    cut = dull(clip(name, 8), 5000)
    before, after = (integrated_lufs(measure_energies(each)) for each in (cut, air(cut, tilt_db=6.0)))
    assert after - before <= 0.5


def test_hiss_in_the_pauses_is_not_doubled():
    t = time_s(6.0)
    hiss = dull(Audio.from_array(0.0002 * np.random.default_rng(2).standard_normal(t.size), RATE), 7000)
    music = np.where((t % 2) < 1.2, 1.0, 0.0) * DULL.samples[0]
    sound = Audio.from_array(hiss.samples[0] + music, RATE)
    change = air(sound, limit_hz=7000.0).samples[0].astype(float) - sound.samples[0]
    pause = (t % 2 > 1.5) & (t % 2 < 1.9)
    assert np.sqrt(np.mean(change[pause] ** 2)) < 0.05 * np.sqrt(np.mean(hiss.samples[0][pause] ** 2))
    assert np.abs(change[~pause]).max() > 1e-3


def test_what_has_treble_is_left_alone_and_told():
    notes = []
    sound = clip("metal_muldjord", 5)
    assert air(sound, progress=Progress(note=notes.append)) is sound
    assert "all the treble" in notes[0]


def test_strength_scales_what_is_added():
    half, whole = (air(DULL, strength=strength).samples - DULL.samples for strength in (0.5, 1.0))
    assert half == pytest.approx(0.5 * whole, abs=1e-6)


# --- clarity ---------------------------------------------------------------------------------------------


def drifting(samples, slope_db, period_s):
    """Tilt a sound about 2 kHz by a slope that swings as a slow sine."""
    _, at_s, spectra = signal.stft(samples, RATE, nperseg=2048, noverlap=1536)
    octaves = np.log2(np.clip(np.fft.rfftfreq(2048, 1 / RATE), 500, 8000) / 2000)
    tilt = slope_db * np.sin(2 * np.pi * at_s / period_s)
    _, result = signal.istft(
        spectra * 10 ** (tilt * octaves[:, None] / 20), RATE, nperseg=2048, noverlap=1536
    )
    return Audio.from_array(result[: samples.size], RATE)


def slopes(audio, every_s=2.0):
    """Return the slope (dB per octave) of each stretch, by octaves from 500 Hz to 8 kHz."""
    size = round(every_s * RATE)
    stretches = audio.samples[0][: audio.frames // size * size].reshape(-1, size).astype(float)
    power, hz = np.abs(np.fft.rfft(stretches)) ** 2, np.fft.rfftfreq(size, 1 / RATE)
    edges = 500 * 2.0 ** np.arange(5)
    bands = [power[:, (hz >= a) & (hz < b)].mean(axis=1) for a, b in pairwise(edges)]
    return np.polyfit(np.arange(4.0), 10 * np.log10(bands), 1)[0]


def test_slow_drift_of_four_decibels_per_octave_is_reduced_by_seventy_percent():
    clean = pink(60.0)
    still = slopes(Audio.from_array(clean, RATE))
    damaged = drifting(clean, 4.0, 60.0)
    before, after = (slopes(each) - still for each in (damaged, clarity(damaged)))
    assert np.std(after) < 0.3 * np.std(before)
    # What the whole sounds like stays.
    assert abs(np.mean(after) - np.mean(before)) < 0.2


def test_music_without_drift_is_hardly_changed():
    for path in sorted(CLIPS.glob("*.flac")) or [None]:
        sound = clip(path.stem if path else "none", 20)
        result = clarity(sound)
        if np.array_equal(result.samples, sound.samples):
            continue
        _, _, before = signal.stft(sound.samples[0], sound.sample_rate, nperseg=4096)
        _, _, after = signal.stft(result.samples[0], sound.sample_rate, nperseg=4096)
        heard = np.abs(before) > 1e-5 * np.abs(before).max()
        change_db = 20 * np.log10(np.abs(after[heard]) / np.abs(before[heard]))
        assert np.sqrt(np.mean(change_db**2)) <= 0.3, path.stem


def test_steady_sound_passes_bit_for_bit():
    sound = Audio.from_array(pink(20.0), RATE)
    np.testing.assert_array_equal(clarity(sound).samples, sound.samples)


def test_the_tilt_stays_within_its_limit_and_its_speed():
    # A sudden change of 8 dB per octave, followed as closely as can be.
    samples = pink(20.0)
    octaves = np.log2(np.clip(np.fft.rfftfreq(10 * RATE, 1 / RATE), 500, 8000) / 2000)
    for begin, slope in ((0, 4.0), (10 * RATE, -4.0)):
        part = slice(begin, begin + 10 * RATE)
        samples[part] = np.fft.irfft(np.fft.rfft(samples[part]) * 10 ** (slope * octaves / 20))
    sound = Audio.from_array(samples, RATE)
    result = clarity(sound, smoothing_s=0.5, limit_db=6.0)
    # The gain above 8 kHz, every 200 ms: there the tilt is twice its slope.
    high = signal.butter(6, 9000, "highpass", fs=RATE, output="sos")
    levels = [
        np.log10(np.mean(signal.sosfilt(high, each.samples[0]).reshape(-1, RATE // 5) ** 2, axis=1))
        for each in (sound, result)
    ]
    gains_db = 10 * (levels[1] - levels[0])
    assert np.abs(gains_db).max() < 6.1
    # 6 dB/s, of which a fifth of a second sees 1.2 dB; the noise of the levels adds a little.
    assert np.abs(np.diff(gains_db)).max() < 1.3


def test_nothing_is_learned_from_the_noise_of_a_pause():
    # Bright hiss in a long pause of dull music is no drift: the music's own slope goes on.
    rng, t = np.random.default_rng(4), time_s(40.0)
    music = np.where((t > 15) & (t < 25), 0.0, 1.0) * pink(40.0)
    hiss = 1e-4 * np.diff(rng.standard_normal(t.size + 1))
    sound = Audio.from_array(music + hiss, RATE)
    result = clarity(sound, smoothing_s=2.0)
    assert 20 * np.log10(np.abs(result.samples - sound.samples).max() + 1e-30) < -60


@pytest.mark.parametrize("frames", [5000, 100000])
def test_blocks_leave_no_trace_in_what_is_changed(frames):
    sound = drifting(pink(12.0), 6.0, 12.0)
    short = Audio.from_array(DULL.samples[:, : 2 * RATE], RATE)
    runs = (
        lambda: clarity(sound, smoothing_s=1.0, progress=no_progress).samples,
        lambda: air(short, limit_hz=7000.0).samples,
        lambda: transients(short, attack_db=6.0).samples,
    )
    for run in runs:
        whole = run()
        with blocks_of(frames):
            np.testing.assert_array_equal(run(), whole)
