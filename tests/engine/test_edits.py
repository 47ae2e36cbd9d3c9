"""Edits are values: whatever is done to a graph, earlier graphs stay, and every graph is sound."""

import json
from pathlib import Path

import jsonschema
import networkx as nx
import pytest
from engine_kinds import make_library
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from lab import graph, link

from nodegraph.cache import Cache
from nodegraph.document import Document
from nodegraph.document_file import from_json, to_json
from nodegraph.errors import GraphError, LinkError, ParameterError, UnknownKindError
from nodegraph.graph import Graph, Link, Node
from nodegraph.recipe import Places, make_recipes

LIBRARY = make_library()
SCHEMA = json.loads((Path(__file__).parents[2] / "nodegraph" / "graph-1.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

KINDS = st.sampled_from([*LIBRARY.specs, "from.elsewhere"])
NAMES = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
NUMBERS = st.floats(-1e9, 1e9, allow_nan=False)
PORTS = st.sampled_from(
    [
        "audio",
        "removed",
        "low",
        "high",
        "side",
        "report",
        "tracks.1",
        "tracks.2",
        "tracks.10",
        "tracks",
        "nope",
        "tracks.0",
    ]
)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-100, 100),
    st.floats(-100, 100),
    st.sampled_from(["add", "keep", "x.wav"]),
    st.dictionaries(st.sampled_from(["tracks.1", "tracks.2", "other"]), st.integers(-90, 20), max_size=2),
)


class Edits(RuleBasedStateMachine):
    """Edit a document; keep all that was, with what it looked like then."""

    def __init__(self):
        super().__init__()
        self.document = Document()
        self.past: list[tuple[Document, str]] = [(self.document, to_json(self.document))]

    def follow(self, document: Document) -> None:
        self.document = document
        self.past.append((document, to_json(document)))

    def edit(self, made: Graph) -> None:
        self.follow(self.document.with_graph(made))

    @property
    def graph(self) -> Graph:
        return self.document.graph

    def pick(self, data) -> str:
        return data.draw(st.sampled_from(sorted(self.graph.nodes)))

    def any_link(self, data) -> Link:
        return Link(self.pick(data), data.draw(PORTS), self.pick(data), data.draw(PORTS))

    @rule(kind=KINDS)
    def add(self, kind):
        name = self.graph.new_id(kind)
        self.edit(self.graph.add(name, Node(kind)))
        assert self.graph.node(name).kind == kind

    @rule(name=NAMES | st.sampled_from(["", "a b", "ü", "x" * 65, "a.b", "a/b", "a\n"]), kind=KINDS)
    def add_under_a_name(self, name, kind):
        wrong = name in self.graph.nodes or not name.isascii() or any(c in " ./\n" for c in name)
        if wrong or not 1 <= len(name) <= 64:
            with pytest.raises(GraphError):
                self.graph.add(name, Node(kind))
        else:
            self.edit(self.graph.add(name, Node(kind)))

    @precondition(lambda self: self.graph.nodes)
    @rule(data=st.data())
    def remove(self, data):
        name = self.pick(data)
        self.edit(self.graph.remove(name))
        assert name not in self.graph.nodes
        assert all(name not in (each.source, each.target) for each in self.graph.links)

    @precondition(lambda self: self.graph.nodes)
    @rule(data=st.data())
    def connect(self, data):
        self.try_to_connect(self.any_link(data))

    @precondition(lambda self: self.graph.nodes)
    @rule(data=st.data())
    def connect_what_fits(self, data):
        givers = [
            (n, p.name) for n, v in self.graph.nodes.items() if (s := LIBRARY.get(v.kind)) for p in s.outputs
        ]
        takers = [
            (n, self.graph.free_port(n, p))
            for n, v in self.graph.nodes.items()
            if (s := LIBRARY.get(v.kind))
            for p in s.inputs
        ]
        if givers and takers:
            self.try_to_connect(
                Link(*data.draw(st.sampled_from(givers)), *data.draw(st.sampled_from(takers)))
            )

    def try_to_connect(self, new: Link) -> None:
        problem = self.graph.link_problem(new, LIBRARY)
        if problem is None:
            self.edit(self.graph.connect(new, LIBRARY))
            assert new in self.graph.links
            assert self.graph.link_problem(new, LIBRARY) is not None, "it is taken now"
        else:
            assert problem.startswith(f"Cannot link {new}: ")
            with pytest.raises(LinkError) as caught:
                self.graph.connect(new, LIBRARY)
            assert str(caught.value) == problem

    @precondition(lambda self: self.graph.links)
    @rule(data=st.data())
    def disconnect(self, data):
        old = data.draw(st.sampled_from(self.graph.links))
        without = self.graph.disconnect(old)
        assert set(without.links) == set(self.graph.links) - {old}
        if without.link_problem(old, LIBRARY) is None:
            assert without.connect(old, LIBRARY) == self.graph
        self.edit(without)
        with pytest.raises(LinkError, match="no link"):
            self.graph.disconnect(old)

    @precondition(lambda self: self.graph.nodes)
    @rule(data=st.data(), value=VALUES)
    def set_param(self, data, value):
        name = self.pick(data)
        spec = LIBRARY.get(self.graph.nodes[name].kind)
        if spec is None:
            with pytest.raises(UnknownKindError):
                self.graph.set_param(name, "x", value, LIBRARY)
            return
        param = data.draw(st.sampled_from(["nope", *(param.name for param in spec.params)]))
        refusal = ""
        try:
            self.edit(self.graph.set_param(name, param, value, LIBRARY))
        except ParameterError as error:
            refusal = str(error)
        if refusal:
            assert refusal.startswith(f"{name}: ")
            return
        kept = self.graph.nodes[name].params[param]
        assert spec.param(param).check(kept) == kept, "what is kept is canonical"

    @precondition(lambda self: self.graph.nodes)
    @rule(data=st.data(), kind=KINDS, extra=st.dictionaries(st.text(max_size=3), st.integers(), max_size=2))
    def put(self, data, kind, extra):
        for known in ("kind", "version", "params", "bypassed"):
            extra.pop(known, None)
        name = self.pick(data)
        before = self.graph.links
        self.edit(self.graph.put(name, Node(kind, extra=extra)))
        assert self.graph.links == before

    @precondition(lambda self: self.graph.nodes)
    @rule(data=st.data(), bypassed=st.booleans())
    def bypass(self, data, bypassed):
        name = self.pick(data)
        self.edit(self.graph.bypass(name, bypassed=bypassed))
        assert self.graph.nodes[name].bypassed is bypassed

    @precondition(lambda self: self.graph.nodes)
    @rule(data=st.data(), x=NUMBERS, y=NUMBERS)
    def move(self, data, x, y):
        name, before = self.pick(data), self.graph
        self.follow(self.document.move(name, x, y))
        assert self.graph is before
        assert self.document.positions[name] == (x, y)

    @rule(data=st.data())
    def undo(self, data):
        document, text = data.draw(st.sampled_from(self.past[-5:]))
        self.document = document
        assert to_json(document) == text

    @invariant()
    def nothing_that_was_has_changed(self):
        for document, text in self.past[-3:]:
            assert to_json(document) == text

    @invariant()
    def the_graph_has_no_loop_and_its_order_is_topological(self):
        assert sorted(self.graph.order) == sorted(self.graph.nodes)
        place = {name: number for number, name in enumerate(self.graph.order)}
        assert all(place[each.source] < place[each.target] for each in self.graph.links)

    @invariant()
    def each_input_has_one_link_and_links_are_sorted(self):
        ends = [(each.target, each.target_port) for each in self.graph.links]
        assert len(ends) == len(set(ends))
        assert self.graph.links == tuple(sorted(self.graph.links))

    @invariant()
    def what_is_derived_agrees_with_a_graph_made_anew(self):
        fresh = Graph(self.graph.nodes, self.graph.links)
        assert fresh == self.graph
        for name in self.graph.nodes:
            assert self.graph.incoming(name) == fresh.incoming(name)
            assert self.graph.outgoing(name) == fresh.outgoing(name)
        assert self.graph.sinks() == fresh.sinks()

    @invariant()
    def the_file_says_the_same_and_fits_the_schema(self):
        text = to_json(self.document)
        VALIDATOR.validate(json.loads(text))
        again = from_json(text)
        assert again == self.document
        assert to_json(again) == text

    @invariant()
    def problems_are_always_told(self):
        told = {problem.node_id for problem in self.graph.problems(LIBRARY)}
        assert told >= {name for name, node in self.graph.nodes.items() if LIBRARY.get(node.kind) is None}


def test_any_sequence_of_edits_keeps_every_graph_sound():
    run_state_machine_as_test(
        Edits, settings=settings(max_examples=60, stateful_step_count=30, deadline=None)
    )


@st.composite
def graphs(draw):
    made = Graph()
    for kind in draw(
        st.lists(st.sampled_from(["tone", "gain", "split", "mix", "join", "repair", "same"]), max_size=8)
    ):
        made = made.add(made.new_id(kind), Node(kind))
    names = sorted(made.nodes)
    for _ in range(draw(st.integers(0, 12)) if names else 0):
        source, target = draw(st.sampled_from(names)), draw(st.sampled_from(names))
        taker = LIBRARY.find(made.nodes[target].kind)
        giver = LIBRARY.find(made.nodes[source].kind)
        if not taker.inputs:
            continue
        new = Link(
            source,
            draw(st.sampled_from(giver.outputs)).name,
            target,
            made.free_port(target, draw(st.sampled_from(taker.inputs))),
        )
        if made.link_problem(new, LIBRARY) is None:
            made = made.connect(new, LIBRARY)
    return made


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    return Cache(tmp_path_factory.mktemp("keys")).ledger


@settings(max_examples=60)
@given(made=graphs(), data=st.data())
def test_keys_do_not_know_names_or_order(ledger, made, data):
    names = list(made.nodes)
    new_names = dict(
        zip(names, data.draw(st.permutations([f"n{k}" for k in range(len(names))])), strict=True)
    )
    renamed = Graph(
        {new_names[name]: made.nodes[name] for name in data.draw(st.permutations(names))},
        tuple(
            Link(new_names[x.source], x.source_port, new_names[x.target], x.target_port) for x in made.links
        ),
    )

    def keys(some):
        return {
            name: recipe.key
            for name, recipe in make_recipes(some, LIBRARY, ledger, Places(), some.nodes).made.items()
        }

    assert {new_names[name]: key for name, key in keys(made).items()} == keys(renamed)


@settings(max_examples=60)
@given(made=graphs())
def test_ancestors_are_those_of_networkx(made):
    digraph = nx.DiGraph([(each.source, each.target) for each in made.links])
    digraph.add_nodes_from(made.nodes)
    for name in made.nodes:
        assert made.ancestors([name]) == nx.ancestors(digraph, name) | {name}


# --- what the judge says --------------------------------------------------------------------------


@pytest.fixture
def small():
    return graph(
        "a.audio > g.audio",
        "g.audio > s.audio",
        a="tone",
        g="gain",
        s="split",
        m="mix",
        r="measure",
        odd="from.afar",
    )


@pytest.mark.parametrize(
    ("new", "why"),
    [
        ("s.low > g.audio", "it is already linked from a.audio. Remove that first."),
        ("gone.audio > m.tracks.1", "there is no node gone."),
        ("odd.audio > m.tracks.1", "the kind from.afar is unknown here."),
        ("a.nope > m.tracks.1", "a has no output nope (it has audio)."),
        ("a.audio > m.nope", "m has no input nope (it has tracks.1)."),
        ("a.audio > m.tracks", "m has no input tracks (it has tracks.1)."),
        ("a.audio > m.tracks.0", "m has no input tracks.0 (it has tracks.1)."),
        ("a.audio > m.tracks.1000000", "m has no input tracks.1000000 (it has tracks.1)."),
        ("a.audio > m.tracks.1٣", "m has no input tracks.1٣ (it has tracks.1)."),
        ("r.report > m.tracks.1", "report is Report, but tracks takes Audio."),
        ("m.audio > m.tracks.1", "a node cannot feed itself."),
    ],
)
def test_the_judge_says_why(small, new, why):
    assert small.link_problem(link(new), LIBRARY) == f"Cannot link {link(new)}: {why}"


def test_the_judge_names_the_loop():
    made = graph("g.audio > h.audio", "h.audio > j.audio", g="gain", h="gain", j="join")
    assert made.link_problem(link("j.audio > g.audio"), LIBRARY) == (
        "Cannot link j.audio to g.audio: that would make a loop (j → g → h → j). "
        "Remove one of these links first."
    )


def test_a_graph_with_a_loop_cannot_be_made():
    with pytest.raises(LinkError, match="make a loop"):
        graph("g.audio > h.audio", "h.audio > g.audio", g="gain", h="gain")
    with pytest.raises(LinkError, match="make a loop"):
        graph("g.audio > g.audio", g="gain")


def test_two_links_to_one_input_cannot_be_made():
    with pytest.raises(LinkError, match=r"h\.audio has two links, from g.audio and from k\.audio"):
        graph("g.audio > h.audio", "k.audio > h.audio", g="gain", h="gain", k="tone")
    with pytest.raises(LinkError, match="has two links"):
        graph("g.audio > h.audio", "g.audio > h.audio", g="gain", h="gain")


def test_nodes_and_graphs_cannot_be_changed_in_place(small):
    with pytest.raises(TypeError):
        small.nodes["new"] = Node("tone")
    with pytest.raises(TypeError):
        small.nodes["a"].params["tone_hz"] = 1
    with pytest.raises(AttributeError):
        small.links = ()
    params = {"tone_hz": 5}
    node = Node("tone", params)
    params["tone_hz"] = 6
    assert node.params["tone_hz"] == 5


def test_a_new_track_gets_the_number_after_the_last():
    made = graph("a.audio > m.tracks.7", a="tone", m="mix")
    assert made.free_port("m", LIBRARY.find("mix").inputs[0]) == "tracks.8"


def test_new_ids_are_free_and_well_formed():
    made = Graph()
    for kind in ("repair.declick", "repair.declick", "ünlike kind", "", "x" * 100, "..."):
        made = made.add(made.new_id(kind), Node(kind))
    assert list(made.nodes)[:2] == ["declick", "declick2"]


def test_a_parameter_error_names_the_node(small):
    with pytest.raises(ParameterError, match=r"^g: gain_db must be -96 to 48 dB, not 99\.$"):
        small.set_param("g", "gain_db", 99, LIBRARY)
    with pytest.raises(ParameterError, match=r"^g: gain has no parameter gain_dB\. Did you mean gain_db\?"):
        small.set_param("g", "gain_dB", 9, LIBRARY)
