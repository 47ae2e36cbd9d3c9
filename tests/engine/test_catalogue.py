"""The catalogue of extras agrees with what the package declares, and with the versions that were tried."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from nodegraph.extras_here import constraints_file
from nodegraph.library import Library
from nodes.catalogue import EXTRAS

ROOT = Path(__file__).parents[2]
BESIDE = [extra for extra in EXTRAS if not extra.isolated]


def declared(extra: str) -> dict[str, Requirement]:
    """Return what pyproject.toml asks for; Python 3.10 cannot read TOML."""
    text = (ROOT / "pyproject.toml").read_text()
    found = re.search(rf"^{extra} = \[(.*?)\]$", text, re.MULTILINE | re.DOTALL)
    assert found, extra
    lines = re.findall(r'"([^"]+)"', found[1])
    requirements = [Requirement(line) for line in lines]
    inner = {name for each in requirements if each.name == "regroove" for name in each.extras}
    own = {canonicalize_name(each.name): each for each in requirements if each.name != "regroove"}
    return own | {name: each for extra in inner for name, each in declared(extra).items()}


@pytest.mark.parametrize("extra", BESIDE, ids=lambda extra: extra.name)
def test_an_extra_installs_what_the_package_of_that_name_asks_for(extra):
    lines = {canonicalize_name(Requirement(line).name): Requirement(line) for line in extra.lines}
    asked = declared(extra.name)
    assert lines.keys() == asked.keys()
    for name, line in lines.items():
        (pin,) = line.specifier
        assert asked[name].specifier.contains(pin.version), name
        assert str(line.marker) == str(asked[name].marker), name


@pytest.mark.parametrize("extra", BESIDE, ids=lambda extra: extra.name)
def test_the_versions_are_those_that_were_tried_together(extra):
    tried = set(constraints_file().read_text().splitlines())
    for line in extra.lines:
        assert line.partition(";")[0].strip() in tried


def test_torch_is_asked_for_first():
    for extra in EXTRAS:
        places = [number for number, line in enumerate(extra.lines) if line.startswith("torch==")]
        assert places in ([], [0]), extra.name


def test_a_node_is_led_to_the_smallest_extra_that_brings_all_it_needs():
    library = Library([], extras=EXTRAS)
    assert library.how_to_install("swift_f0") == "regroove extras install pitch"
    assert library.how_to_install("torch", "torchcrepe") == "regroove extras install crepe"
    assert library.how_to_install("torch", "demucs") == "regroove extras install separation"
    assert library.how_to_install("torch", "demucs", "torchcrepe") == "regroove extras install ai"
    assert library.how_to_install("audiosr") == "regroove extras install audiosr"
    assert (
        library.how_to_install("swift_f0", "nobody") == "regroove extras install pitch && pip install nobody"
    )
