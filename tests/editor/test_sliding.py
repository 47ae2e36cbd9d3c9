"""Where on a slider a value stands."""

import pytest

from nodegraph.editor.desk.sliding import has_slider, share_of, value_at
from nodegraph.param import Param, Range

LINEAR = Param("gain_db", "float", 0.0, Range(-96, 48))
LOG = Param("low_hz", "float", 100.0, Range(20, 20000, "log"))
WHOLE = Param("sample_rate", "int", 44100, Range(8000, 192000, "log"))


@pytest.mark.parametrize("param", [LINEAR, LOG, WHOLE])
@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.77, 1])
def test_a_value_stands_where_it_was_taken_from(param, share):
    assert share_of(param, value_at(param, share)) == pytest.approx(share, abs=1 / 900)


def test_the_ends_are_the_range():
    assert (value_at(LOG, 0), value_at(LOG, 1)) == (20, 20000)
    assert (value_at(LINEAR, -1), value_at(LINEAR, 2)) == (-96, 48)


def test_the_middle_of_a_logarithmic_slider_is_the_geometric_mean():
    assert value_at(LOG, 0.5) == pytest.approx(632.5, abs=5)


def test_values_are_short():
    assert value_at(LINEAR, 0.123456) == round(value_at(LINEAR, 0.123456), 1)


def test_whole_numbers_stay_whole():
    assert isinstance(value_at(WHOLE, 0.3), int)


def test_a_seed_and_a_day_in_seconds_have_no_slider():
    assert not has_slider(Param("seed", "int", 1, Range(0, 2**31 - 1)))
    assert not has_slider(Param("start_s", "float", 0.0, Range(0, 604800)))
    assert has_slider(LOG)


def test_all_defaults_of_the_library_survive_their_sliders(library):
    for spec in library.specs.values():
        for param in filter(has_slider, spec.params):
            for share in (0, 0.3, 1):
                if param.type != "per_track":
                    param.check(value_at(param, share))
