"""What dropout reaches on the bench's tape, on two recordings: less 0.3 dB."""

from __future__ import annotations

import pytest
from known_damage import needs_bench, scored

from nodegraph import Audio
from nodes.repair.dropout import dropout


def repair(audio: Audio) -> Audio:
    return dropout(audio).audio


@needs_bench
@pytest.mark.parametrize(("name", "gain_db"), [("folk_tavern", 12.0), ("orch_domina", 5.0)])
def test_lost_sound_is_found_and_filled(name: str, gain_db: float) -> None:
    figures = scored("dropout", "tape", name, repair, seconds=4.0)
    assert figures["dsdr"] >= gain_db
    assert figures["click_f1"] >= 0.95
