"""The door for node authors shows exactly what exists."""

import importlib
import inspect
from pathlib import Path
from types import ModuleType

import pytest

import nodegraph

ENGINE = sorted(path.stem for path in Path(nodegraph.__file__).parent.glob("[!_]*.py"))


def test_the_door_shows_exactly_what_exists():
    found = {
        name
        for name, thing in vars(nodegraph).items()
        if name[0] != "_" and not isinstance(thing, ModuleType)
    }
    assert found == set(nodegraph.__all__)
    assert sorted(nodegraph.__all__) == nodegraph.__all__, "in alphabetical order"


def test_all_of_it_can_be_imported():
    space: dict[str, object] = {}
    exec("from nodegraph import *", space)
    assert set(nodegraph.__all__) <= set(space)


def test_what_the_door_shows_is_documented():
    for name in nodegraph.__all__:
        thing = getattr(nodegraph, name)
        if inspect.isclass(thing) or inspect.isfunction(thing):
            assert thing.__doc__, name


@pytest.mark.parametrize("name", ENGINE)
def test_each_module_says_what_it_gives(name):
    module = importlib.import_module(f"nodegraph.{name}")
    assert module.__doc__
    assert module.__all__
    for thing in module.__all__:
        assert hasattr(module, thing), f"{name}.__all__ names {thing}, which is not there"


def test_the_tree_in_the_errors_docstring_is_the_tree():
    from nodegraph import errors

    drawn = [
        line.split("── ")[-1].split()[0] for line in (errors.__doc__ or "").splitlines() if "── " in line
    ]
    assert sorted([*drawn, "RegrooveError"]) == sorted(errors.__all__)
    for name in errors.__all__:
        assert issubclass(getattr(errors, name), errors.RegrooveError)
