"""Declipping on real recordings: what comes back, and what stays as it is."""

from __future__ import annotations

import numpy as np
import pytest
from known_damage import clip, needs_bench, scored, sound

from nodegraph import Audio
from nodes.repair.declip import declip

# The length on which the peers were measured.
SECONDS = 2.0


def repaired(audio: Audio) -> Audio:
    return declip(audio).audio


@needs_bench
@pytest.mark.parametrize(
    ("condition", "least_db"), [("sdr03", 10.9), ("sdr07", 12.6), ("sdr10", 14.0), ("sdr20", 15.2)]
)
def test_speech_and_music_gain_more_than_the_bar_on_average(condition: str, least_db: float) -> None:
    found = [
        scored("declip", condition, name, repaired, seconds=SECONDS)["dsdr"]
        for name in ("speech_actor", "folk_tavern")
    ]
    assert np.mean(found) >= least_db


@needs_bench
@pytest.mark.parametrize("condition", ["sdr03", "sdr07", "sdr10", "sdr20"])
def test_even_drums_from_a_limited_master_gain(condition: str) -> None:
    assert scored("declip", condition, "drumloop", repaired, seconds=SECONDS)["dsdr"] > 0.0


@needs_bench
def test_reliable_samples_stay_as_they_are() -> None:
    for name in ("orch_domina", "speech_actor"):
        assert scored("declip", "sdr10", name, repaired, seconds=1.0)["reliable_error_db"] <= -120.0


@needs_bench
@pytest.mark.parametrize("name", ["drumloop", "synth_apex"])
def test_a_recording_that_was_not_clipped_stays_bit_for_bit(name: str) -> None:
    samples, rate = clip(name, 8.0)
    audio = sound(samples, rate)
    np.testing.assert_array_equal(repaired(audio).samples, audio.samples)
