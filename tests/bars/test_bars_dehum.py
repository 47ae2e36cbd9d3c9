"""The bars of dehum, on two recordings: less what they reach by 0.3 dB."""

from __future__ import annotations

import pytest
from known_damage import needs_bench, scored

from nodegraph import Audio
from nodes.repair.dehum import dehum


def repair(audio: Audio) -> Audio:
    return dehum(audio).audio


@needs_bench
@pytest.mark.parametrize(
    ("condition", "speech_db", "tabla_db"),
    [("hum50_00", 36.0, 31.3), ("hum50_10", 26.8, 21.5), ("hum50_20", 8.0, 9.8), ("hum60_10", 25.1, 18.2)],
)
def test_a_hum_is_removed_from_speech_and_from_drums(
    condition: str, speech_db: float, tabla_db: float
) -> None:
    assert scored("dehum", condition, "speech_actor", repair, seconds=8.0)["dsdr"] >= speech_db
    assert scored("dehum", condition, "tabla", repair, seconds=8.0)["dsdr"] >= tabla_db


@needs_bench
@pytest.mark.parametrize("name", ["orch_domina", "synth_apex"])
def test_a_hum_of_half_the_musics_level_is_removed_from_sustained_music_within_six_seconds(
    name: str,
) -> None:
    assert scored("dehum", "hum50_10", name, repair, seconds=6.0)["dsdr"] >= 13.0
