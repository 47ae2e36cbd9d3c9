"""Real recordings through both shipped graphs, and damaged ones through a render.

Bars: same frames, channels and rate out; harmonic + percussive + residual null with the input to
−120 dBFS or less; a damaged file gives a result or one sentence that names it, and nothing is written.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

ROOT = Path(__file__).parents[1]
CLIPS = ROOT.parent / "shared" / "bench" / "dev" / "clips"
MUTATIONS = 600


def command(*words: object) -> tuple[int, str, str]:
    """Run a command line in this process; return its exit code and what it printed."""
    import nodes
    from nodegraph.cli import run_cli
    from nodegraph.library import Library

    library = Library.from_package(nodes, skip=("dsp",))
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run_cli(library, ROOT / "graphs", [str(word) for word in words])
    return code, out.getvalue(), err.getvalue()


def real_clips(folder: Path) -> None:
    """Render every clip of the bench through both graphs."""
    if not CLIPS.is_dir():
        print("The bench's clips are not here: nothing real to render.")
        return
    for clip in sorted(CLIPS.glob("*.flac")):
        before = soundfile.info(clip)
        into = folder / clip.stem
        code, _, err = command("render", "first_steps", "-i", clip, "--into", into)
        assert code == 0, err
        code, out, err = command("render", "two_stems", "-i", clip, "--into", into, "--json")
        assert code == 0, err
        for path in into.iterdir():
            after = soundfile.info(path)
            same = [getattr(after, n) == getattr(before, n) for n in ("frames", "channels", "samplerate")]
            assert all(same), f"{path}: {after} instead of {before}"
        stems = [soundfile.read(into / f"{name}.wav")[0] for name in ("harmonic", "percussive", "residual")]
        worst = float(np.abs(sum(stems) - soundfile.read(clip)[0]).max())
        record: dict[str, Any] = json.loads(out)["reports"]["null_test.report"]
        shown = f"{20 * np.log10(worst + 1e-30):7.1f} dBFS"
        form = f"{before.channels} ch {before.samplerate} Hz"
        print(f"{clip.stem:20} {form:14} files null to {shown}, graph says {record['Residual peak']}")


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """Damage a file as disks, downloads and people do."""
    content = bytearray(data)
    match rng.integers(5):
        case 0:
            content = content[: rng.integers(len(content))]
        case 1:
            for _ in range(rng.integers(1, 40)):
                content[rng.integers(min(200, len(content)))] = rng.integers(256)
        case 2:
            for _ in range(rng.integers(1, 400)):
                content[rng.integers(len(content))] = rng.integers(256)
        case 3:
            at, size = rng.integers(len(content)), rng.integers(1, 4000)
            content[at : at + size] = bytes(rng.integers(0, 256, rng.integers(0, 4000), dtype=np.uint8))
        case _:
            content[44:] = b"\xff" * (len(content) - 44)
    return bytes(content)


def damaged_files(folder: Path) -> None:
    """Render damaged files of every format."""
    rng = np.random.default_rng(0)
    music = 0.1 * rng.standard_normal((20000, 2))
    seeds: dict[str, bytes] = {}
    for suffix, form in {
        "wav": {"subtype": "PCM_24"},
        "w64": {"format": "W64"},
        "rf64": {"format": "RF64"},
        "aiff": {},
        "flac": {},
        "ogg": {},
        "mp3": {},
    }.items():
        path = folder / f"seed.{suffix}"
        soundfile.write(path, music, 44100, **form)
        seeds[suffix] = path.read_bytes()
    special = {"empty.wav": b"", "zeros.flac": bytes(5000), "text.mp3": b"hello " * 900}
    nan = folder / "nan.wav"
    soundfile.write(nan, np.full((2000, 2), np.nan), 44100, subtype="FLOAT")
    special["nan.wav"] = nan.read_bytes()
    counts = {"result": 0, "sentence": 0}
    for number in range(MUTATIONS):
        suffix = list(seeds)[number % len(seeds)]
        special[f"{number}.{suffix}"] = mutated(seeds[suffix], rng)
    for name, content in special.items():
        path, into = folder / name, folder / "out"
        path.write_bytes(content)
        code, _, err = command("node", "gain", path, into / "out.wav")
        if code == 0:
            counts["result"] += 1
            (into / "out.wav").unlink()
        else:
            counts["sentence"] += 1
            lines = [line for line in err.splitlines() if line.startswith("✘")]
            assert code == 3, (name, code, err)
            assert len(lines) == 1, (name, err)
            assert name in lines[0], (name, err)
            assert not into.exists() or not list(into.iterdir()), name
        path.unlink()
    print(f"{len(special)} damaged files: {counts['result']} results, {counts['sentence']} clear sentences")
    eight = folder / "eight.wav"
    soundfile.write(eight, 0.1 * rng.standard_normal((20000, 8)), 44100)
    code, _, err = command("render", "first_steps", "-i", eight, "--into", folder / "eight")
    channels = soundfile.info(folder / "eight" / "first_steps.wav").channels
    print(f"8 channels: exit {code}, {channels} channels out")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="regroove-clips-") as name:
        os.environ["REGROOVE_CACHE"] = f"{name}/cache"
        real_clips(Path(name))
        damaged_files(Path(name))


if __name__ == "__main__":
    sys.exit(main())
