"""What the start page offers."""

from pathlib import Path

from nodegraph.editor.desk.states import PortRef
from nodegraph.editor.desk.templates import begin, load_templates
from nodegraph.editor.words import use_language

GRAPHS = Path(__file__).parents[2] / "graphs"


def test_all_shipped_graphs_are_offered_the_first_steps_first(library):
    templates = load_templates(GRAPHS, library)
    assert len(templates) == len(list(GRAPHS.glob("*.json")))
    assert templates[0].name == "first_steps"
    assert all(each.title and each.text and "\n" not in each.text for each in templates)
    assert all(each.source for each in templates)


def test_a_damaged_graph_does_not_take_the_others_with_it(tmp_path, library):
    (tmp_path / "good.json").write_bytes((GRAPHS / "vinyl.json").read_bytes())
    (tmp_path / "bad.json").write_text("{")
    assert [each.name for each in load_templates(tmp_path, library)] == ["good"]


def test_one_begins_with_before_and_after(library):
    (vinyl,) = (each for each in load_templates(GRAPHS, library) if each.name == "vinyl")
    begun = begin(vinyl, library)
    assert (begun.after, begun.before) == (PortRef("limiter", "audio"), PortRef("load", "audio"))


def _is_missing(text):
    """Whether a node only lacks what is not installed here."""
    return ". Run: " in text


def test_a_recording_takes_the_place_of_the_demo(library, tmp_path):
    for template in load_templates(GRAPHS, library):
        begun = begin(template, library, tmp_path / "Grüße.wav")
        assert begun.before is not None
        source = begun.document.graph.nodes[begun.before.node_id]
        assert (source.kind, source.params["file"]) == ("load", str(tmp_path / "Grüße.wav"))
        assert not [each for each in begun.document.graph.problems(library) if not _is_missing(each.text)]
        assert begun.document.title == "Grüße"


def test_one_begins_with_a_document_in_the_users_language(library):
    (vinyl,) = (each for each in load_templates(GRAPHS, library) if each.name == "vinyl")
    use_language("de")
    try:
        document = begin(vinyl, library).document
    finally:
        use_language("en")
    assert document.title == "Vinyl-LP"
    assert "\nBrummen entfernen: Das Brummen von Plattenspieler und Vorverstärker." in document.comment
    assert begin(vinyl, library).document.title == "Vinyl LP"
