"""Exactly what runs after each change, and what the plan says about it beforehand."""

import os
import shutil
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from lab import chain, graph, link, trio

from nodegraph.document import Document, Frame
from nodegraph.errors import GraphError
from nodegraph.graph import Graph


def renamed_ids(made: Graph, **ids: str) -> Graph:
    return Graph(
        {ids.get(name, name): node for name, node in made.nodes.items()},
        tuple(
            replace(each, source=ids.get(each.source, each.source), target=ids.get(each.target, each.target))
            for each in made.links
        ),
    )


# --- parameters -----------------------------------------------------------------------------------


def test_a_first_run_runs_everything_and_a_second_nothing(lab):
    assert lab.ran(chain()) == ["gain", "mix", "split", "tone"]
    assert lab.ran(chain()) == []
    assert lab.run(chain()).reused == ("mix",)


def test_a_changed_parameter_runs_its_node_and_what_follows(lab):
    lab.run(chain())
    assert lab.ran(chain(gain_db=3.0)) == ["gain", "mix", "split"]
    assert lab.ran(chain().set_param("split", "at_percent", 10.0, lab.library)) == ["mix", "split"]


def test_a_slider_that_moves_back_runs_nothing(lab):
    lab.run(chain(6.0))
    lab.run(chain(7.0))
    assert lab.ran(chain(6.0)) == []


@pytest.mark.parametrize(
    "same", [{"tone_hz": 440}, {"tone_hz": 440.0}, {"channels": 1.0}, {"length_s": 0.05}]
)
def test_a_default_that_is_written_out_runs_nothing(lab, same):
    lab.run(chain())
    assert lab.ran(chain(**same)) == []


def test_minus_zero_is_zero(lab):
    first = graph("tone.audio > slow.audio", tone="tone", slow=("slow", {"length_s": 0.0, "offset": 0.0}))
    lab.run(first)
    assert lab.ran(first.set_param("slow", "offset", -0.0, lab.library)) == []


def test_ids_positions_titles_frames_and_labels_run_nothing(lab):
    made = chain()
    lab.run(made)
    moved = Document(
        made, "A title", "A comment", {"tone": (4.0, 5.0)}, {"mix": "Sum"}, (Frame("All", 0, 0, 9, 9),)
    ).move("gain", 100, 200)
    assert lab.ran(moved) == []
    assert lab.ran(renamed_ids(made, tone="source", mix="sum", gain="louder")) == []


def test_the_order_of_nodes_and_links_runs_nothing(lab):
    made = chain()
    lab.run(made)
    turned = Graph(dict(reversed(made.nodes.items())), made.links[::-1])
    assert lab.ran(turned) == []


def test_a_new_process_runs_nothing(lab):
    made = chain()
    before = lab.run(made).values["mix", "audio"]
    lab.reopened()
    assert lab.ran(made) == []
    after = lab.run(made).values["mix", "audio"]
    assert np.array_equal(before.samples, after.samples)
    assert before.sample_rate == after.sample_rate


# --- sharing --------------------------------------------------------------------------------------


def test_twin_branches_are_run_once(lab):
    twins = graph(
        "a.audio > b.audio",
        "c.audio > d.audio",
        "b.audio > mix.tracks.1",
        "d.audio > mix.tracks.2",
        a="tone",
        b=("gain", {"gain_db": 3}),
        c=("tone", {"tone_hz": 440.0}),
        d=("gain", {"gain_db": 3.0}),
        mix="mix",
    )
    assert len(lab.ran(twins)) == 3
    one = lab.run(twins).values["mix", "audio"].samples
    assert np.allclose(one, 2 * lab.run(twins, ["b"]).values["b", "audio"].samples)


def test_twin_targets_both_get_their_values(lab):
    twins = graph(a="tone", b="tone")
    result = lab.run(twins, ["a", "b"])
    assert len(result.ran) == 1
    assert set(result.values) == {("a", "audio"), ("b", "audio")}


def test_only_ancestors_of_the_targets_run(lab):
    made = graph(
        "a.audio > b.audio",
        "a.audio > c.audio",
        a="tone",
        b=("gain", {"gain_db": 1}),
        c=("gain", {"gain_db": 2}),
    )
    assert lab.ran(made, ["b"]) == ["a", "b"]
    assert lab.ran(made, ["c"]) == ["c"]
    assert lab.ran(made, []) == []
    assert lab.ran(made) == []


def test_a_target_that_is_not_there_is_refused(lab):
    with pytest.raises(GraphError, match="no node nope"):
        lab.run(chain(), ["nope"])


# --- nodes that change nothing --------------------------------------------------------------------


def test_a_neutral_node_is_transparent(lab):
    made = chain(gain_db=0.0)
    assert lab.ran(made) == ["mix", "split", "tone"]
    direct = graph(
        "tone.audio > split.audio",
        "split.low > mix.tracks.1",
        "split.high > mix.tracks.2",
        tone="tone",
        split="split",
        mix="mix",
    )
    assert lab.ran(direct) == []


def test_a_neutral_target_gives_its_input(lab):
    made = graph("tone.audio > gain.audio", tone="tone", gain="gain")
    result = lab.run(made, ["gain"])
    assert result.ran == ("tone",)
    assert result.values["gain", "audio"].frames == 400


def test_the_second_output_of_a_neutral_node_is_made_when_asked_for(lab):
    made = graph(
        "tone.audio > repair.audio",
        "repair.audio > a.audio",
        "repair.removed > b.audio",
        tone="tone",
        repair=("repair", {"strength_percent": 0}),
        a=("same", {"tag": "a"}),
        b=("same", {"tag": "b"}),
    )
    assert lab.ran(made, ["a"]) == ["a", "tone"]
    assert lab.ran(made, ["b"]) == ["b", "repair"]
    assert not lab.run(made, ["b"]).values["b", "audio"].samples.any()


def test_a_bypassed_node_is_transparent_and_back_again_is_a_hit(lab):
    made = chain()
    lab.run(made)
    without = made.bypass("gain", bypassed=True)
    assert lab.ran(without) == ["mix", "split"]
    assert lab.ran(without.bypass("gain", bypassed=False)) == []
    assert lab.ran(chain(gain_db=0.0)) == [], "bypassed and neutral are one"


def test_a_bypassed_source_leaves_its_reader_without_input(lab):
    made = chain().bypass("tone", bypassed=True)
    result = lab.run(made)
    assert result.ran == ()
    assert result.skipped == {
        "gain": "Nothing is linked to its input audio.",
        "split": "it needs gain, which cannot run",
        "mix": "it needs gain, which cannot run",
    }


def test_a_bypassed_splitter_feeds_only_its_first_output(lab):
    made = chain().bypass("split", bypassed=True)
    assert lab.ran(made) == ["gain", "mix", "tone"]
    values = lab.run(made, ["split"]).values
    assert set(values) == {("split", "low")}


# --- links ----------------------------------------------------------------------------------------


def test_numbers_of_tracks_are_names_and_only_their_order_counts(lab):
    lab.run(trio((1, 2, 3), {"tracks.2": -3}))
    assert lab.ran(trio((4, 70, 100), {"tracks.70": -3.0})) == []
    assert lab.ran(trio((2, 9, 10), {"tracks.9": -3.0})) == [], "10 comes after 9"


def test_gains_follow_their_track_when_another_is_unlinked(lab):
    made = trio((1, 2, 3), {"tracks.1": -1, "tracks.2": -2, "tracks.3": -3})
    lab.run(made)
    two = made.disconnect(link("b.audio > mix.tracks.2"))
    assert lab.ran(two) == ["mix"]
    a, c = (lab.run(made, [name]).values[name, "audio"].samples for name in "ac")
    expected = a * np.float32(10 ** (-1 / 20)) + c * np.float32(10 ** (-3 / 20))
    assert np.allclose(lab.run(two).values["mix", "audio"].samples, expected)


def test_a_gain_of_a_track_that_is_not_linked_changes_nothing(lab):
    lab.run(trio(gains={}))
    assert lab.ran(trio(gains={"tracks.9": 4.0, "tracks.1": 0.0})) == []


def test_unlink_and_relink_runs_nothing(lab):
    made = trio()
    lab.run(made)
    apart = made.disconnect(link("b.audio > mix.tracks.2"))
    lab.run(apart)
    assert lab.ran(apart.connect(link("b.audio > mix.tracks.2"), lab.library)) == []


def test_swapped_outputs_are_another_recipe(lab):
    first = graph(
        "a.audio > s.audio",
        "s.low > g.audio",
        a="tone",
        s=("split", {"at_percent": 20}),
        g=("gain", {"gain_db": 1}),
    )
    second = graph(
        "a.audio > s.audio",
        "s.high > g.audio",
        a="tone",
        s=("split", {"at_percent": 20}),
        g=("gain", {"gain_db": 1}),
    )
    lab.run(first)
    assert lab.ran(second) == ["g"]


def test_an_optional_input_is_part_of_the_recipe(lab):
    alone = graph("a.audio > j.audio", a="tone", b=("tone", {"tone_hz": 50}), j="join")
    lab.run(alone, ["j"])
    both = alone.connect(link("b.audio > j.side"), lab.library)
    assert lab.ran(both) == ["b", "j"]
    swapped = graph("b.audio > j.audio", "a.audio > j.side", a="tone", b=("tone", {"tone_hz": 50}), j="join")
    assert lab.ran(swapped) == ["j"]


def test_a_link_from_an_output_that_does_not_exist_stops_its_reader(lab):
    made = graph("a.audio > mix.tracks.1", "a.nope > mix.tracks.2", a="tone", mix="mix")
    result = lab.run(made, ["mix"])
    assert "nope" in result.skipped["mix"]
    assert result.ran == ()


# --- source files ---------------------------------------------------------------------------------


@pytest.fixture
def take(lab):
    path = lab.folder / "take.wav"
    soundfile.write(path, np.linspace(-0.5, 0.5, 500, dtype=np.float32), 8000, subtype="FLOAT")
    return path


def player(name="take.wav", gain_db=2.0):
    return graph(
        "read.audio > gain.audio", read=("read", {"file": str(name)}), gain=("gain", {"gain_db": gain_db})
    )


def test_a_touched_file_runs_nothing(lab, take):
    lab.run(player())
    os.utime(take, (1, 1))
    assert lab.ran(player()) == []
    os.utime(take)
    assert lab.ran(player()) == []


def test_a_file_replaced_by_its_like_or_moved_runs_nothing(lab, take):
    lab.run(player())
    shutil.copy(take, lab.folder / "copy.wav")
    os.replace(lab.folder / "copy.wav", take)
    assert lab.ran(player()) == []
    (lab.folder / "sub").mkdir()
    take.rename(lab.folder / "sub" / "other name.wav")
    assert lab.ran(player("sub/other name.wav")) == []
    assert lab.ran(player(lab.folder / "sub" / "other name.wav")) == [], "an absolute path is the same file"


def test_a_file_with_a_new_content_runs_its_reader_and_what_follows(lab, take):
    lab.run(player())
    content = bytearray(take.read_bytes())
    content[-1] ^= 1
    take.write_bytes(content)
    assert lab.why(player())["read"] == "file has a new content"
    assert lab.ran(player()) == ["gain", "read"]


def test_a_new_content_is_seen_even_if_size_and_time_are_as_before(lab, take):
    os.utime(take, (1e9, 1e9))
    lab.run(player())
    content = bytearray(take.read_bytes())
    content[-1] ^= 1
    take.write_bytes(content)
    os.utime(take, (1e9, 1e9))
    assert lab.ran(player()) == ["gain", "read"]


def test_a_missing_file_is_told_and_the_rest_runs(lab):
    made = graph(
        "read.audio > a.audio", read=("read", {"file": "gone.wav"}), a=("gain", {"gain_db": 1}), b="tone"
    )
    result = lab.run(made)
    assert result.ran == ("b",)
    assert result.skipped["read"] == "file: gone.wav is not there. Choose where it is now."


@pytest.mark.parametrize("name", ["", ".", "sub/../..", "x" * 5000, "tone\ud800.wav"])
def test_a_path_that_cannot_be_read_is_a_sentence(lab, name):
    result = lab.run(graph(read=("read", {"file": name})))
    assert result.ran == ()
    assert result.skipped["read"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_or_device_as_a_source_is_refused_instead_of_read_forever(lab):
    os.mkfifo(lab.folder / "pipe.wav")
    for name in ("pipe.wav", "/dev/zero"):
        result = lab.run(graph(read=("read", {"file": name})))
        assert "cannot be read" in result.skipped["read"]
