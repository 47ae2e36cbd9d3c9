"""A user's own packages: they come last, and nothing of Regroove's is replaced by them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from machines import Machine
from tiny_wheels import listing, write_wheel


def test_own_packages_come_go_and_are_replaced(machine: Machine) -> None:
    before = listing(machine.folder / "env")
    write_wheel(machine.wheels, "my-tool", needs=("tiny-part",))
    assert "my-tool 1.0" in machine("pip", "install", "my-tool")
    assert (
        machine.run("from nodegraph.overlay import use_overlay; use_overlay(); import my_tool, tiny_part")
        == ""
    )
    write_wheel(machine.wheels, "tiny-part", "2.0", files={"tiny_part/other.py": ""})
    assert json.loads(machine("pip", "install", "tiny-part", "--json"))["installed"] == ["tiny-part 2.0"]
    assert not (machine.overlay / "tiny_part" / "__init__.py").exists(), "the older version's file is gone"
    assert json.loads(machine("pip", "list", "--json"))["packages"] == {
        "my-tool": "1.0",
        "tiny-part": "2.0",
    }
    findings = {each["name"]: each["text"] for each in json.loads(machine("doctor", "--json"))}
    assert findings["Own packages"] == f"my-tool 1.0, tiny-part 2.0, in {machine.overlay}"
    assert findings["Extra tiny"] == "Does a thing."
    machine("pip", "uninstall", "-y", "my-tool", "tiny-part")
    assert listing(machine.overlay) == set()
    assert listing(machine.folder / "env") == before
    assert "not among your own packages" in machine("pip", "uninstall", "my-tool", code=3)


def test_a_package_of_regroove_is_refused_before_it_is_loaded(machine: Machine) -> None:
    write_wheel(machine.wheels, "numpy", "0.1")
    write_wheel(machine.wheels, "torch", "9.0")
    write_wheel(machine.wheels, "wants-torch", needs=("torch",))
    write_wheel(machine.wheels, "wants-old-scipy", needs=("scipy<1",))
    write_wheel(machine.wheels, "scipy", "0.1")
    for wanted, refused in (
        ("numpy==0.1", "numpy"),
        ("wants-torch", "torch"),
        ("wants-old-scipy", "scipy"),
        ("other-tool", "other-tool"),
    ):
        told = machine("pip", "install", wanted, code=3)
        assert f"This would bring {refused}, which belongs to Regroove. Nothing was installed." in told
    assert not machine.overlay.exists()


def test_a_wheel_that_hides_a_module_of_regroove_is_refused(machine: Machine) -> None:
    write_wheel(machine.wheels, "harmless", files={"harmless.py": "", "scipy/__init__.py": ""})
    assert "holds scipy, which belongs to Regroove" in machine("pip", "install", "harmless", code=3)
    write_wheel(machine.wheels, "harmless", files={"harmless.py": "", "nodegraph/__init__.py": ""})
    assert "holds nodegraph, which belongs to Regroove" in machine("pip", "install", "harmless", code=3)
    assert not machine.overlay.exists()


def test_an_overlay_that_somebody_else_filled_is_told(machine: Machine) -> None:
    (machine.overlay / "numpy").mkdir(parents=True)
    told = machine("pip", "install", "tiny-tool", code=3)
    assert "The overlay holds numpy, which belongs to Regroove. Take it out first." in told
    findings = {each["text"]: each for each in json.loads(machine("doctor", "--json", code=3))}
    assert findings["numpy belongs to Regroove and is not used there"]["state"] == "broken"
    # It comes last, so Regroove works all the same.
    program = "from nodegraph.overlay import use_overlay; use_overlay(); import numpy; print(numpy.__file__)"
    assert not machine.run(program).startswith(str(machine.overlay))


def test_the_overlay_is_last_on_the_path_and_nothing_if_it_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    from nodegraph.overlay import use_overlay

    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("REGROOVE_OVERLAY", str(tmp_path / "mine"))
    before = list(sys.path)
    use_overlay()
    assert sys.path == before
    (tmp_path / "mine").mkdir()
    use_overlay()
    use_overlay()
    assert sys.path == [*before, str(tmp_path / "mine")]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("pip", "freeze"), "regroove pip knows install, list and uninstall, not freeze."),
        (("pip", "install", "--upgrade", "x"), "knows packages and -r FILE, not --upgrade"),
        (("pip", "install"), "Name the packages to install"),
        (("pip", "uninstall"), "Name the packages to take out"),
    ],
)
def test_what_pip_could_do_more_is_refused_in_a_sentence(
    machine: Machine, words: tuple[str, ...], told: str
) -> None:
    assert told in machine(*words, code=3)


def test_a_file_of_requirements_and_a_wheel_are_taken_from_where_one_stands(machine: Machine) -> None:
    (machine.folder / "mine.txt").write_text("tiny-part\n")
    assert "tiny-part 1.0" in machine("pip", "install", "-r", "mine.txt")
    assert "other-thing 1.0" in machine(
        "pip", "install", "./" + write_wheel(machine.folder, "other-thing").name
    )
