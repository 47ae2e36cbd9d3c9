"""What is typed into a number field."""

import pytest

from nodegraph.editor.desk.arithmetic import ArithmeticProblem, calculate


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("24", 24),
        (" -3 + 1.5 ", -1.5),
        ("2*440", 880),
        ("2,5", 2.5),
        ("1,5k", 1500),
        ("1.5K+1", 1501),
        (",5", 0.5),
        ("1e3", 1000),
        ("(20+40)/2", 30),
        ("2*(3+(4-1))", 12),
        ("-(2+3)", -5),
        ("--2", 2),
        ("3 − 5", -2),
        ("3 × 4 ÷ 2", 6),
        ("10-2-3", 5),
        ("2+3*4", 14),
        ("2^3^2", 512),
        ("-2^2", -4),
        ("2^-1", 0.5),
    ],
)
def test_a_calculation_is_worked_out(text, value):
    assert calculate(text) == pytest.approx(value)


def test_the_unit_may_stand_behind_it():
    assert calculate("-3 + 1 dB", "dB") == -2
    assert calculate("2 khz", "kHz") == 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Type a number"),
        ("abc", "“abc” is not a number"),
        ("1+", "ends where a number is expected"),
        ("1 2", "“2” was not expected"),
        ("(1", "A closing bracket is missing"),
        ("1)", "was not expected"),
        ("1/0", "Nothing can be divided by 0"),
        ("9^9^9", "no finite number"),
        ("(0-1)^0.5", "no finite number"),
        ("1e999", "no finite number"),
        ("(" * 60 + "1", "nested too deeply"),
        ("__import__('os')", "is not a number"),
    ],
)
def test_what_is_none_is_refused_with_a_reason(text, reason):
    with pytest.raises(ArithmeticProblem) as caught:
        calculate(text)
    assert reason in str(caught.value)
