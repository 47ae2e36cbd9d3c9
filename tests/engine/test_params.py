"""Parameter values: each has one form, or is refused in one sentence."""

from __future__ import annotations

import math
from typing import Any

import engine_kinds
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodegraph import Range, RegrooveError
from nodegraph.errors import ParameterError
from nodegraph.param import Param

DB = Param("gain_db", "float", 0.0, Range(-96, 48))
COUNT = Param("count", "int", 1, Range(0, 10**18))
FREE = Param("seed", "int", None, nullable=True)
FLAG = Param("warm", "bool", False)
MODE = Param("mode", "choice", "soft", choices=("soft", "hard"))
TEXT = Param("name", "text", "")
FILE = Param("file", "input_file", "")
TRACKS = Param("gains_db", "per_track", {}, Range(-96, 24), track_port="tracks")


@pytest.mark.parametrize(
    ("param", "value", "canonical"),
    [
        (DB, 24, 24.0),
        (DB, 24.0, 24.0),
        (DB, -0.0, 0.0),
        (DB, -96, -96.0),
        (COUNT, 3.0, 3),
        (COUNT, 10**17 + 1, 10**17 + 1),
        (FREE, None, None),
        (FREE, 10**50, 10**50),
        (FLAG, True, True),
        (MODE, "hard", "hard"),
        (TEXT, "", ""),
        (FILE, "../x y.wav", "../x y.wav"),
        (TRACKS, {}, {}),
        (TRACKS, {"tracks.2": 1, "tracks.1": -3.5}, {"tracks.1": -3.5, "tracks.2": 1.0}),
    ],
)
def test_a_good_value_has_one_form(param, value, canonical):
    checked = param.check(value)
    assert checked == canonical
    assert type(checked) is type(canonical) or param is TRACKS
    assert math.copysign(1, checked) == math.copysign(1, canonical) if param is DB else True
    assert param.check(checked) == checked


@pytest.mark.parametrize(
    ("param", "value", "message"),
    [
        (DB, 48.1, "gain_db must be -96 to 48 dB, not 48.1."),
        (DB, True, "gain_db must be a number, not True."),
        (DB, "3", "gain_db must be a number, not '3'."),
        (DB, None, "gain_db must be a value, not None."),
        (DB, float("nan"), "gain_db must be a finite number, not nan."),
        (DB, float("inf"), "gain_db must be a finite number, not inf."),
        (DB, 10**400, "gain_db must be -96 to 48 dB, not 1000"),
        (DB, [1], "gain_db must be a number, not [1]."),
        (Param("x_s", "float", 0.0), 10**400, "x_s must be a number that a float can hold"),
        (COUNT, 1.5, "count must be a whole number, not 1.5."),
        (COUNT, -1, "count must be 0 to 1e+18, not -1."),
        (FLAG, 1, "warm must be true or false, not 1."),
        (MODE, "sofd", "mode must be one of soft, hard; did you mean soft?, not 'sofd'."),
        (MODE, ["soft"], "mode must be one of soft, hard; did you mean soft?, not ['soft']."),
        (TEXT, 5, "name must be text, not 5."),
        (FILE, "a\0b", "file must be text, not 'a\\x00b'."),
        (TRACKS, [1.0], 'gains_db must be values by track, as in {"tracks.1": 0}, not [1.0].'),
        (TRACKS, {"tracks.0": 1}, "gains_db must be a track as in tracks.1, not 'tracks.0'."),
        (TRACKS, {"tracks.1٣": 1}, "gains_db must be a track as in tracks.1, not"),
        (TRACKS, {"stems.1": 1}, "gains_db must be a track as in tracks.1, not 'stems.1'."),
        (TRACKS, {"tracks.1": 99}, "gains_db must be -96 to 24 dB, not 99."),
        (TRACKS, {"tracks.1": None}, "gains_db must be a number, not None."),
    ],
)
def test_a_bad_value_is_refused_in_one_sentence(param, value, message):
    with pytest.raises(ParameterError) as caught:
        param.check(value)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("param", "text", "value"),
    [
        (DB, " -3.5 ", -3.5),
        (DB, "1e1", 10.0),
        (COUNT, "12", 12),
        (COUNT, "100000000000000001", 10**17 + 1),
        (COUNT, "12.0", 12),
        (FREE, "auto", None),
        (FREE, "None", None),
        (FLAG, "Yes", True),
        (FLAG, "off", False),
        (MODE, "hard", "hard"),
        (TEXT, " two words ", " two words "),
        (TRACKS, "tracks.1=-3, tracks.2=1", {"tracks.1": -3.0, "tracks.2": 1.0}),
        (TRACKS, "", {}),
    ],
)
def test_a_typed_text_becomes_its_value(param, text, value):
    assert param.parse(text) == value


@pytest.mark.parametrize(
    ("param", "text"),
    [
        (DB, "loud"),
        (DB, "nan"),
        (DB, "1e999"),
        (DB, ""),
        (DB, "none"),
        (COUNT, "1.5"),
        (COUNT, "9" * 5000),
        (FLAG, "maybe"),
        (MODE, "medium"),
        (TRACKS, "tracks.1"),
        (TRACKS, "=3"),
        (TRACKS, "tracks.1=x"),
    ],
)
def test_a_typed_text_that_means_nothing_is_refused(param, text):
    with pytest.raises(ParameterError, match=param.name):
        param.parse(text)


ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.complex_numbers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(param=st.sampled_from([DB, COUNT, FREE, FLAG, MODE, TEXT, FILE, TRACKS]), value=ANYTHING)
def test_any_value_is_made_canonical_or_refused(param, value):
    try:
        checked = param.check(value)
    except RegrooveError:
        return
    assert param.check(checked) == checked


@given(param=st.sampled_from([DB, COUNT, FREE, FLAG, MODE, TEXT, FILE, TRACKS]), text=st.text())
def test_any_text_is_parsed_or_refused(param, text):
    try:
        checked = param.parse(text)
    except RegrooveError:
        return
    assert param.check(checked) == checked


def test_settings_fill_in_defaults_and_refuse_unknown_names():
    spec = engine_kinds.make_library().find("tone")
    assert spec.settings({"tone_hz": 5}) == {"tone_hz": 5.0, "length_s": 0.05, "channels": 1}
    with pytest.raises(ParameterError, match=r"tone has no parameter tone_khz\. Did you mean tone_hz\?"):
        spec.settings({"tone_khz": 5})
