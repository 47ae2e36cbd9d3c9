"""A parameter's value as text."""

import pytest

from nodegraph.editor.desk.arithmetic import ArithmeticProblem
from nodegraph.editor.desk.entering import entered, range_text, text_to_edit
from nodegraph.param import Param, Range

GAIN = Param("gain_db", "float", 0.0, Range(-96, 48))
LEVEL = Param("level_dbfs", "float", None, Range(-40, 20), nullable=True)
RATE = Param("sample_rate", "int", 44100, Range(8000, 192000))


def test_a_number_may_be_calculated_and_carry_its_unit():
    assert entered(GAIN, "-3+1,5 dB") == -1.5
    assert entered(RATE, "44,1k") == 44100
    assert isinstance(entered(RATE, "2*24000"), int)


def test_nothing_means_automatic_where_that_is_allowed():
    assert entered(LEVEL, " ") is None
    assert entered(LEVEL, "auto") is None
    with pytest.raises(ArithmeticProblem):
        entered(GAIN, "")


@pytest.mark.parametrize(
    ("param", "text", "reason"),
    [
        (GAIN, "50", "50 is out of range. Allowed: −96 to 48 dB."),
        (RATE, "8000.5", "8000.5 is not a whole number."),
        (GAIN, "loud", "“loud” is not a number."),
    ],
)
def test_what_is_refused_is_told_in_a_sentence(param, text, reason):
    with pytest.raises(ArithmeticProblem) as caught:
        entered(param, text)
    assert str(caught.value) == reason


def test_text_stays_as_it_is():
    assert entered(Param("file", "input_file", ""), "Grüße.wav") == "Grüße.wav"


def test_a_value_comes_back_from_its_own_text():
    for value in (-1.5, 1 / 3, 0.0, 19999.5):
        assert entered(GAIN, text_to_edit(GAIN, value / 1000)) == pytest.approx(value / 1000)
    assert text_to_edit(LEVEL, None) == ""


def test_the_range_is_told_with_its_unit():
    assert range_text(GAIN) == "−96 to 48 dB"
