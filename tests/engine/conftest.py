"""A laboratory: a library of test kinds, a cache in a folder of its own, and short ways to say a graph."""

from __future__ import annotations

from pathlib import Path

import engine_kinds
import pytest
from lab import Lab
from machines import Machine, make_machine

from nodegraph.cache import Cache


@pytest.fixture
def lab(tmp_path: Path):
    engine_kinds.CALLS.clear()
    engine_kinds.GATES.clear()
    laboratory = Lab(tmp_path)
    yield laboratory
    laboratory.cache.flush()


@pytest.fixture
def cache(tmp_path):
    made = Cache(tmp_path / "kept")
    yield made
    made.flush()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return make_machine(tmp_path)
