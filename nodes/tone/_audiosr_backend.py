"""Backend of `super_resolution`: AudioSR in an environment of its own; see `nodegraph.worker_side`.

Every channel is a call of its own, seeded alike: the noise that the treble is made from is then the same for
all, and a voice that is panned stays where it is. AudioSR looks at magnitudes alone, so that middle and side
would lose their signs, which is where their positions are.

Knows nothing of Regroove: the standard library and numpy; the rest is imported inside functions.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

PACKAGES = ("kagayoi-audiosr", "torch", "torchaudio", "transformers", "librosa", "scipy")

_MODELS: dict[tuple[str, str, str], Any] = {}


def work(job: dict[str, Any], arrays: dict[str, Any], report: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Look what the computer has ("look"), or work on one block of 5.12 s at 48 kHz ("enhance")."""
    if job["do"] == "look":
        return _look(), {}
    return {}, {"audio": _enhance(job, arrays["audio"], report)}


def _look() -> dict[str, Any]:
    import torch

    device = "cpu"
    if torch.cuda.is_available():
        device = "cuda"
    elif torch.backends.mps.is_available():
        device = "mps"
    return {"device": device, "free_bytes": free_bytes(), "loaded": bool(_MODELS)}


def _enhance(job: dict[str, Any], block: Any, report: Any) -> Any:
    from audiosr import super_resolution_batch

    steps, guidance = int(job["steps"]), float(job["guidance"])
    model = _model(job)
    # With guidance, each step asks the network twice.
    calls = len(block) * steps * (1 if guidance == 1.0 else 2)
    asked = 0

    def tell(*_: Any) -> None:
        nonlocal asked
        asked += 1
        report(min(1.0, asked / calls))

    result = np.zeros(block.shape, np.float32)
    hook = model.model.register_forward_hook(tell)
    try:
        for number, channel in enumerate(block):
            # There is nothing that silence could be made of.
            if channel.any():
                (result[number],) = super_resolution_batch(
                    model,
                    [np.array(channel)],
                    seed=int(job["seed"]),
                    ddim_steps=steps,
                    guidance_scale=guidance,
                )
    finally:
        hook.remove()
    return result


def _model(job: dict[str, Any]) -> Any:
    from audiosr import build_model

    name = (str(job["checkpoint"]), str(job["device"]), str(job.get("config") or ""))
    if name not in _MODELS:
        # One at a time: each has 5 GB.
        _MODELS.clear()
        model = build_model(ckpt_path=name[0], device=name[1], config=name[2] or None)
        # A model's first call draws one random number less than all later ones (`get_input` in its ddpm.py):
        # the first channel of the first block would get another noise than its neighbour.
        model.conditional_dry_run_finished = True
        _MODELS[name] = model
    return _MODELS[name]


def free_bytes() -> int | None:
    """Return how much memory can be had, in bytes; None where nobody says."""
    if sys.platform == "win32":
        return _free_on_windows()
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return _free_by_pages()
    found = (line.split() for line in lines if line.startswith("MemAvailable:"))
    return next((int(words[1]) * 1024 for words in found), None)


def _free_by_pages() -> int | None:
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def _free_on_windows() -> int | None:
    class Status(ctypes.Structure):
        _fields_ = [
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            *((f"size_{number}", ctypes.c_ulonglong) for number in range(7)),
        ]

    status = Status()
    status.length = ctypes.sizeof(status)
    windows: Any = getattr(ctypes, "windll", None)
    if windows is None or not windows.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
        return None
    # The second of the sizes is the physical memory that is free.
    return int(getattr(status, "size_1"))  # noqa: B009
