"""What every node of the library promises, tested over all of them alike.

A node that is added is under these tests at once; nothing here names a kind, but for how the sources
and the export get their files.
"""

from __future__ import annotations

import contextlib
import inspect
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nodes
from nodegraph import Audio, AudioError, Cancelled, ClickMap, NoiseProfile, Progress, SpeedCurve, blocks_of
from nodegraph.library import Library
from nodegraph.perform import call_node
from nodegraph.spec import NodeSpec
from nodes.catalogue import EXTRAS, WEIGHTS

LIBRARY = Library.from_package(nodes, skip=("dsp",), extras=EXTRAS, weights=WEIGHTS)
SPECS = list(LIBRARY.specs.values())
# What needs packages or weights that are not here is only read, not run.
RUNNABLE = [spec for spec in SPECS if LIBRARY.unavailable(spec) is None]
LISTENERS = [spec for spec in RUNNABLE if spec.inputs]
KEEPERS = [spec for spec in LISTENERS if not spec.reshapes]
RATES = (8000, 22050, 44100, 48000, 96000)
# A cancel is felt within this time (s): the promise of the run.
CANCEL_S = 0.2


def named(spec: NodeSpec) -> str:
    return spec.kind


def music(channels: int = 2, seconds: float = 1.5, sample_rate: int = 44100, seed: int = 1) -> Audio:
    """Tones, hits and noise, each channel another."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(int(seconds * sample_rate)) / sample_rate
    tones = [np.sin(2 * np.pi * (220.0 + 40.0 * c) * time_s) for c in range(channels)]
    hits = np.exp(-40.0 * (time_s % 0.35)) * rng.standard_normal((channels, time_s.size))
    return Audio.from_array(0.2 * np.array(tones).reshape(channels, -1) + 0.2 * hits, sample_rate)


def inputs_of(spec: NodeSpec, *sounds: Audio) -> dict[str, Audio]:
    """Link sounds to the ports for sound; the last one is used again where there are more ports."""
    found: dict[str, Audio] = {}
    for number, port in enumerate(spec.inputs):
        if port.many:
            found |= {f"{port.name}.{track}": sound for track, sound in enumerate((*sounds, sounds[-1]), 1)}
        elif port.type is Audio:
            found[port.name] = sounds[min(number, len(sounds) - 1)]
    return found


def apply(
    spec: NodeSpec,
    *sounds: Audio,
    folder: Path,
    progress: Progress | None = None,
    settings: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Run a node on sounds; what an effect wrote stands under "file" as bytes."""
    chosen = dict(settings or {})
    target = folder / f"out-{len(list(folder.iterdir()))}.wav"
    for param in spec.params:
        if param.type == "output_file":
            chosen[param.name] = str(target)
        if param.type == "input_file":
            chosen[param.name] = str(a_file(folder) if spec.output("audio") else a_curve(folder))
    values = call_node(spec, spec.settings(chosen), inputs_of(spec, *sounds), progress or Progress())
    return values if not spec.effect else {"file": target.read_bytes()}


def a_file(folder: Path) -> Path:
    import soundfile

    path = folder / "in.wav"
    if not path.exists():
        sound = music()
        soundfile.write(path, sound.samples.T, sound.sample_rate, subtype="FLOAT")
    return path


def a_curve(folder: Path) -> Path:
    path = folder / "in.csv"
    path.write_text("time_s,speed\n0,1\n5,1.004\n")
    return path


def sounds_in(values: dict[str, Any]) -> list[Audio]:
    return [value for value in values.values() if isinstance(value, Audio)]


def assert_same(first: dict[str, Any], second: dict[str, Any]) -> None:
    assert first.keys() == second.keys()
    for port, value in first.items():
        if isinstance(value, Audio):
            np.testing.assert_array_equal(value.samples, second[port].samples, err_msg=port)
        elif isinstance(value, (ClickMap, NoiseProfile, SpeedCurve)):
            for name, part in vars(value).items():
                np.testing.assert_array_equal(part, getattr(second[port], name), err_msg=f"{port}.{name}")
        else:
            assert value == second[port], port


# --- declarations ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", SPECS, ids=named)
def test_the_docstring_explains_every_port_and_parameter(spec: NodeSpec) -> None:
    assert spec.summary.endswith(".")
    unexplained = [thing.name for thing in (*spec.inputs, *spec.params) if not thing.text]
    assert not unexplained
    assert not [port.name for port in spec.outputs if not port.text]


@pytest.mark.parametrize("spec", SPECS, ids=named)
def test_every_default_is_inside_its_own_range(spec: NodeSpec) -> None:
    for param in spec.params:
        if param.default != "":
            assert param.check(param.default) == param.default, param.name


@pytest.mark.parametrize("spec", SPECS, ids=named)
def test_every_number_has_a_known_unit_and_a_range(spec: NodeSpec) -> None:
    for param in spec.params:
        if param.type in ("float", "per_track"):
            assert param.unit is not None, f"{param.name}: its last word is no unit"
        if param.type in ("float", "int", "per_track"):
            assert param.range is not None, param.name


@pytest.mark.parametrize("spec", SPECS, ids=named)
def test_neutral_settings_name_real_parameters_and_like_ports(spec: NodeSpec) -> None:
    if spec.neutral is not None:
        spec.settings(spec.neutral)
        assert spec.inputs[0].type is spec.outputs[0].type
        assert not spec.inputs[0].many


@pytest.mark.parametrize("spec", SPECS, ids=named)
def test_the_function_can_be_imported_by_its_name(spec: NodeSpec) -> None:
    module = inspect.getmodule(spec.function)
    assert module is not None
    assert spec.function.__name__ in module.__all__


# --- sound -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("spec", LISTENERS, ids=named)
def test_any_number_of_channels_is_taken_and_frames_and_channels_are_kept(
    spec: NodeSpec, channels: int, tmp_path: Path
) -> None:
    sound = music(channels, 0.5)
    for result in sounds_in(apply(spec, sound, folder=tmp_path)):
        assert np.isfinite(result.samples).all()
        if not spec.reshapes:
            assert (result.channels, result.frames) == (sound.channels, sound.frames)
            assert result.sample_rate == sound.sample_rate


@pytest.mark.parametrize("sample_rate", RATES)
@pytest.mark.parametrize("spec", LISTENERS, ids=named)
def test_any_sample_rate_is_taken_and_kept(spec: NodeSpec, sample_rate: int, tmp_path: Path) -> None:
    sound = music(1, 0.5, sample_rate)
    for result in sounds_in(apply(spec, sound, folder=tmp_path)):
        assert np.isfinite(result.samples).all()
        if not spec.reshapes:
            assert (result.sample_rate, result.frames) == (sample_rate, sound.frames)


ODD_SOUNDS = {
    "silence": np.zeros((2, 20000)),
    "dc": np.full((2, 20000), 0.25),
    "one frame": np.full((2, 1), 0.5),
    "empty": np.zeros((2, 0)),
    "far above full scale": 8.0 * np.sin(np.arange(40000).reshape(2, -1)),
    "barely audible": 1e-20 * np.sin(np.arange(40000).reshape(2, -1)),
}


@pytest.mark.parametrize("name", list(ODD_SOUNDS))
@pytest.mark.parametrize("spec", LISTENERS, ids=named)
def test_odd_sounds_go_through(spec: NodeSpec, name: str, tmp_path: Path) -> None:
    sound = Audio.from_array(ODD_SOUNDS[name], 44100)
    for result in sounds_in(apply(spec, sound, folder=tmp_path)):
        assert np.isfinite(result.samples).all()
        if not spec.reshapes:
            assert (result.channels, result.frames) == (sound.channels, sound.frames)


def test_sound_with_nan_is_refused_before_any_node_gets_it() -> None:
    with pytest.raises(AudioError, match="not a number"):
        Audio.from_array([0.0, float("nan")], 44100)
    with pytest.raises(AudioError, match="not a number"):
        Audio.from_array([0.0, float("inf")], 44100)


@pytest.mark.parametrize("spec", LISTENERS, ids=named)
def test_the_input_is_not_modified(spec: NodeSpec, tmp_path: Path) -> None:
    sound = music()
    before = sound.samples.copy()
    apply(spec, sound, folder=tmp_path)
    np.testing.assert_array_equal(sound.samples, before)


@pytest.mark.parametrize("spec", RUNNABLE, ids=named)
def test_the_same_call_gives_the_same_bits(spec: NodeSpec, tmp_path: Path) -> None:
    sound = music()
    assert_same(apply(spec, sound, folder=tmp_path), apply(spec, sound, folder=tmp_path))


@pytest.mark.parametrize("frames", [3000, 20011])
@pytest.mark.parametrize("spec", LISTENERS, ids=named)
def test_block_wise_equals_whole(spec: NodeSpec, frames: int, tmp_path: Path) -> None:
    sound = music()
    whole = apply(spec, sound, folder=tmp_path)
    with blocks_of(frames):
        assert_same(apply(spec, sound, folder=tmp_path), whole)


@pytest.mark.parametrize("spec", [s for s in KEEPERS if not s.linked and not s.effect], ids=named)
def test_channels_together_equal_channels_apart(spec: NodeSpec, tmp_path: Path) -> None:
    sound = music()
    left = Audio.from_array(sound.samples[:1], sound.sample_rate)
    together, apart = apply(spec, sound, folder=tmp_path), apply(spec, left, folder=tmp_path)
    for first, second in zip(sounds_in(together), sounds_in(apart), strict=True):
        np.testing.assert_array_equal(first.samples[:1], second.samples)


@pytest.mark.parametrize("spec", [s for s in LISTENERS if s.neutral is not None], ids=named)
def test_neutral_settings_are_bit_transparent(spec: NodeSpec, tmp_path: Path) -> None:
    sound = music()
    assert spec.neutral is not None
    values = apply(spec, sound, folder=tmp_path, settings=dict(spec.neutral))
    np.testing.assert_array_equal(sounds_in(values)[0].samples, sound.samples)


# --- cancel ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", RUNNABLE, ids=named)
def test_a_cancel_is_felt_within_200_ms(spec: NodeSpec, tmp_path: Path) -> None:
    """The best of three tries counts: the machine that tests run on may be busy."""
    # Imports and compilation are done before the clock runs.
    apply(spec, music(), folder=tmp_path)
    long_sound = music(2, 40.0, 48000)
    waited = []
    for _ in range(3):
        cancel = threading.Event()
        cancelled_at = time.perf_counter()

        def stop(fraction: float, cancel: threading.Event = cancel) -> None:
            nonlocal cancelled_at
            if not cancel.is_set():
                cancelled_at = time.perf_counter()
                cancel.set()

        # A node that has nothing to do may also just return, as quickly.
        with contextlib.suppress(Cancelled):
            apply(spec, long_sound, folder=tmp_path, progress=Progress(report=stop, cancel=cancel))
        waited.append(time.perf_counter() - cancelled_at)
    assert min(waited) <= CANCEL_S
