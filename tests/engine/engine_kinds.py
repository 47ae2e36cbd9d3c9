"""Kinds of node that exist only in tests: each shows the engine one thing that a node can do."""

from __future__ import annotations

import threading
import time
from typing import Annotated, Literal, NamedTuple

import numpy as np

from nodegraph import (
    Audio,
    AudioError,
    Curve,
    Extra,
    InputFile,
    Measure,
    OutputFile,
    PerTrack,
    Progress,
    Range,
    Report,
    Requirement,
    Weights,
    WeightsFile,
    new_samples,
    no_progress,
    node,
    weights_file,
)
from nodegraph.library import Library
from nodegraph.spec import read_spec

RATE = 8000

GATES: dict[str, threading.Event | threading.Barrier] = {}
"""What a `meet` node waits at, by its parameter."""

CALLS: list[str] = []
"""The kinds whose functions were called, in order: what really ran, whatever the engine says."""

AT_MOST_S = 20.0


class Split(NamedTuple):
    low: Audio
    high: Audio


class Halves(NamedTuple):
    audio: Audio
    removed: Audio


@node(version=1, kind="tone")
def tone(
    *,
    tone_hz: Annotated[float, Range(1, 4000)] = 440.0,
    length_s: Annotated[float, Range(0, 100)] = 0.05,
    channels: Annotated[int, Range(1, 8, unit="")] = 1,
) -> Audio:
    """Give a sine."""
    CALLS.append("tone")
    frames = int(length_s * RATE)
    wave = np.sin(np.arange(frames) * (2 * np.pi * tone_hz / RATE)) * 0.5
    return Audio.from_array(np.tile(wave, (channels, 1)), RATE)


@node(version=1, kind="noise")
def noise(*, seed: Annotated[int, Range(0, 1 << 30, unit="")] = 0, length_s: float = 0.05) -> Audio:
    """Give noise, in a file of the cache when it is long."""
    CALLS.append("noise")
    result = new_samples(1, int(length_s * RATE))
    result[...] = np.random.default_rng(seed).uniform(-0.5, 0.5, result.shape)
    return Audio(result, RATE)


@node(version=1, kind="gain", neutral={"gain_db": 0.0})
def gain(
    audio: Audio, *, gain_db: Annotated[float, Range(-96, 48)] = 0.0, progress: Progress = no_progress
) -> Audio:
    """Make it louder."""
    CALLS.append("gain")
    progress(0.5)
    return Audio(audio.samples * np.float32(10 ** (gain_db / 20)), audio.sample_rate)


@node(version=1, kind="repair", neutral={"strength_percent": 0.0})
def repair(audio: Audio, *, strength_percent: Annotated[float, Range(0, 100)] = 50.0) -> Halves:
    """Take a part away, and give that part too."""
    CALLS.append("repair")
    kept = audio.samples * np.float32(1 - strength_percent / 100)
    return Halves(Audio(kept, audio.sample_rate), Audio(audio.samples - kept, audio.sample_rate))


@node(version=1, kind="split")
def split(audio: Audio, *, at_percent: Annotated[float, Range(0, 100)] = 50.0) -> Split:
    """Give two shares of the sound."""
    CALLS.append("split")
    low = audio.samples * np.float32(at_percent / 100)
    return Split(Audio(low, audio.sample_rate), Audio(audio.samples - low, audio.sample_rate))


@node(version=1, kind="mix")
def mix(
    *tracks: Audio, gains_db: Annotated[tuple[float, ...], PerTrack("tracks"), Range(-96, 24)] = ()
) -> Audio:
    """Add tracks."""
    CALLS.append("mix")
    if not tracks:
        raise AudioError("mix: there is no track.")
    total = np.zeros_like(tracks[0].samples)
    for track, level in zip(tracks, gains_db, strict=True):
        total = total + track.samples * np.float32(10 ** (level / 20))
    return Audio(total, tracks[0].sample_rate)


@node(version=1, kind="join")
def join(audio: Audio, side: Audio | None = None, *, mode: Literal["add", "keep"] = "add") -> Audio:
    """Add a second sound if there is one."""
    CALLS.append("join")
    if side is None or mode == "keep":
        return Audio(audio.samples * np.float32(1), audio.sample_rate)
    return Audio(audio.samples + side.samples, audio.sample_rate)


@node(version=1, kind="slow")
def slow(
    audio: Audio,
    *,
    length_s: float = 1.0,
    offset: Annotated[float, Range(-9, 9, unit="")] = 0.0,
    progress: Progress = no_progress,
) -> Audio:
    """Take its time, telling how far it is a hundred times a second."""
    CALLS.append("slow")
    steps = max(1, int(length_s * 100))
    for done in range(steps):
        progress(done / steps)
        time.sleep(0.01)
    return Audio(audio.samples + np.float32(offset), audio.sample_rate)


@node(version=1, kind="meet")
def meet(audio: Audio, *, gate: str = "", opens: str = "") -> Audio:
    """Wait at one gate after opening another."""
    CALLS.append("meet")
    if opens:
        GATES[opens].set()
    if gate:
        _pass(gate)
    return Audio(audio.samples * np.float32(1), audio.sample_rate)


@node(version=1, kind="torchy", resource="torch")
def torchy(audio: Audio, *, gate: str = "", opens: str = "", seed: int = 0) -> Audio:
    """Claim the one place for torch jobs, and be sure that it is alone there."""
    CALLS.append("torchy")
    assert _TORCH.acquire(blocking=False), "two torch jobs run side by side"
    try:
        if opens:
            GATES[opens].set()
        if gate:
            _pass(gate)
        time.sleep(0.05)
    finally:
        _TORCH.release()
    return Audio(audio.samples + np.float32(seed), audio.sample_rate)


_TORCH = threading.Lock()


def _pass(gate: str) -> None:
    found = GATES[gate]
    if isinstance(found, threading.Barrier):
        found.wait(AT_MOST_S)
    elif not found.wait(AT_MOST_S):
        raise TimeoutError(f"nobody opened {gate}")


@node(version=1, kind="fail")
def fail(audio: Audio, *, broken: bool = True, gain_db: float = 0.0) -> Audio:
    """Fail until it is mended."""
    CALLS.append("fail")
    if broken:
        raise ValueError("the sound is sour")
    return Audio(audio.samples * np.float32(0.5), audio.sample_rate)


@node(version=1, kind="read")
def read(*, file: Annotated[str, InputFile()] = "") -> Audio:
    """Read a sound file."""
    import soundfile

    CALLS.append("read")
    data, rate = soundfile.read(file, dtype="float32", always_2d=True)
    return Audio.from_array(data.T, rate)


@node(version=1, kind="write", effect=True)
def write(
    audio: Audio,
    *,
    file: Annotated[str, OutputFile()] = "out.wav",
    subtype: Literal["FLOAT", "PCM_16"] = "FLOAT",
) -> None:
    """Write a sound file."""
    import soundfile

    CALLS.append("write")
    soundfile.write(file, audio.samples.T, audio.sample_rate, subtype=subtype)


@node(version=1, kind="ring", effect=True)
def ring(audio: Audio) -> None:
    """Do something to the world that leaves no file."""
    CALLS.append("ring")


@node(
    version=2,
    kind="renamed",
    migrations={1: lambda params: {"level_db": params.pop("loudness", 0.0), **params}},
)
def renamed(audio: Audio, *, level_db: Annotated[float, Range(-96, 48)] = 0.0) -> Audio:
    """Have called its parameter otherwise in version 1."""
    CALLS.append("renamed")
    return Audio(audio.samples * np.float32(10 ** (level_db / 20)), audio.sample_rate)


@node(version=1, kind="heavy", needs=("no_such_package_anywhere",))
def heavy(audio: Audio) -> Audio:
    """Need what is not installed."""
    CALLS.append("heavy")
    return audio


def _learned_needs(settings):
    model = settings["model"]
    return Requirement(
        weights=("wts",) if model == "wts" else (), environment="apart" if model == "apart" else ""
    )


@node(version=1, kind="learned", requires=_learned_needs)
def learned(audio: Audio, *, model: Literal["plain", "wts", "apart"] = "plain") -> Audio:
    """Add what its weights say."""
    CALLS.append("learned")
    shift = len(weights_file("wts", "a.bin").read_bytes().strip(b"c")) if model == "wts" else 0
    return Audio(audio.samples + np.float32(shift), audio.sample_rate)


@node(version=1, kind="same")
def same(audio: Audio, *, tag: str = "") -> Audio:
    """Give back what came."""
    CALLS.append("same")
    return audio


@node(version=1, kind="mono")
def mono(audio: Audio, *, share_percent: Annotated[float, Range(0, 100)] = 100.0) -> Audio:
    """Give the beginning of the first of two channels that it made: a part of its own array."""
    CALLS.append("mono")
    result = new_samples(2, audio.frames)
    result[...] = audio.samples[:1]
    kept = int(audio.frames * share_percent / 100)
    return Audio(result[:1, :kept], audio.sample_rate)


@node(version=1, kind="strung")
def strung(audio: Audio) -> Audio:
    """Play one channel after the other: its input's memory in another shape."""
    CALLS.append("strung")
    return Audio(audio.samples.reshape(1, -1), audio.sample_rate)


@node(version=1, kind="measure")
def measure(audio: Audio, *, progress: Progress = no_progress) -> Report:
    """Measure the peak."""
    CALLS.append("measure")
    peak = float(np.abs(audio.samples).max(initial=0.0))
    progress.note(f"the peak is {peak:.3f}")
    times = np.arange(audio.frames) / audio.sample_rate
    curve = Curve("Level", times, np.where(times < 0.01, np.nan, audio.samples[0]), "s", "")
    return Report(
        "Peak",
        (Measure("Peak", peak), Measure("Frames", audio.frames, "frames"), Measure("Hum", None, "Hz")),
        (curve,),
    )


@node(version=1, kind="judge")
def judge(report: Report, *, floor: Annotated[float, Range(0, 1, unit="")] = 0.1) -> Report:
    """Read a report."""
    CALLS.append("judge")
    peak = report["Peak"]
    assert isinstance(peak, float)
    return Report("Verdict", (Measure("Loud", "yes" if peak > floor else "no"),))


@node(version=1, kind="liar")
def liar(audio: Audio) -> Audio:
    """Give something else than its signature says."""
    CALLS.append("liar")
    return audio.samples  # type: ignore[return-value]


FUNCTIONS = (
    tone,
    noise,
    gain,
    repair,
    split,
    mix,
    join,
    slow,
    meet,
    torchy,
    fail,
    read,
    write,
    ring,
    renamed,
    heavy,
    learned,
    same,
    mono,
    strung,
    measure,
    judge,
    liar,
)

EXTRAS = (
    Extra("nowhere", "What nobody has.", ("no_such_package_anywhere",), ("nothing",), 1000, 2000, "MIT"),
    Extra("apart", "What lives apart.", ("apart",), ("apart",), 1000, 2000, "MIT", isolated=True),
)
WEIGHTS = (Weights("wts", "Adds.", (WeightsFile("a.bin", "", 3, "ba7816bf"),), "MIT", "made here"),)


def make_library() -> Library:
    """Return the library of all kinds above."""
    return Library([read_spec(function) for function in FUNCTIONS], extras=EXTRAS, weights=WEIGHTS)
