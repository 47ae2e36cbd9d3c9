"""What a node needs beside its inputs: told before the run, and a part of what its result is."""

import json

import numpy as np
import pytest
from lab import graph

from nodegraph import Audio, node
from nodegraph.environments import environment_python, environment_versions
from nodegraph.errors import NotInstalledError, WeightsError
from nodegraph.library import Library
from nodegraph.requirement import Requirement
from nodegraph.spec import read_spec
from nodegraph.weights import size_text, weights_file, weights_folder


@pytest.fixture
def folders(tmp_path, monkeypatch):
    monkeypatch.setenv("REGROOVE_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("REGROOVE_ENVIRONMENTS", str(tmp_path / "environments"))
    (tmp_path / "models" / "wts").mkdir(parents=True)
    return tmp_path


def learned(model):
    return graph("a.audio > b.audio", a="tone", b=("learned", {"model": model}))


def test_weights_that_are_missing_are_told_before_the_run_with_file_size_and_command(lab, folders):
    step = lab.plan(learned("wts")).steps[-1]
    assert (step.node_id, step.state) == ("b", "blocked")
    assert step.why == "learned needs the weights wts: a.bin (1 kB). Run: regroove models fetch wts"
    assert lab.run(learned("wts")).ran == ()


def test_weights_of_another_length_do_not_count(lab, folders):
    (folders / "models" / "wts" / "a.bin").write_bytes(b"ab")
    assert lab.plan(learned("wts")).steps[-1].state == "blocked"


def test_settings_that_need_no_weights_run_without_them(lab, folders):
    assert "b" in lab.run(learned("plain")).ran


def test_other_weights_are_another_result(lab, folders):
    path = folders / "models" / "wts" / "a.bin"
    path.write_bytes(b"abc")
    first = lab.run(learned("wts"), ["b"])
    assert lab.run(learned("wts"), ["b"]).reused == ("b",)
    path.write_bytes(b"acc")
    second = lab.run(learned("wts"), ["b"])
    assert second.ran == ("b",)
    difference = second.values["b", "audio"].samples - first.values["b", "audio"].samples
    np.testing.assert_allclose(difference, -1.0, atol=1e-6)


def test_an_environment_counts_once_it_is_whole_and_its_versions_are_part_of_the_result(lab, folders):
    step = lab.plan(learned("apart")).steps[-1]
    assert step.why == "learned needs apart, which is not installed. Run: regroove extras install apart"
    place = folders / "environments" / "apart"
    place.mkdir(parents=True)
    (place / "environment.json").write_text("{half")
    assert environment_versions("apart") is None
    (place / "environment.json").write_text(json.dumps({"versions": {"x": "1"}}))
    assert "b" in lab.run(learned("apart")).ran
    (place / "environment.json").write_text(json.dumps({"versions": {"x": "2"}}))
    assert "b" in lab.run(learned("apart")).ran


def test_several_packages_are_not_installed_and_one_is_not():
    @node(version=1, kind="two", needs=("no_such_one", "no_such_other"))
    def two(audio: Audio) -> Audio:
        """Do nothing."""
        return audio

    spec = read_spec(two)
    said = Library([spec]).unavailable(spec)
    assert said is not None
    assert said.startswith("two needs no_such_one, no_such_other, which are not installed. Run: ")


def test_a_node_that_asks_for_what_is_not_there_is_told_the_command(folders):
    with pytest.raises(WeightsError, match="Run: regroove models fetch none"):
        weights_folder("none")
    with pytest.raises(WeightsError, match=r"lack a\.bin\. Run: regroove models fetch wts"):
        weights_file("wts", "a.bin")
    with pytest.raises(NotInstalledError, match="Run: regroove extras install apart"):
        environment_python("apart")


def test_requirements_add_up():
    both = Requirement(("a", "b"), ("w",)) | Requirement(("b", "c"), environment="e")
    assert both == Requirement(("a", "b", "c"), ("w",), "e")


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "size unknown"), (10, "1 kB"), (84_141_000, "84 MB"), (1_600_000_000, "1.6 GB")],
)
def test_sizes_are_written_as_people_do(size, text):
    assert size_text(size) == text
