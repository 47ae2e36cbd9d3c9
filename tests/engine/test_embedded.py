"""The graph inside a sound file: read back equal, the sound untouched, nothing private in the bytes."""

import random
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from engine_kinds import make_library
from lab import graph, link

from nodegraph.document import Document, Frame, Note
from nodegraph.document_file import save_document, to_json
from nodegraph.embed import embed_document, open_document, read_embedded, shareable
from nodegraph.errors import DocumentError
from nodegraph.graph import Node

LIBRARY = make_library()
RATE = 44100

FORMATS = {
    "pcm16.wav": {"format": "WAV", "subtype": "PCM_16"},
    "pcm24.wav": {"format": "WAV", "subtype": "PCM_24"},
    "float.wav": {"format": "WAV", "subtype": "FLOAT"},
    "extensible.wav": {"format": "WAVEX", "subtype": "PCM_24"},
    "rf64.wav": {"format": "RF64", "subtype": "PCM_24"},
    "pcm24.aiff": {"format": "AIFF", "subtype": "PCM_24"},
    "flac24.flac": {"format": "FLAC", "subtype": "PCM_24"},
    "vorbis.ogg": {"format": "OGG", "subtype": "VORBIS"},
    "opus.ogg": {"format": "OGG", "subtype": "OPUS"},
    "mpeg.mp3": {"format": "MP3", "subtype": "MPEG_LAYER_III"},
}

MADE = Document(
    graph(
        "a.audio > g.audio",
        a=("tone", {"tone_hz": 100.0}),
        g=Node("gain", {"gain_db": -3.0}, extra={"ü": "✓"}),
    ),
    title="Shellac – take 3 ✓",
    comment="one\ntwo",
    positions={"a": (1.0, 2.0)},
)


def sound_file(folder: Path, name: str, **tags: str) -> Path:
    options = FORMATS[name]
    path = folder / name
    frames = np.random.default_rng(3).uniform(-0.5, 0.5, (9000, 2))
    rate = 48000 if options["subtype"] == "OPUS" else RATE
    soundfile.write(path, frames, rate, **options)
    return path


@pytest.mark.parametrize("name", FORMATS)
def test_a_graph_comes_back_and_the_sound_is_untouched(tmp_path, name):
    path = sound_file(tmp_path, name)
    before, rate = soundfile.read(path, dtype="float32")
    if name.startswith("rf64"):
        with pytest.raises(DocumentError, match=r"rf64\.wav: the graph cannot be kept in this file"):
            embed_document(MADE, path, LIBRARY)
    else:
        embed_document(MADE, path, LIBRARY)
        assert open_document(path, LIBRARY) == MADE
        embed_document(Document(title="another"), path, LIBRARY)
        assert open_document(path).title == "another"
    after, rate_after = soundfile.read(path, dtype="float32")
    assert rate == rate_after
    assert before.tobytes() == after.tobytes()


@pytest.mark.parametrize("name", FORMATS)
def test_a_large_graph_fits(tmp_path, name):
    if name.startswith("rf64"):
        pytest.skip("this format carries no tags")
    path = sound_file(tmp_path, name)
    big = Document(graph(**{f"g{number}": ("gain", {"gain_db": number % 40}) for number in range(1500)}))
    embed_document(big, path, LIBRARY)
    assert open_document(path) == big


def test_other_tags_stay(tmp_path):
    import mutagen

    path = sound_file(tmp_path, "flac24.flac")
    tags = mutagen.File(path)
    tags["TITLE"] = ["Blue Skies"]
    tags.save()
    embed_document(MADE, path, LIBRARY)
    assert mutagen.File(path)["TITLE"] == ["Blue Skies"]


def test_a_file_with_a_wrong_suffix_is_known_by_its_content(tmp_path):
    path = sound_file(tmp_path, "flac24.flac")
    embed_document(MADE, path, LIBRARY)
    shutil.copy(path, tmp_path / "odd.json")
    assert open_document(tmp_path / "odd.json") == MADE
    save_document(MADE, tmp_path / "graph.wav")
    assert open_document(tmp_path / "graph.wav") == MADE


@pytest.mark.parametrize("name", FORMATS)
def test_a_sound_without_a_graph_says_so(tmp_path, name):
    path = sound_file(tmp_path, name)
    assert read_embedded(path) is None
    with pytest.raises(DocumentError, match="is a sound file, and no graph is kept in it"):
        open_document(path)


def test_a_file_that_cannot_carry_a_graph_is_refused_by_name(tmp_path):
    (tmp_path / "text.txt").write_text("hello")
    with pytest.raises(DocumentError, match=r"text\.txt: this format cannot carry a graph"):
        embed_document(MADE, tmp_path / "text.txt", LIBRARY)
    with pytest.raises(DocumentError, match=r"gone\.wav"):
        embed_document(MADE, tmp_path / "gone.wav", LIBRARY)


def test_a_graph_in_the_tags_that_is_broken_is_refused_by_name(tmp_path):
    import mutagen

    path = sound_file(tmp_path, "flac24.flac")
    tags = mutagen.File(path)
    tags["REGROOVE_GRAPH"] = ["{"]
    tags.save()
    with pytest.raises(DocumentError, match=r"flac24\.flac: the graph in its tags: line 1, column 2"):
        open_document(path)


# --- what is given away ---------------------------------------------------------------------------

PATHS = [
    "/home/marta/Music/Old Records/take 1.wav",
    "/home/marta/take.wav",
    "C:\\Users\\Marta\\Music\\take 1.wav",
    "C:/Users/Marta/Music/take 1.wav",
    "c:take\\marta\\take.wav",
    "\\\\nas\\marta\\take 1.wav",
    "//nas/marta/take.wav",
    "file:///home/marta/My%20Music/take.wav",
    "file://nas/marta/take.wav",
    "~/Music/take.wav",
    "~marta/take.wav",
    "../../home/marta/take.wav",
    "/Users/marta/Library/take.wav",
    "/mnt/c/Users/Marta/take.wav",
]

SECRETS = (
    b"marta",
    b"music",
    b"nas\\\\",
    b"/nas/",
    b"/home",
    b"users",
    b"old records",
    b"my%20",
    b"library",
    b"~/",
)


@pytest.fixture
def marta(monkeypatch):
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "marta")
    monkeypatch.setenv("HOME", "/home/marta")
    monkeypatch.setenv("USERPROFILE", "C:\\Users\\marta")


def told_everywhere(text: str) -> Document:
    nodes = {
        "r": Node("read", {"file": text}, extra={"note": text, text: {"deep": [text]}}),
        "w": Node("write", {"file": text}),
        "u": Node(
            "somebody.elses", {"path": text, "more": {"list": (text, 1)}, "sentence": f"see {text} first"}
        ),
    }
    return Document(
        graph(**nodes),
        title=text,
        comment=f"Recorded to {text}\nand then '{text}' (by Marta)",
        labels={"r": text},
        frames=(Frame(text, 0, 0, 1, 1, {"x": text}),),
        notes=(Note(text, 0, 0, 1, 1, {"x": text}),),
        extra={"export": text, text: 1},
        view_extra={"last": (text,)},
        link_extra={link("a.b > c.d"): {"x": text}},
    )


def without_spaces(text: str) -> str:
    return text.replace(" ", "_")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", ["pcm16.wav", "vorbis.ogg"])
def test_nothing_private_is_in_the_bytes(tmp_path, marta, path, name):
    file = sound_file(tmp_path, name)
    # A path with spaces inside of a sentence has no end that anybody could tell.
    embed_document(told_everywhere(without_spaces(path)), file, LIBRARY)
    content = file.read_bytes().lower()
    assert b"take" in content
    for secret in SECRETS:
        # Two bytes stand in any compressed sound by chance: "~/" is looked for in the text of the test below.
        if len(secret) > 3:
            assert secret.replace(b" ", b"_") not in content, secret
    assert "~/" not in (read_embedded(file) or "")


@pytest.mark.parametrize("path", PATHS)
def test_a_path_with_spaces_keeps_only_its_last_part(marta, path):
    nodes = {"r": Node("read", {"file": path}), "u": Node("odd", {"path": path})}
    text = to_json(shareable(Document(graph(**nodes), title=path), LIBRARY)).lower()
    for secret in SECRETS:
        assert secret.decode() not in text, secret
    assert "take" in text


@pytest.mark.parametrize("home", ["/home/marta.k", "/home/Marta K", "C:\\Users\\Marta K"])
def test_a_home_folder_of_another_name_than_the_login_is_taken_out(monkeypatch, home):
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "mk")
    monkeypatch.setenv("HOME", home)
    told = Document(comment=f"In {home}/a b/take.wav, of {home} itself")
    text = shareable(told, LIBRARY).comment
    assert "arta" not in text, text


def test_what_is_not_private_stays(marta):
    params = {"tone_hz": 440.0, "length_s": 1.0}
    made = Document(
        graph(
            "t.audio > j.audio",
            t=("tone", params),
            j=("join", {"mode": "keep"}),
            r=("read", {"file": "sub/take.wav"}),
        ),
        title="A/B of martas take, 24/96, and/or 1/2",
        comment="From https://example.org/records/78rpm on 3/4/2024; ratio 3:2; L/R\\M/S",
    )
    clean = shareable(made, LIBRARY)
    assert clean.title == made.title
    assert clean.comment == made.comment
    assert clean.graph.nodes["t"] == made.graph.nodes["t"]
    assert clean.graph.nodes["j"].params == {"mode": "keep"}
    assert clean.graph.nodes["r"].params == {"file": "take.wav"}
    assert clean.graph.links == made.graph.links


def test_the_users_own_document_is_not_changed(tmp_path, marta):
    made = told_everywhere("/home/marta/take.wav")
    before = to_json(made)
    embed_document(made, sound_file(tmp_path, "pcm16.wav"), LIBRARY)
    assert to_json(made) == before


# --- damaged sound files --------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in FORMATS if not name.startswith("rf64")])
def test_a_damaged_sound_file_is_opened_or_refused(tmp_path, name):
    path = sound_file(tmp_path, name)
    embed_document(MADE, path, LIBRARY)
    whole = path.read_bytes()
    rng = random.Random(name)
    tag = max(0, whole.find(b"REGROOVE_GRAPH"))
    opened = 0
    for number in range(60):
        content = bytearray(whole)
        for _ in range(rng.choice([1, 3, 20])):
            # Where headers and tags lie, rather than in the sound.
            begin = rng.choice([0, max(0, tag - 100)])
            at = min(len(content) - 1, begin + rng.randrange(200))
            if number % 3 == 0:
                del content[at : at + rng.randrange(1, 50)]
            elif number % 3 == 1:
                content[at] = rng.randrange(256)
            else:
                content[at:at] = rng.randbytes(rng.randrange(1, 20))
        path.write_bytes(content[: rng.randrange(len(content))] if number % 10 == 0 else content)
        refusal = name
        try:
            assert isinstance(open_document(path, LIBRARY), Document)
            opened += 1
        except DocumentError as error:
            refusal = str(error)
        assert name in refusal
    assert opened < 60
