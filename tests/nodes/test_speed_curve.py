"""Speed curves that are typed, kept in files, and loaded again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nodegraph import Audio, Cancelled, OutputError, ParameterError, Progress, SpeedCurve
from nodes.measure_speed import measure_speed
from nodes.repair.wow import wow
from nodes.speed_curve import draw_speed, export_speed, load_speed

NAMES = ("times_s", "speed", "confidence")


def test_points_are_read_as_people_write_them() -> None:
    curve = draw_speed(points="0 s: 100 %, 12.5s=100.4%; 59 : 99.5\n1:30: 99.8 %, 2:00.5 s: 100 %")
    np.testing.assert_array_equal(curve.times_s, [0.0, 12.5, 59.0, 90.0, 120.5])
    np.testing.assert_allclose(curve.speed, [1.0, 1.004, 0.995, 0.998, 1.0])


def test_the_default_points_are_the_true_speed() -> None:
    sound = Audio.from_array(np.random.default_rng(0).standard_normal((2, 5000)), 44100)
    np.testing.assert_array_equal(wow(sound, draw_speed()).audio.samples, sound.samples)


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ("", "no point is there"),
        ("0 s: 100 %, soon: 101 %", "'soon: 101 %' is no point"),
        ("0 s: 100 %, 5 s: 101 %, 4 s: 100 %", "4 s does not come after 5 s"),
        ("0 s: 1.004 %", "a speed of 1.004 % is out of reach"),
    ],
)
def test_points_that_make_no_curve_are_refused_in_words(points: str, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        draw_speed(points=points)


def test_a_drawn_curve_slows_down_what_runs_too_fast() -> None:
    rate, time_s = 22050, np.arange(22050 * 2) / 22050
    fast = Audio.from_array(0.5 * np.sin(2 * np.pi * 1010.0 * time_s), rate)
    slowed = wow(fast, draw_speed(points="0 s: 101 %")).audio.samples[0, 2000:-2000]
    np.testing.assert_allclose(slowed, 0.5 * np.sin(2 * np.pi * 1000.0 * time_s)[2000:-2000], atol=1e-4)


def test_a_kept_curve_is_loaded_again_bit_for_bit(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    curve = SpeedCurve(
        np.cumsum(rng.uniform(0, 1, 9999)), rng.uniform(0.9, 1.1, 9999), rng.uniform(0, 1, 9999)
    )
    export_speed(curve, file=str(tmp_path / "kept.csv"))
    again = load_speed(file=str(tmp_path / "kept.csv"))
    for name in NAMES:
        np.testing.assert_array_equal(getattr(again, name), getattr(curve, name))


def test_a_measured_curve_can_be_kept(tmp_path: Path) -> None:
    time_s = np.arange(22050 * 3) / 22050
    sound = Audio.from_array(0.1 * np.sin(2 * np.pi * 440.0 * time_s), 22050)
    export_speed(measure_speed(sound).speed, file=str(tmp_path / "kept.csv"))
    assert (tmp_path / "kept.csv").read_text().startswith("time_s,speed,confidence\n0.0,1.0,")


def test_a_table_from_a_spreadsheet_is_read(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_bytes("\ufefftime_s,speed\r\n0,1\r\n\r\n10.5, 1.004\r\n".encode())
    curve = load_speed(file=str(file))
    np.testing.assert_array_equal(curve.times_s, [0.0, 10.5])
    np.testing.assert_array_equal(curve.speed, [1.0, 1.004])
    np.testing.assert_array_equal(curve.confidence, [1.0, 1.0])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "holds no point"),
        (b"0,1\n5,fast\n", "line 2: '5,fast' should be"),
        (b"0,1\n0,1\n", "line 2: 0 s does not come after 0 s"),
        (b"0,nan\n", "line 1: a speed of nan %"),
        (b"0,1,2\n", "line 1: confidence is 2"),
        (b"RIFF\xff\xfe\x00WAVE", "is no text"),
        (b"1," * 5000, "line 1"),
    ],
)
def test_a_file_that_holds_no_curve_is_refused_with_the_line(
    tmp_path: Path, content: bytes, words: str
) -> None:
    file = tmp_path / "odd.csv"
    file.write_bytes(content)
    with pytest.raises(ParameterError, match=words):
        load_speed(file=str(file))


@pytest.mark.parametrize(("file", "words"), [("", "no file is chosen"), ("nowhere.csv", "cannot be read")])
def test_a_missing_file_is_told(file: str, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        load_speed(file=file)


def test_a_file_is_never_replaced(tmp_path: Path) -> None:
    file = tmp_path / "kept.csv"
    file.write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        export_speed(draw_speed(), file=str(file))
    assert file.read_text() == "mine"


def test_a_cancelled_export_leaves_no_file(tmp_path: Path) -> None:
    def stop(_: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        export_speed(draw_speed(), file=str(tmp_path / "kept.csv"), progress=Progress(report=stop))
    assert not list(tmp_path.iterdir())
