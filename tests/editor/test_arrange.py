"""Nodes find places in columns: nothing overlaps, links run to the right, the same every time."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nodes
from nodegraph.document import Document
from nodegraph.document_file import load_document
from nodegraph.editor.space.arrange import COLUMN, arrange
from nodegraph.editor.space.shape import shape_of
from nodegraph.graph import Graph, Link, Node
from nodegraph.library import Library

LIBRARY = Library.from_package(nodes, skip=("dsp",))


def placed(graph, chosen=None):
    shapes = {node_id: shape_of(Document(graph), node_id, LIBRARY) for node_id in graph.nodes}
    return arrange(graph, shapes, chosen), shapes


def assert_apart(places, shapes):
    ids = sorted(places)
    for i, a in enumerate(ids):
        for b in ids[i + 1 :]:
            if places[a][0] == places[b][0]:
                top, bottom = sorted((a, b), key=lambda node_id: places[node_id][1])
                assert places[top][1] + shapes[top].height < places[bottom][1]
            else:
                assert abs(places[a][0] - places[b][0]) >= COLUMN


def random_graph(seed: int, count: int) -> Graph:
    chance = random.Random(seed)
    found = {f"n{i}": Node(chance.choice(["mix", "gain", "repair.declick", "tone.eq"])) for i in range(count)}
    links = []
    for i in range(1, count):
        sources = [f"n{chance.randrange(max(0, i - 12), i)}" for _ in range(chance.randint(0, 2))]
        links += [Link(name, "audio", f"n{i}", f"tracks.{track}") for track, name in enumerate(sources, 1)]
    return Graph(found, tuple(links))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 40))
def test_nothing_overlaps_and_links_run_to_the_right(seed, count):
    graph = random_graph(seed, count)
    places, shapes = placed(graph)
    assert places.keys() == graph.nodes.keys()
    assert_apart(places, shapes)
    for link in graph.links:
        assert places[link.source][0] < places[link.target][0]
    assert min(x for x, _ in places.values()) == 0
    assert min(y for _, y in places.values()) == 0


def test_it_comes_out_the_same_every_time():
    graph = random_graph(7, 40)
    assert placed(graph)[0] == placed(graph)[0]


def test_an_edited_parameter_moves_nothing():
    graph = random_graph(7, 40)
    other = graph.put("n3", Node(graph.nodes["n3"].kind, {"strength": 0.5}))
    assert placed(graph)[0] == placed(other)[0]


def test_a_chain_is_level():
    kinds = ["load", "repair.declick", "repair.denoise", "gain", "export"]
    graph = Graph(
        {f"n{i}": Node(kind) for i, kind in enumerate(kinds)},
        tuple(Link(f"n{i}", "audio", f"n{i + 1}", "audio") for i in range(4)),
    )
    places, _ = placed(graph)
    assert {y for _, y in places.values()} == {0.0}
    assert [places[f"n{i}"][0] for i in range(5)] == [i * COLUMN for i in range(5)]


def test_links_of_stems_do_not_cross(library):
    from pathlib import Path

    graph = load_document(Path(__file__).parents[2] / "graphs" / "per_stem_restore.json", library).graph
    places, shapes = placed(graph)
    assert_apart(places, shapes)
    # tones feeds tracks.1 of the mix and comes from the upper output; strokes from the lower.
    assert places["tones"][1] < places["strokes"][1]


def test_what_is_not_linked_stands_apart_in_the_graphs_order():
    graph = Graph({"b": Node("gain"), "a": Node("gain"), "c": Node("gain")})
    places, _ = placed(graph)
    assert places["b"][1] < places["a"][1] < places["c"][1]


def test_a_source_stands_beside_what_it_feeds():
    graph = Graph(
        {"load": Node("load"), "gain": Node("gain"), "late": Node("load"), "mix": Node("mix")},
        (
            Link("load", "audio", "gain", "audio"),
            Link("gain", "audio", "mix", "tracks.1"),
            Link("late", "audio", "mix", "tracks.2"),
        ),
    )
    places, _ = placed(graph)
    assert places["late"][0] == places["gain"][0]


@pytest.mark.parametrize("chosen", [["n1", "n2", "n5"], []])
def test_only_the_chosen_are_placed(chosen):
    places, _ = placed(random_graph(3, 10), chosen)
    assert sorted(places) == chosen


def test_kinds_that_are_unknown_are_placed_too():
    graph = Graph({"a": Node("gain"), "x": Node("alien")}, (Link("a", "audio", "x", "thing"),))
    places, _ = placed(graph)
    assert places["a"][0] < places["x"][0]
