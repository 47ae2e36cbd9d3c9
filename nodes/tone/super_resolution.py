"""New treble by AudioSR, a diffusion model that was trained to hear what is missing.

The model runs in a process and an environment of its own, on blocks of 5.12 s at 48 kHz. Here the blocks are
cut, brought back to the level that the model takes away, joined, and added to the sound.

Axis letters: C channels, T frames.

References
----------
H. Liu, K. Chen, Q. Tian, W. Wang, M. D. Plumbley, AudioSR: versatile audio super-resolution at scale,
ICASSP 2024.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt

import nodes.tone._audiosr_backend as backend
from nodegraph import (
    Audio,
    AudioError,
    Progress,
    Range,
    Requirement,
    Samples,
    Worker,
    WorkerError,
    borrow_worker,
    environment_python,
    new_samples,
    no_progress,
    node,
    weights_file,
)
from nodes.dsp.bandwidth.grid import Grid, join
from nodes.dsp.bandwidth.match import Crossover, Mode, new_parts
from nodes.dsp.overlap_add import cut_blocks
from nodes.dsp.rate import at_rate
from nodes.dsp.spectrum import bandwidth_hz, long_term_spectrum

__all__ = ["super_resolution"]

# What the model works at, in Hz, and on, in frames (5.12 s): `_SEGMENT_SAMPLES` in kagayoi-audiosr 1.0.2.
_MODEL_RATE, _BLOCK_FRAMES = 48_000, 245_760
# A sound that reaches this far (Hz) lacks nothing that is heard.
_FULL_HZ = 20_000.0
# A limit this near to half the result's rate (share) leaves nothing to be heard above itself.
_ROOM = 0.97
# Processor time for a block of one channel: a part that is always the same and one per step (s), and the
# memory for it (bytes). Measured with the whole architecture and random weights, two cores.
_BLOCK_S, _STEP_S = 70.0, 2.8
_NEEDED_BYTES = 13_000_000_000
# Loading the model takes a minute or two, decoding a block as much, and neither tells how far it is (s).
_LIMIT_S = 1800.0
# Of the time that the node takes: looking for the limit, the change of the rate, the model.
_SPECTRUM, _RATE, _MODEL = 0.01, 0.02, 0.98

_Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Settings:
    """What is done with the blocks, and what the model is told."""

    mode: Mode
    limit_hz: float
    checkpoint: str
    device: str
    steps: int
    guidance: float
    seed: int


def _requires(settings: Mapping[str, Any]) -> Requirement:
    if settings["mix"] == 0.0:
        return Requirement()
    return Requirement(weights=(f"audiosr-{settings['model']}",), environment="audiosr")


@node(
    version=1,
    resource="torch",
    requires=_requires,
    reshapes=True,
    linked=True,
    neutral={"mix": 0.0, "sample_rate": None},
)
def super_resolution(
    audio: Audio,
    *,
    mode: Mode = "highs",
    mix: Annotated[float, Range(0, 1, unit="")] = 1.0,
    limit_hz: Annotated[float, Range(1000, 20000, "log")] | None = None,
    sample_rate: Annotated[int, Range(48_000, 96_000)] | None = 48_000,
    model: Literal["basic", "speech"] = "basic",
    steps: Annotated[int, Range(5, 200, "log", unit="")] = 50,
    guidance: Annotated[float, Range(1, 10, unit="")] = 3.5,
    seed: Annotated[int, Range(0, 1 << 30, unit="")] = 0,
    slow: bool = False,
    progress: Progress = no_progress,
) -> Audio:
    """Have a learned model, AudioSR, invent the treble that a recording lacks.

    It is an invention: plausible, never what was lost. Nothing above 24 kHz is invented: at 96 kHz the
    upper half stays as empty as it was. Take clicks, hum and hiss off before: the model takes them for
    music. Without a graphics card it takes some forty times as long as the sound lasts.

    Parameters
    ----------
    audio : Audio
        Any sound.
    mode : {"highs", "full"}
        "highs" keeps all that there is and adds only what lies above the limit; "full" also takes over what
        the model changed below it.
    mix : float
        How much of it: 0 adds nothing, 1 all that the model invents.
    limit_hz : float, Hz
        Where the recording ends: more keeps more of it and adds less. None finds it out, if the recording
        breaks off clearly; where old treble fades into hiss, set it by ear.
    sample_rate : int, Hz
        Of the result: more than 48000 only makes room. None keeps the sound's own, up to half of which
        there is room for new treble.
    model : {"basic", "speech"}
        "basic" knows music, speech and noises, "speech" only voices.
    steps : int
        More steps are finer and take longer in proportion.
    guidance : float
        More makes the treble follow the sound below more strictly, and harder; 1 lets it go its own way.
    seed : int
        Another number invents another treble; the same number gives the same again.
    slow : bool
        Work without a graphics card too: some forty times as long as the sound lasts, with 13 GB of memory.
    progress : Progress
        Told after every step of the model.

    Returns
    -------
    audio : Audio
        Same channels, not delayed; frames × new rate / old rate, rounded.

    Raises
    ------
    NotInstalledError, WeightsError
        If the environment or the weights are missing.
    WorkerError
        If there is no graphics card and `slow` is off, if the memory does not suffice, or if the model fails.
    AudioError
        If the model's result is not finite.

    References
    ----------
    H. Liu, K. Chen, Q. Tian, W. Wang, M. D. Plumbley, AudioSR: versatile audio super-resolution at scale,
    ICASSP 2024.
    """
    rate = sample_rate or audio.sample_rate
    if mix == 0.0 or audio.frames == 0:
        return at_rate(audio, rate, progress=progress)
    # What is missing is told before anything is done.
    python, weights = environment_python("audiosr"), weights_file(f"audiosr-{model}", "pytorch_model.bin")
    limit = _limit_hz(audio, limit_hz, rate, mode, progress.part(0.0, _SPECTRUM))
    if limit is None:
        return at_rate(audio, rate, progress=progress)
    source = at_rate(audio, _MODEL_RATE, progress=progress.part(_SPECTRUM, _RATE))
    calls = Grid(source.frames, _BLOCK_FRAMES).count * audio.channels
    with borrow_worker(python, Path(backend.__file__), name="AudioSR", limit_s=_LIMIT_S) as worker:
        look = worker.run({"do": "look"}, progress=progress.part(_RATE, _RATE)).facts
        device = _device(look, calls, steps, allowed=slow, progress=progress)
        settings = _Settings(mode, limit, str(weights), device, steps, guidance, seed)
        new = _new_treble(source, worker, settings, progress.part(_RATE, _MODEL))
        versions = ", ".join(f"{name} {version}" for name, version in worker.versions.items())
    progress.note(f"New treble above {limit / 1000.0:.1f} kHz by AudioSR ({device}: {versions}).")
    if rate > _MODEL_RATE:
        progress.note("Above 24 kHz nothing is invented: the model ends there.")
    return _mixed(audio, new, mix, rate, progress.part(_MODEL, 1.0))


def _limit_hz(audio: Audio, chosen: float | None, rate: int, mode: Mode, progress: Progress) -> float | None:
    """Return where the recording ends; None if there is nothing to be done, which is told."""
    found = bandwidth_hz(*long_term_spectrum(audio, progress=progress))
    if found is None:
        progress.note("The sound is silent: it was left as it is.")
        return None
    limit = min(chosen or found, audio.sample_rate / 2)
    if mode == "highs" and limit >= _FULL_HZ:
        progress.note(
            f"This sound reaches {limit / 1e3:.1f} kHz, where nothing is missing: it was left as it is."
        )
        return None
    if mode == "highs" and limit >= _ROOM * rate / 2:
        progress.note(
            f"At {rate} Hz there is no room for more treble: it was left as it is. Choose a higher rate."
        )
        return None
    return min(limit, _FULL_HZ)


def _device(look: Mapping[str, Any], calls: int, steps: int, *, allowed: bool, progress: Progress) -> str:
    """Return what the model is to run on.

    Raises
    ------
    WorkerError
        If it may not, or cannot.
    """
    device, free = str(look["device"]), look["free_bytes"]
    if device != "cpu":
        progress.note(f"AudioSR works on {calls} blocks of 5 s with the graphics card.")
        return device
    needed_s = calls * (_BLOCK_S + steps * _STEP_S)
    cost = f"about {_duration(needed_s)} of processor time and {_NEEDED_BYTES / 1e9:.0f} GB of memory"
    if not allowed:
        raise WorkerError(
            f"AudioSR finds no graphics card that it can use. Without one this takes {cost}. "
            "Switch on slow if you want that, or work on a shorter passage."
        )
    # Where a model is loaded already, its memory is among what is not free.
    if free is not None and free < _NEEDED_BYTES and not look["loaded"]:
        raise WorkerError(
            f"AudioSR needs {_NEEDED_BYTES / 1e9:.0f} GB of memory, but {free / 1e9:.1f} GB are free. "
            "Close other programs."
        )
    progress.note(f"AudioSR works without a graphics card: {cost}.")
    return device


def _duration(seconds: float) -> str:
    minutes = max(1, round(seconds / 60.0))
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60.0:.1f} h"


def _new_treble(source: Audio, worker: Worker, settings: _Settings, progress: Progress) -> Audio:
    """Return what is to be added, at the model's rate."""
    grid, limit = Grid(source.frames, _BLOCK_FRAMES), settings.limit_hz
    crossover = Crossover(limit, _MODEL_RATE)
    result = new_samples(source.channels, source.frames)

    def block(index: int) -> tuple[_Values, ...]:
        dry = grid.cut(source.samples, index)
        # Hiss and a codec's holes above the limit would be taken for what is wanted there.
        shown = np.asarray(crossover.low(dry), np.float32) if limit < _FULL_HZ else dry
        seed, share = grid.seed(settings.seed, index), _share(progress, index, grid)
        return new_parts(dry, _enhanced(shown, seed, worker, settings, share), crossover, settings.mode)

    join(grid, block, result)
    return Audio(result, _MODEL_RATE)


def _share(progress: Progress, index: int, grid: Grid) -> Progress:
    return progress.part(index / grid.count, (index + 1) / grid.count)


def _enhanced(shown: Samples, seed: int, worker: Worker, settings: _Settings, progress: Progress) -> Samples:
    job = {
        "do": "enhance",
        "seed": seed,
        "steps": settings.steps,
        "guidance": settings.guidance,
        "checkpoint": settings.checkpoint,
        "device": settings.device,
    }
    wet = worker.run(job, {"audio": shown}, progress=progress).arrays["audio"]
    if wet.shape != shown.shape or not np.isfinite(wet).all():
        raise AudioError("AudioSR gave back a block that is not finite, or of another length.")
    return np.asarray(wet, np.float32)


def _mixed(audio: Audio, new: Audio, mix: float, rate: int, progress: Progress) -> Audio:
    """Return the sound with what is new added, at the wanted rate."""
    dry = at_rate(audio, rate, progress=progress.part(0.0, 0.3))
    added = at_rate(new, rate, progress=progress.part(0.3, 0.6))
    result = new_samples(dry.channels, dry.frames)
    last = progress.part(0.6, 1.0)
    for piece in cut_blocks(dry.frames, dry.channels):
        here = slice(piece.begin, piece.end)
        result[:, here] = dry.samples[:, here]
        # Both lengths were rounded: the new may be a frame shorter.
        more = np.float32(mix) * added.samples[:, here]
        result[:, piece.begin : piece.begin + more.shape[1]] += more
        last(piece.end / dry.frames)
    return Audio(result, rate)
