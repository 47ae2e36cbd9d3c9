"""`@node`: what is read from a signature and docstring, and which values a parameter takes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, NamedTuple, Optional

import engine_kinds
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodegraph import (
    Audio,
    InputFile,
    OutputFile,
    PerTrack,
    Progress,
    Range,
    Report,
    no_progress,
    node,
)
from nodegraph.docstring import read_docstring
from nodegraph.errors import ParameterError, UnknownKindError
from nodegraph.library import Library, code_digest
from nodegraph.spec import read_spec


class Repaired(NamedTuple):
    audio: Audio
    removed: Audio
    report: Report


@node(version=3, linked=True, neutral={"amount_percent": 0.0}, needs=("json",), resource="torch")
def everything(
    audio: Audio,
    side: Audio | None = None,
    *tracks: Audio,
    amount_percent: Annotated[float, Range(0, 100)] = 30,
    count: Annotated[int, Range(1, 9, unit="")] = 4,
    warm: bool = True,
    mode: Literal["soft", "hard"] = "soft",
    name: str = "x",
    seed: int | None = None,
    ratio: Optional[Annotated[float, Range(0, 1, unit="×")]] = None,  # noqa: UP045
    limit_hz: Annotated[float | None, Range(20, 20000, "log")] = None,
    file: Annotated[Path, InputFile()] = Path(),
    out: Annotated[str, OutputFile()] = "out.wav",
    gains_db: Annotated[tuple[float, ...], PerTrack("tracks", -6.0), Range(-96, 24)] = (),
    progress: Progress = no_progress,
) -> Repaired:
    """Do everything at once,
    and do it well.

    More is said here.

    And here.

    Parameters
    ----------
    audio : Audio
        The sound.
    side, *tracks : Audio
        Further sounds.
    amount_percent : float, percent
        More is more: the sound gets
        drier.
    progress : Progress
        Told.

    Returns
    -------
    audio : Audio
        Repaired.
    removed : Audio
        What is gone.

    References
    ----------
    Somebody, "Something", 1999.
    """
    return Repaired(audio, audio, Report(""))


def test_a_signature_is_read_whole():
    spec = read_spec(everything)
    assert (spec.version, spec.linked, spec.needs, spec.resource) == (3, True, ("json",), "torch")
    assert spec.summary == "Do everything at once, and do it well."
    assert spec.text == "More is said here.\n\nAnd here."
    assert spec.references == 'Somebody, "Something", 1999.'
    assert [(port.name, port.optional, port.many) for port in spec.inputs] == [
        ("audio", False, False),
        ("side", True, False),
        ("tracks", True, True),
    ]
    assert [port.text for port in spec.inputs] == ["The sound.", "Further sounds.", "Further sounds."]
    assert [(port.name, port.type, port.text) for port in spec.outputs] == [
        ("audio", Audio, "Repaired."),
        ("removed", Audio, "What is gone."),
        ("report", Report, ""),
    ]
    assert spec.wants_progress
    assert spec.returns_tuple
    params = {param.name: param for param in spec.params}
    assert {name: param.type for name, param in params.items()} == {
        "amount_percent": "float",
        "count": "int",
        "warm": "bool",
        "mode": "choice",
        "name": "text",
        "seed": "int",
        "ratio": "float",
        "limit_hz": "float",
        "file": "input_file",
        "out": "output_file",
        "gains_db": "per_track",
    }
    assert params["amount_percent"].default == 30.0
    assert type(params["amount_percent"].default) is float
    assert params["amount_percent"].text == "More is more: the sound gets drier."
    assert params["mode"].choices == ("soft", "hard")
    assert [name for name, param in params.items() if param.nullable] == ["seed", "ratio", "limit_hz"]
    assert (params["file"].default, params["out"].default, params["gains_db"].default) == ("", "out.wav", {})
    assert (params["gains_db"].track_port, params["gains_db"].track_default) == ("tracks", -6.0)
    assert {name: param.unit for name, param in params.items() if param.unit is not None} == {
        "amount_percent": "%",
        "count": "",
        "ratio": "×",
        "limit_hz": "Hz",
        "gains_db": "dB",
    }


def test_the_function_stays_a_plain_function():
    sound = engine_kinds.tone(tone_hz=10.0)
    assert engine_kinds.gain(sound, gain_db=6.0).frames == sound.frames


def test_a_single_output_is_named_after_its_type():
    assert [port.name for port in read_spec(engine_kinds.gain).outputs] == ["audio"]
    assert [port.name for port in read_spec(engine_kinds.measure).outputs] == ["report"]
    assert read_spec(engine_kinds.write).outputs == ()


def test_links_meet_ports():
    spec = read_spec(everything)
    for name in ("tracks.1", "tracks.12", "tracks.999999"):
        assert spec.input(name).name == "tracks"
    for name in (
        "tracks",
        "tracks.0",
        "tracks.01",
        "tracks.1000000",
        "tracks.1 ",
        "tracks.-1",
        "tracks.1.1",
        "side.1",
    ):
        assert spec.input(name) is None
    assert spec.input("side").name == "side"
    assert spec.output("removed").name == "removed"
    assert spec.output("nope") is None


# --- malformed nodes ------------------------------------------------------------------------------


def unmarked(audio: Audio) -> Audio:
    return audio


@node(version=1)
def no_type(audio) -> Audio:  # type: ignore[no-untyped-def]
    return audio


@node(version=1)
def no_default(audio: Audio, *, gain_db: float) -> Audio:
    return audio


@node(version=1)
def odd_type(audio: Audio, *, table: dict[str, int] = {}) -> Audio:  # noqa: B006
    return audio


@node(version=1)
def odd_port(audio: list[int] | dict[str, int]) -> Audio:
    return Audio.from_array([0.0], 1)


@node(version=1)
def out_of_range(audio: Audio, *, gain_db: Annotated[float, Range(0, 1)] = 5.0) -> Audio:
    return audio


@node(version=1)
def no_choice(audio: Audio, *, mode: Literal["a", "b"] = "c") -> Audio:  # type: ignore[assignment]
    return audio


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (unmarked, "unmarked is not marked with @node"),
        (no_type, "no_type: audio has no type"),
        (no_default, "no_default: parameter gain_db needs a default"),
        (odd_type, "odd_type: parameter table has type dict.*which no graph file can hold"),
        (odd_port, "Port audio: .* is not a type of value"),
        (out_of_range, "gain_db must be 0 to 1 dB, not 5.0"),
        (no_choice, "mode must be one of a, b, not 'c'"),
    ],
)
def test_a_malformed_node_is_told_what_to_change(function, message):
    with pytest.raises((TypeError, ParameterError), match=message):
        read_spec(function)


def test_two_nodes_of_one_kind_are_refused():
    spec = read_spec(engine_kinds.gain)
    with pytest.raises(TypeError, match="Two nodes are called gain"):
        Library([spec, spec])


# --- docstrings -----------------------------------------------------------------------------------


def test_a_docstring_without_sections_has_a_summary():
    doc = read_docstring("Say it.\n\nMore.")
    assert (doc.summary, doc.text, dict(doc.parameters)) == ("Say it.", "More.", {})
    assert read_docstring("").summary == ""


@given(st.text(max_size=300))
def test_no_docstring_is_too_odd_to_be_read(text):
    read_docstring(text)


def test_parameters_may_have_paragraphs_and_lists():
    doc = read_docstring(
        "A.\n\nParameters\n----------\nx, y : float\n    One.\n\n    - two\n"
        "*z : int\n    Three.\nw\n    Four."
    )
    assert doc.parameters == {
        "x": "One.  - two".replace("  ", " "),
        "y": "One. - two",
        "z": "Three.",
        "w": "Four.",
    }


# --- the library ----------------------------------------------------------------------------------


def test_an_unknown_kind_is_told_with_the_nearest():
    library = engine_kinds.make_library()
    with pytest.raises(UnknownKindError, match=r"no node of the kind gian\. Did you mean gain"):
        library.find("gian")
    assert library.get("gian") is None


def test_a_missing_package_is_told_with_its_command():
    library = engine_kinds.make_library()
    assert library.missing(library.find("heavy")) == ("no_such_package_anywhere",)
    assert "regroove extras install nowhere" in str(library.unavailable(library.find("heavy")))
    assert library.unavailable(library.find("gain")) is None
    assert Library([]).how_to_install("torch") == "pip install torch"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of nodes on disk: pack/mix.py uses pack/dsp/tool.py, pack/_heavy.py must not be imported."""
    import sys

    root = tmp_path / "packofnodes"
    (root / "dsp").mkdir(parents=True)
    (root / "level").mkdir()
    for folder in (root, root / "dsp", root / "level"):
        (folder / "__init__.py").write_text("")
    (root / "dsp" / "tool.py").write_text("FACTOR = 1\n")
    (root / "_heavy.py").write_text("raise ImportError('imported')\n")
    (root / "dsp" / "broken.py").write_text("raise ImportError('imported')\n")
    body = (
        "from nodegraph import Audio, node\nfrom packofnodes.dsp import tool\n"
        "@node(version=1)\ndef {name}(audio: Audio) -> Audio:\n    return audio\n"
    )
    (root / "mix.py").write_text(body.format(name="mix"))
    (root / "level" / "loud.py").write_text(body.format(name="loud") + "from packofnodes.mix import mix\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield root
    for name in [name for name in sys.modules if name.partition(".")[0] == "packofnodes"]:
        del sys.modules[name]
    code_digest.cache_clear()


def test_a_package_is_searched_for_its_own_functions(package):
    import packofnodes

    library = Library.from_package(packofnodes, skip=("dsp",))
    assert list(library.specs) == ["level.loud", "mix"]


def test_a_digest_changes_with_the_source_and_with_what_it_imports(package):
    import packofnodes  # noqa: F401

    def digests():
        code_digest.cache_clear()
        return code_digest("packofnodes.mix"), code_digest("packofnodes.level.loud")

    first = digests()
    assert first == digests()
    (package / "dsp" / "tool.py").write_text("FACTOR = 2\n")
    second = digests()
    assert first[0] != second[0]
    assert first[1] != second[1], "through mix"
    (package / "level" / "loud.py").write_text((package / "level" / "loud.py").read_text() + "# more\n")
    third = digests()
    assert third[0] == second[0]
    assert third[1] != second[1]
