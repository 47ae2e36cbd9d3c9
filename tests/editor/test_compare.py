"""A fair comparison: equally loud within 0.1 LU, and a word about what was done."""

from __future__ import annotations

import numpy as np
import pytest
from sounds import as_sound, noise, tone
from test_meters import music

from nodegraph.editor.listen.compare import Matcher, common_passage, why_no_difference
from nodegraph.editor.listen.meters import Meters
from nodegraph.editor.listen.sound import Difference


def louder(sound, gain_db: float):
    return as_sound(sound.audio.samples * 10 ** (gain_db / 20), sound.sample_rate)


def filtered(sound):
    """Return the sound without its treble, as a repair may."""
    samples = sound.audio.samples
    return as_sound((samples[:, 1:] + samples[:, :-1]) * 0.3, sound.sample_rate)


def lufs(sound, region, gain_db: float) -> float:
    """Return how loud a sound is with a gain, measured anew."""
    found = Meters().measure(louder(sound, gain_db), region)
    assert found is not None
    assert found.integrated_lufs is not None
    return found.integrated_lufs


@pytest.mark.parametrize("region", [None, (2.0, 5.0)])
@pytest.mark.parametrize("gain_db", [-7.0, 0.3, 5.0])
def test_two_sounds_become_equally_loud_within_a_tenth(region, gain_db):
    a = music()
    b = louder(filtered(a), gain_db)
    match = Matcher().match(a, b, region)
    assert max(match.gains_db) == 0.0
    assert lufs(a, region, match.gains_db[0]) == pytest.approx(lufs(b, region, match.gains_db[1]), abs=0.1)


def test_it_says_what_it_did():
    a = noise(2.0)
    assert Matcher().match(a, louder(a, 3.2)).text == "B is 3.2 dB louder, lowered to match."
    assert Matcher().match(louder(a, 3.2), a).text == "A is 3.2 dB louder, lowered to match."
    assert Matcher().match(a, a).text == "A and B are equally loud."


def test_silence_and_moments_are_left_alone():
    silent = as_sound(np.zeros((2, 96_000)), 48_000)
    for match in (Matcher().match(silent, noise(2.0)), Matcher().match(noise(2.0), tone(2.0), (0.5, 0.6))):
        assert match.gains_db == (0.0, 0.0)
        assert "not matched" in match.text


def test_sounds_that_never_meet_are_left_alone():
    a, b = noise(1.0), as_sound(noise(1.0).audio.samples, 48_000, begin_s=5.0)
    assert "no passage in common" in Matcher().match(a, b).text


def test_only_the_passage_that_both_have_counts():
    whole = noise(10.0)
    part = as_sound(whole.audio.samples[:, 96_000:240_000], 48_000, begin_s=2.0)
    assert common_passage(whole, part) == (2.0, 5.0)
    assert common_passage(whole, part, (4.0, 9.0)) == (4.0, 5.0)
    assert common_passage(whole, part, (6.0, 9.0)) is None
    assert Matcher().match(whole, part).text == "A and B are equally loud."


def test_another_rate_is_matched_too():
    a, b = tone(3.0, rate=44_100, gain=0.4), tone(3.0, rate=96_000, gain=0.1)
    gains = Matcher().match(a, b).gains_db
    assert gains == pytest.approx((-12.04, 0.0), abs=0.05)


def test_what_was_measured_is_remembered():
    matcher, a, b = Matcher(), noise(2.0), noise(2.0, seed=1)
    first = matcher.match(a, b)
    asked: list[int] = []

    def stop() -> bool:
        asked.append(1)
        return False

    assert matcher.match(a, b, stop=stop) == first
    assert len(asked) == 1


def test_a_match_that_is_stopped_says_nothing_and_is_not_remembered():
    matcher, a, b = Matcher(), noise(2.0), louder(noise(2.0), 6.0)
    assert matcher.match(a, b, stop=lambda: True).text == ""
    assert matcher.match(a, b).gains_db[1] == pytest.approx(-6.0, abs=0.01)


@pytest.mark.parametrize(
    ("b", "why"),
    [
        (noise(1.0, rate=44_100), "B has 44100 Hz"),
        (noise(1.0, channels=1), "B has 1"),
        (noise(0.9), "not equally long"),
        (None, "second port"),
        (noise(1.0, seed=1), ""),
    ],
)
def test_a_difference_says_why_it_cannot_be(b, why):
    found = why_no_difference(noise(1.0), b)
    assert why in found
    assert bool(found) == bool(why)


def test_a_difference_is_that_of_the_samples():
    a, b = noise(1.0), noise(1.0, seed=1)
    difference = Difference(a, b)
    assert np.array_equal(difference.read(100, 200), (a.audio.samples - b.audio.samples)[:, 100:200])
    assert not np.any(difference.read(-10, 0))
    assert difference.key != Difference(b, a).key
