"""The cache: whole or absent, bounded, shared by processes, and never a damaged result."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lab import FACTS, get, graph, put, sound

from nodegraph.audio import Audio, Curve, Measure, Report
from nodegraph.cache import Cache, Entry, Facts
from nodegraph.encode import decode, encode
from nodegraph.errors import CacheError
from nodegraph.shelf import Shelf

# --- values ---------------------------------------------------------------------------------------


def test_a_result_is_usable_at_once_and_durable_after_flush(cache):
    with cache.workspace() as space:
        cache.store("ab1", Entry({"audio": sound()}, FACTS), space)
        assert get(cache, "ab1").frames == 1000
    cache.flush()
    found = get(Cache(cache.shelf.folder), "ab1")
    assert np.array_equal(found.samples, sound().samples)
    assert not found.samples.flags.writeable


@pytest.mark.parametrize("frames", [0, 1, 1000, 200_000])
@pytest.mark.parametrize("channels", [1, 6])
def test_sounds_of_any_size_come_back_bit_for_bit(cache, frames, channels):
    samples = np.random.default_rng(1).standard_normal((channels, frames)).astype(np.float32)
    put(cache, "ab1", Audio(samples, 44100))
    found = get(Cache(cache.shelf.folder), "ab1")
    assert found.samples.tobytes() == samples.tobytes()
    assert (found.channels, found.frames, found.sample_rate) == (channels, frames, 44100)


def test_reports_with_curves_come_back(cache):
    curve = Curve("Loudness", np.arange(5.0), np.array([1, np.nan, np.inf, -np.inf, 0.1]), "s", "LUFS")
    report = Report(
        "Loudness ▲",
        (Measure("I", -23.0, "LUFS"), Measure("n", 3), Measure("t", "x\ud800"), Measure("-", None)),
        (curve, Curve("empty", np.array([]), np.array([]))),
    )
    with cache.workspace() as space:
        cache.store("ab1", Entry({"report": report}, FACTS), space)
    cache.flush()
    found = Cache(cache.shelf.folder).load("ab1", {"report": Report})
    assert found is not None
    back = found.values["report"]
    assert back == report
    assert [type(measure.value) for measure in back.measures] == [float, int, str, type(None)]
    assert np.array_equal(back.curves[0].y, curve.y, equal_nan=True)
    assert (back.curves[0].x_unit, back.curves[0].y_unit, back.curves[1].x.size) == ("s", "LUFS", 0)


@pytest.mark.parametrize("value", [object(), [1], {"a": 1}, {1}, b"bytes", lambda: 0, 1j])
def test_what_no_file_can_keep_is_refused(value):
    with pytest.raises(TypeError, match="cannot travel along a link"):
        encode(value, [])


@settings(max_examples=60)
@given(
    st.builds(
        Report,
        st.text(),
        st.lists(
            st.builds(
                Measure,
                st.text(),
                st.none() | st.integers() | st.text() | st.floats(allow_nan=False),
                st.text(),
            )
        ).map(tuple),
    )
)
def test_encode_and_json_and_decode_give_the_value_back(report):
    arrays = []
    record = json.loads(json.dumps(encode(report, arrays)))
    assert decode(Report, record, arrays) == report


def test_the_limit_that_the_user_says_holds_in_every_process(tmp_path):
    first, second = Shelf(tmp_path), Shelf(tmp_path)
    automatic = second.limit_bytes
    first.keep_within(3 * 10**9)
    assert second.limit_bytes == Shelf(tmp_path).limit_bytes == 3 * 10**9
    assert Shelf(tmp_path, 7).limit_bytes == 7
    first.clear()
    assert second.limit_bytes == 3 * 10**9
    (tmp_path / "limit.json").write_text('{"bytes": "much"}')
    assert second.kept_limit is None
    first.keep_within(None)
    assert abs(second.limit_bytes - automatic) < 0.2 * automatic


def test_what_is_too_much_goes_at_once_when_the_limit_is_lowered(cache):
    for number in range(4):
        put(cache, f"ab{number}", sound(50_000))
    cache.flush()
    whole = cache.shelf.used_bytes()
    cache.shelf._limit = None
    cache.shelf.keep_within(whole // 2)
    assert 0 < cache.shelf.used_bytes() <= whole // 2
    assert cache.shelf.count() == 2


def test_the_environment_says_the_limit(tmp_path, monkeypatch):
    Shelf(tmp_path).keep_within(3 * 10**9)
    monkeypatch.setenv("REGROOVE_CACHE_GB", "1.5")
    assert Shelf(tmp_path).limit_bytes == 1_500_000_000


@pytest.mark.parametrize("text", ["much", "0", "-1", "nan", "inf"])
def test_a_limit_that_is_no_size_is_refused(tmp_path, monkeypatch, text):
    monkeypatch.setenv("REGROOVE_CACHE_GB", text)
    with pytest.raises(CacheError, match="takes a number of gigabytes above 0"):
        Shelf(tmp_path)


def test_notes_and_facts_come_back(cache):
    facts = Facts("kind", 1.5, ("first", "second — ü"), {"/some/file": (5, 1234567890123456789)})
    with cache.workspace() as space:
        cache.store("ab1", Entry({}, facts), space)
    cache.flush()
    assert Cache(cache.shelf.folder).facts("ab1") == facts


# --- no needless copies ---------------------------------------------------------------------------


def chain_of(kind, length_s=20.0, **params):
    return graph("n.audio > x.audio", n=("noise", {"length_s": length_s}), x=(kind, params))


@pytest.mark.parametrize("length_s", [20.0, 0.05])
def test_a_node_that_gives_back_its_input_costs_no_space(lab, length_s):
    made = chain_of("same", length_s)
    lab.run(made)
    first, second = (lab.entry(made, name) / "0.npy" for name in ("n", "x"))
    if length_s > 1:
        assert first.stat().st_ino == second.stat().st_ino
        assert first.stat().st_nlink == 2
    lab.reopened()
    assert np.array_equal(
        lab.run(made, ["n"]).values["n", "audio"].samples, lab.run(made, ["x"]).values["x", "audio"].samples
    )


def test_nor_when_its_input_comes_from_the_disk(lab):
    made = chain_of("same")
    lab.run(made, ["n"])
    lab.reopened()
    assert lab.ran(made) == ["x"]
    first, second = (lab.entry(made, name) / "0.npy" for name in ("n", "x"))
    assert first.stat().st_ino == second.stat().st_ino


def test_evicting_one_of_two_linked_results_leaves_the_other_whole(lab):
    made = chain_of("same")
    lab.run(made)
    lab.cache.flush()
    lab.cache.shelf.remove(lab.key(made, "n"))
    lab.reopened()
    assert lab.ran(made) == []
    assert lab.run(made).values["x", "audio"].frames == 160_000


@pytest.mark.parametrize(
    ("kind", "params"),
    [("mono", {}), ("mono", {"share_percent": 60}), ("mono", {"share_percent": 0}), ("strung", {})],
)
@pytest.mark.parametrize("length_s", [20.0, 0.05])
def test_a_part_or_another_shape_of_an_array_is_kept_as_what_it_is(lab, kind, params, length_s):
    source = "noise" if kind == "mono" else "tone"
    made = graph(
        "n.audio > x.audio",
        n=(source, {"length_s": length_s} | ({"channels": 2} if source == "tone" else {})),
        x=(kind, params),
    )
    first = lab.run(made).values["x", "audio"].samples.copy()
    lab.reopened()
    assert lab.ran(made) == []
    assert np.array_equal(lab.run(made).values["x", "audio"].samples, first)


# --- damage ---------------------------------------------------------------------------------------


def truncate(folder):
    path = folder / "0.npy"
    path.write_bytes(path.read_bytes()[:-4])


def lengthen(folder):
    with open(folder / "0.npy", "ab") as file:
        file.write(b"more")


def empty(folder):
    (folder / "0.npy").write_bytes(b"")


def spoil_header(folder):
    content = bytearray((folder / "0.npy").read_bytes())
    content[:64] = bytes(64)
    (folder / "0.npy").write_bytes(content)


def fake_zip(folder):
    content = bytearray((folder / "0.npy").read_bytes())
    content[:4] = b"PK\x03\x04"
    (folder / "0.npy").write_bytes(content)


def lose_array(folder):
    (folder / "0.npy").unlink()


def lose_facts(folder):
    (folder / "facts.json").unlink()


def write_facts(text):
    def damage(folder):
        (folder / "facts.json").write_text(text, encoding="utf-8")

    return damage


def change_facts(**changes):
    def damage(folder):
        record = json.loads((folder / "facts.json").read_bytes())
        record.update(changes)
        (folder / "facts.json").write_text(json.dumps(record))

    return damage


DAMAGES = {
    "array cut short": truncate,
    "array too long": lengthen,
    "array empty": empty,
    "array header zeroed": spoil_header,
    "array that says it is a zip": fake_zip,
    "array gone": lose_array,
    "facts gone": lose_facts,
    "facts empty": write_facts(""),
    "facts cut short": write_facts('{"values": {"audio"'),
    "facts of another shape": write_facts("[]"),
    "facts without content": write_facts("{}"),
    "facts of bytes": write_facts("\x00\x00\x00"),
    "facts nested": write_facts("[" * 100_000),
    "other shape": change_facts(arrays=[{"shape": [2, 200], "dtype": "<f4", "bytes": 1728}]),
    "other type": change_facts(arrays=[{"shape": [1, 400], "dtype": "<i4", "bytes": 1728}]),
    "no arrays": change_facts(arrays=[]),
    "a rate that cannot be": change_facts(values={"audio": {"samples": {"array": 0}, "sample_rate": -1}}),
    "a rate of another type": change_facts(values={"audio": {"samples": {"array": 0}, "sample_rate": "x"}}),
    "no value": change_facts(values={}),
    "a value of another type": change_facts(values={"audio": 5}),
    "an array where a sound should be": change_facts(values={"audio": {"array": 0}}),
    "notes of another type": change_facts(notes=5),
    "files of another type": change_facts(files={"a": 5}),
    "no seconds": change_facts(seconds=None),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_result_is_made_again_and_then_whole(lab, damage):
    made = graph("a.audio > g.audio", a="tone", g=("gain", {"gain_db": 6}))
    good = lab.run(made).values["g", "audio"].samples.copy()
    folder = lab.entry(made, "g")
    damage(folder)
    lab.reopened()
    assert lab.ran(made) == ["g"]
    assert np.array_equal(lab.run(made).values["g", "audio"].samples, good)
    lab.reopened()
    assert lab.ran(made) == [], "what was made again is kept"


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_damaged_facts_of_an_export_are_no_error(lab, damage):
    made = graph("a.audio > w.audio", a="tone", w="write")
    lab.run(made)
    folder = lab.entry(made, "w")
    if not (folder / "0.npy").exists():
        (folder / "0.npy").write_bytes(bytes(100))
    damage(folder)
    lab.reopened()
    lab.run(made, places={"overwrite": True})
    assert lab.ran(made) == []


def test_random_bytes_anywhere_in_an_entry_are_never_an_error(lab):
    made = graph("a.audio > m.audio", a="tone", m="measure")
    lab.run(made, ["a", "m"])
    rng = np.random.default_rng(5)
    folder = lab.entry(made, "m")
    whole = {path: path.read_bytes() for path in folder.iterdir()}
    for _ in range(150):
        path = list(whole)[rng.integers(len(whole))]
        content = bytearray(whole[path])
        # Headers and facts: what lies in the samples themselves cannot be told from sound.
        content[rng.integers(min(len(content), 128 if path.suffix == ".npy" else len(content)))] = (
            rng.integers(256)
        )
        path.write_bytes(content)
        result = lab.run(made, ["m"])
        assert not result.failures
        assert isinstance(result.values["m", "report"], Report)
        lab.cache.flush()
        for known, before in whole.items():
            known.write_bytes(before)


def test_clearing_also_removes_what_is_damaged(lab):
    made = graph("a.audio > g.audio", a="tone", g=("gain", {"gain_db": 6}))
    lab.run(made)
    (lab.entry(made, "g") / "facts.json").write_text("[")
    lab.cache.clear()
    assert not list((lab.cache.shelf.folder / "results").glob("*/*"))
