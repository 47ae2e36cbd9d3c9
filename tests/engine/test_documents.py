"""Graph files: what is not understood survives, what is broken is refused with its place."""

import json
import os
import stat
import tempfile
import time
from pathlib import Path

import jsonschema
import pytest
from engine_kinds import make_library
from hypothesis import given, settings
from hypothesis import strategies as st
from lab import Lab, graph, link

from benchmarks.fuzz_documents import SEEDS, fuzz
from nodegraph import document_file as document_module
from nodegraph.document import Document, Frame, Note
from nodegraph.document_file import from_json, load_document, save_document, to_json
from nodegraph.errors import DocumentError
from nodegraph.graph import Link, Node

LIBRARY = make_library()
SCHEMA = json.loads((Path(__file__).parents[2] / "nodegraph" / "graph-1.schema.json").read_text())


def file(**changes) -> bytes:
    return json.dumps({"format": "regroove.graph", "version": 1, **changes}).encode()


# --- what survives --------------------------------------------------------------------------------


def test_what_this_version_does_not_know_survives_word_for_word():
    view = {"zoom": 0, "grid": False, "minimap": None, "tabs": [], "more": {}}
    record = json.loads(json.dumps(SEEDS[0]))
    record["view"].update(view)
    record["nodes"]["odd"] |= {"ports": ["x"], "empty": {}, "nothing": None, "off": False}
    record["nodes"]["gain"]["params"] |= {"not_a_parameter": [1, {"x": 1.5}], "gain_db": "loud"}
    record["links"][0] |= {"colour": "", "list": []}
    record["view"]["frames"][0] |= {"folded": False}
    record["unknown"] = {"": 0}
    again = json.loads(to_json(from_json(json.dumps(record))))
    assert again["view"] == record["view"]
    assert again["unknown"] == {"": 0}
    assert again["added later"] == record["added later"]
    for name, node in record["nodes"].items():
        assert again["nodes"][name] == {"params": {}, **node}
    assert {str(sorted(each.items())) for each in again["links"]} == {
        str(sorted(each.items())) for each in record["links"]
    }


def test_saving_twice_gives_the_same_bytes_and_edits_change_few_lines():
    text = to_json(from_json(json.dumps(SEEDS[0])))
    assert to_json(from_json(text)) == text
    changed = from_json(text)
    changed = changed.with_graph(changed.graph.set_param("gain", "gain_db", 1.0, LIBRARY))
    differing = set(to_json(changed).splitlines()) ^ set(text.splitlines())
    assert len(differing) == 2


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
RECORDS = st.dictionaries(TEXTS, JSON, max_size=3)
IDS = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
COORDINATES = st.floats(-1e9, 1e9, allow_nan=False)


@st.composite
def documents(draw):
    names = draw(st.lists(IDS, max_size=4, unique=True))
    nodes = {
        name: {
            "kind": draw(TEXTS | st.sampled_from(["gain", "mix"])),
            "params": draw(RECORDS),
            "bypassed": draw(st.booleans()),
            "version": draw(st.integers(1, 9)),
        }
        | draw(st.dictionaries(st.just("extra") | st.just("x"), JSON))
        for name in names
    }
    links = [
        {
            "from": [names[0], draw(TEXTS)],
            "to": [names[1], f"{number}"],
            **draw(st.dictionaries(st.just("x"), JSON)),
        }
        for number in range(draw(st.integers(0, 2)) if len(names) > 1 else 0)
    ]
    positions = {name: [draw(COORDINATES), draw(COORDINATES)] for name in draw(st.lists(IDS, max_size=2))}
    return {
        "format": "regroove.graph",
        "version": 1,
        "title": draw(TEXTS),
        "nodes": nodes,
        "links": links,
        "view": {"positions": positions, "labels": draw(st.dictionaries(IDS, TEXTS, max_size=2))},
        "later": draw(JSON),
    }


@settings(max_examples=120)
@given(record=documents())
def test_any_document_comes_back_equal_and_fits_the_schema(record):
    first = from_json(json.dumps(record))
    text = to_json(first)
    assert from_json(text) == first
    assert to_json(from_json(text)) == text
    jsonschema.validate(json.loads(text), SCHEMA)
    assert json.loads(text)["later"] == record["later"]
    for name, node in record["nodes"].items():
        assert json.loads(text)["nodes"][name]["params"] == node["params"]


def test_a_document_with_everything_comes_back(tmp_path):
    made = Document(
        graph("a.audio > g.audio", a="tone", g=Node("gain", {"gain_db": -1.5}, 3, True, {"x": ("y",)})),
        "Title ✓",
        "Two\nlines",
        positions={"a": (1.5, -2.0)},
        labels={"g": "Louder"},
        frames=(Frame("F", 1.0, 2.0, 3.0, 4.0),),
        extra={"more": 1},
        view_extra={"zoom": 2},
        link_extra={Link("a", "audio", "g", "audio"): {"colour": "red"}},
    )
    save_document(made, tmp_path / "mine.json")
    assert load_document(tmp_path / "mine.json") == made


# --- what is refused, and where -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "line 1, column 1: Expecting value."),
        (b"\x00\x01", "line 1, column 1: Expecting value."),
        (b"{\n  nope", "line 2, column 3: Expecting property name enclosed in double quotes."),
        (b"\xff\xfe{\x00}\x00", "byte 0: this is not UTF-8 text."),
        (b'{"a": "\xe9"}', "byte 7: this is not UTF-8 text."),
        (b"[]", "the file: it must be an object, not []."),
        (b"{}", 'format: this is no Regroove graph (it should say "format": "regroove.graph").'),
        (b'{"a": 1, "b": {"k": 1, "k": 2}}', "the key 'k' stands twice in one object."),
        (b'{"a": "NaN",\n "b": NaN}', "line 2, column 7: NaN is no number that a graph may hold."),
        (b'{"a": -Infinity}', "line 1, column 7: -Infinity is no number that a graph may hold."),
        (b'{"a": 1e999}', "line 1, column 7: the number 1e999 is too large."),
        (b'{"a": "\\ud800"}', "half of a character"),
        (b"[" * 100_000, "the file is nested too deeply to be a graph."),
        (b"[" * 100 + b"]" * 100, "the file is nested too deeply to be a graph."),
        (b"1" * 401, "has 401 digits."),
        (file(version=0), "version: it must be a whole number from 1, not 0."),
        (file(version=True), "version: it must be a whole number from 1, not True."),
        (file(version=1.0), "version: it must be a whole number from 1, not 1.0."),
        (
            file(version=2),
            "version: the file was made by a newer Regroove (format 2; this one reads up to 1). Update",
        ),
        (file(title=5), "title: it must be text, not 5."),
        (file(nodes=[]), "nodes: it must be an object, not []."),
        (file(nodes={"a": 5}), "nodes.a: it must be an object, not 5."),
        (file(nodes={"a": {}}), "nodes.a.kind: it must be text, not null."),
        (file(nodes={"a b": {"kind": "tone"}}), "nodes and links: 'a b' cannot name a node"),
        (
            file(nodes={"a": {"kind": "tone", "version": 0}}),
            "nodes.a.version: it must be a whole number from 1, not 0.",
        ),
        (
            file(nodes={"a": {"kind": "tone", "version": 1 << 31}}),
            "nodes.a.version: it must be a whole number",
        ),
        (file(nodes={"a": {"kind": "tone", "params": 1}}), "nodes.a.params: it must be an object, not 1."),
        (
            file(nodes={"a": {"kind": "tone", "bypassed": 1}}),
            "nodes.a.bypassed: it must be true or false, not 1.",
        ),
        (file(links=[{"from": ["a"], "to": []}]), 'links[0].from: it must be ["node", "port"], not ["a"].'),
        (
            file(links=[{"from": ["a", "b"], "to": ["c", 0]}]),
            'links[0].to: it must be ["node", "port"], not ["c", 0].',
        ),
        (
            file(links=[{"from": ["a", "b"], "to": ["c", "d"]}]),
            "nodes and links: The link a.b to c.d ends at a, which is",
        ),
        (file(view={"positions": {"a": [1]}}), "view.positions.a: it must be [x, y], not [1]."),
        (
            file(view={"positions": {"a": [1, "2"]}}),
            'view.positions.a: it must be a number within ±1e9, not "2".',
        ),
        (file(view={"positions": {"a": [1, 1e10]}}), "view.positions.a: it must be a number within"),
        (file(view={"labels": {"a": 1}}), "view.labels.a: it must be text, not 1."),
        (
            file(view={"frames": [{"x": None}]}),
            "view.frames[0].x: it must be a number within ±1e9, not null.",
        ),
    ],
    ids=range(36),
)
def test_a_broken_file_is_refused_with_its_place(content, message):
    with pytest.raises(DocumentError) as caught:
        from_json(content)
    assert message in str(caught.value)


def test_a_file_with_a_loop_or_a_taken_input_is_refused():
    nodes = {name: {"kind": "gain"} for name in "ab"}
    there, back = (
        {"from": ["a", "audio"], "to": ["b", "audio"]},
        {"from": ["b", "audio"], "to": ["a", "audio"]},
    )
    with pytest.raises(DocumentError, match=r"nodes and links: The links make a loop"):
        from_json(file(nodes=nodes, links=[there, back]))
    with pytest.raises(DocumentError, match="has two links"):
        from_json(file(nodes=nodes, links=[there, there]))


def test_a_byte_order_mark_is_no_fault():
    assert from_json(b"\xef\xbb\xbf" + file(title="x")).title == "x"


def test_numbers_of_hundreds_of_digits_are_kept_or_refused_but_never_crash(tmp_path):
    huge = 10**398
    nodes = {
        "g": {"kind": "tone", "params": {"tone_hz": huge}},
        "t": {"kind": "noise", "params": {"seed": -huge}},
        "m": {"kind": "mix", "params": {"gains_db": {"tracks.1": huge}}},
        "u": {"kind": "unknown", "params": {"x": -huge}},
        "s": {"kind": "noise", "params": {"length_s": huge}},
    }
    made = from_json(file(nodes=nodes), LIBRARY)
    assert json.loads(to_json(made))["nodes"]["u"]["params"]["x"] == -huge
    texts = {problem.node_id: problem.text for problem in made.graph.problems(LIBRARY)}
    assert texts["g"].startswith("tone_hz must be 1 to 4000 Hz, not 1000")
    assert len(texts["g"]) < 120
    assert "a number that a float can hold" in texts["s"]
    assert set(texts) == set(nodes)
    lab = Lab(tmp_path)
    assert {step.state for step in lab.plan(made.graph).steps} == {"blocked"}
    with pytest.raises(DocumentError, match="digits"):
        from_json(b'{"format": "regroove.graph", "version": 1, "x": 1' + b"0" * 400 + b"}")


def test_a_doubled_key_among_very_many_is_found_quickly():
    keys = ",".join(f'"k{number}":0' for number in range(200_000))
    begin = time.monotonic()
    with pytest.raises(DocumentError, match="'k7' stands twice"):
        from_json("{" + keys + ',"k7":0}')
    # Half a second here; looking each key up among all others would take hours.
    assert time.monotonic() - begin < 20


def test_messages_stay_short_however_long_the_names_are():
    for content in (
        file(nodes={"x" * 100_000: 1}),
        file(version=["a"] * 9999),
        file(links=[{"from": ["y" * 9999] * 2, "to": ["a", "b"]}]),
    ):
        with pytest.raises(DocumentError) as caught:
            from_json(content)
        assert len(str(caught.value)) <= 400


# --- files ----------------------------------------------------------------------------------------


def test_what_is_no_graph_file_is_named(tmp_path):
    with pytest.raises(DocumentError, match="is a folder"):
        load_document(tmp_path)
    with pytest.raises(DocumentError, match=r"gone\.json cannot be read: No such file"):
        load_document(tmp_path / "gone.json")
    with pytest.raises(DocumentError, match="cannot be read"):
        load_document(Path("a\0b"))
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(DocumentError, match=r"bad\.json: line 1, column 2: Expecting"):
        load_document(tmp_path / "bad.json")
    (tmp_path / "big.json").write_bytes(b" ")
    os.truncate(tmp_path / "big.json", 100 << 20)
    with pytest.raises(DocumentError, match="is 100 MiB; no graph file is larger than 32 MiB"):
        load_document(tmp_path / "big.json")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_or_device_is_refused_instead_of_read_forever(tmp_path):
    from nodegraph.embed import open_document

    os.mkfifo(tmp_path / "pipe.json")
    for path in (tmp_path / "pipe.json", Path("/dev/zero")):
        for read in (load_document, open_document):
            with pytest.raises(DocumentError, match="is no file"):
                read(path)


def test_a_save_keeps_one_backup_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "mine.json"
    for title in ("first", "second", "third"):
        save_document(Document(title=title), path)
    assert load_document(path).title == "third"
    assert load_document(tmp_path / "mine.json.bak").title == "second"
    assert sorted(found.name for found in tmp_path.iterdir()) == ["mine.json", "mine.json.bak"]


def test_a_save_keeps_permissions_and_follows_links(tmp_path):
    (tmp_path / "real").mkdir()
    path = tmp_path / "real" / "mine.json"
    save_document(Document(title="old"), path)
    path.chmod(0o640)
    (tmp_path / "link.json").symlink_to(path)
    save_document(Document(title="new"), tmp_path / "link.json")
    assert (tmp_path / "link.json").is_symlink()
    assert load_document(path).title == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [found.name for found in tmp_path.iterdir() if found.is_file()] == ["link.json"]


def test_a_link_to_itself_cannot_be_saved_to(tmp_path):
    (tmp_path / "loop.json").symlink_to(tmp_path / "loop.json")
    try:
        save_document(Document(), tmp_path / "loop.json")
    except DocumentError:
        return
    assert load_document(tmp_path / "loop.json") == Document()


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="POSIX permissions")
def test_a_folder_without_permission_is_a_sentence_and_the_old_file_stays():
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "mine.json"
        save_document(Document(title="old"), path)
        Path(name).chmod(0o555)
        root = os.geteuid() == 0
        if root:
            os.seteuid(65534)
        try:
            with pytest.raises(DocumentError, match=r"mine\.json cannot be saved: Permission denied"):
                save_document(Document(title="new"), path)
        finally:
            if root:
                os.seteuid(0)
            Path(name).chmod(0o755)
        assert load_document(path).title == "old"
        assert [found.name for found in Path(name).iterdir()] == ["mine.json"]


@pytest.mark.parametrize("bad", [Document(title="\ud800"), Document(positions={"a": (float("nan"), 0.0)})])
def test_what_no_file_can_hold_is_refused_and_the_old_file_stays(tmp_path, bad):
    path = tmp_path / "mine.json"
    save_document(Document(title="old"), path)
    with pytest.raises(DocumentError, match="cannot be saved"):
        save_document(bad, path)
    assert load_document(path).title == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_saving_into_a_folder_that_is_not_there_is_a_sentence(tmp_path):
    with pytest.raises(DocumentError, match="cannot be saved: No such file"):
        save_document(Document(), tmp_path / "gone" / "mine.json")
    with pytest.raises(DocumentError, match="cannot be saved"):
        save_document(Document(), tmp_path)


def test_only_old_leftovers_of_killed_saves_are_swept(tmp_path):
    fresh, old = tmp_path / ".mine.json.aaaaaa.tmp", tmp_path / ".mine.json.bbbbbb.tmp"
    other = tmp_path / ".yours.json.cccccc.tmp"
    for leftover in (fresh, old, other):
        leftover.write_text("half")
    os.utime(old, (1e9, 1e9))
    os.utime(other, (1e9, 1e9))
    save_document(Document(), tmp_path / "mine.json")
    assert fresh.exists()
    assert other.exists()
    assert not old.exists()


# --- migrations -----------------------------------------------------------------------------------


def test_a_node_of_an_older_version_is_brought_up_to_date():
    content = file(nodes={"r": {"kind": "renamed", "version": 1, "params": {"loudness": 3, "kept": 1}}})
    node = from_json(content, LIBRARY).graph.nodes["r"]
    assert (node.version, node.params) == (2, {"level_db": 3, "kept": 1})
    untouched = from_json(content).graph.nodes["r"]
    assert (untouched.version, untouched.params) == (1, {"loudness": 3, "kept": 1})


def test_a_node_of_a_newer_version_is_kept_and_said_to_be_so():
    made = from_json(file(nodes={"r": {"kind": "renamed", "version": 3, "params": {"x": 1}}}), LIBRARY)
    assert made.graph.nodes["r"].version == 3
    assert "It was made with version 3 of renamed; this is version 2." in str(made.graph.problems(LIBRARY)[0])


def test_an_older_format_is_migrated_step_by_step(monkeypatch):
    def first(record):
        return {**record, "nodes": record.pop("boxes")}

    def second(record):
        return {**record, "title": record["title"].upper()}

    monkeypatch.setattr(document_module, "FORMAT_VERSION", 3)
    monkeypatch.setattr(document_module, "MIGRATIONS", {1: first, 2: second})
    made = from_json(file(boxes={"a": {"kind": "tone"}}, title="old"))
    assert (made.title, list(made.graph.nodes)) == ("OLD", ["a"])
    assert json.loads(to_json(made))["version"] == 3


# --- what only the canvas shows ---------------------------------------------------------------------------


def test_notes_routes_and_collapsed_nodes_survive_the_file():
    made = Document(
        graph("t.audio > g.audio", t=("tone", {}), g=("gain", {})),
        collapsed=frozenset({"t"}),
        notes=(Note("Größe: laut\nund leise", 1.5, 2, 200, 80, {"color": "blue"}),),
        routes={link("t.audio > g.audio"): ((10.0, 20.0), (30.5, 40.0))},
    )
    text = to_json(made)
    assert from_json(text) == made
    assert to_json(from_json(text)) == text
    assert '"via": [[10, 20], [30.5, 40]]' in text


@pytest.mark.parametrize(
    ("view", "place"),
    [
        ({"notes": [{"text": 3}]}, r"view\.notes\[0\]\.text"),
        ({"collapsed": [3]}, r"view\.collapsed\[0\]"),
    ],
)
def test_a_broken_view_is_refused_with_its_place(view, place):
    with pytest.raises(DocumentError, match=place):
        from_json(file(view=view))


# --- fuzz -----------------------------------------------------------------------------------------


def test_damaged_files_are_opened_or_refused_in_one_sentence():
    ends, findings = fuzz(1500, 7, LIBRARY)
    assert not findings, f"{findings[0][1]!r} from {findings[0][0][:2000]!r}"
    assert ends["opened"] > 100
