"""Spleeter with its own weights on the bench's songs: how well it parts them, how fast, and how it nulls.

Bars: 10 dB of SDR for the vocals (from −2.9 dB in), 12.7 dB for the accompaniment, 0.12 CPU seconds per
second of sound, the parts' sum within −120 dBFS of the song. Beside it stands what the published program
does with the same weights, worked out here from what its networks say: shares squared, silence above 11 kHz,
no level, no places. Spleeter 2.4.2 itself, on TensorFlow 2.12, has 9.65, 12.54 and 0.56 on these songs.

    python -m benchmarks.spleeter [FOLDER]

FOLDER holds one folder a song with vocals.flac and the other stems; without it the songs of
../shared/bench/dev/stems are used, or, where they are absent, a song made from numbers.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

# Before torch is imported: its threads would spin while they wait.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import soundfile
import torch

from nodegraph import Audio
from nodes.separate._spleeter import SpleeterModel, load_packaged
from nodes.separate._spleeter_unet import UNet
from nodes.separate.spleeter import spleeter

ROOT = Path(__file__).parents[1]
RATE, N_FFT, HOP, FRAMES, BINS = 44100, 4096, 1024, 512, 1024
VOCALS_DB, ACCOMPANIMENT_DB, CPU_PER_S, NULL_DBFS = 10.0, 12.7, 0.12, -120.0

Song = tuple[str, np.ndarray, np.ndarray]


def main() -> int:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared" / "bench" / "dev" / "stems"
    songs = list(stem_songs(folder)) or [synthetic_song()]
    # Weights are loaded and threads started before anything is timed.
    spleeter(Audio.from_array(songs[0][1][:, :RATE], RATE))
    heads = ("vocals", "accomp.", "CPU/s", "null dBFS", "as published", "accomp.")
    print(f"{'song':<16}" + "".join(f"{head:>13}" for head in heads))
    rows = []
    for name, vocals, rest in songs:
        rows.append(measured(vocals, rest))
        show(name, rows[-1])
    mean = np.mean(rows, axis=0)
    show("mean", mean)
    print(
        f"bars: vocals ≥ {VOCALS_DB}, accompaniment ≥ {ACCOMPANIMENT_DB}, "
        f"CPU ≤ {CPU_PER_S}, null ≤ {NULL_DBFS}"
    )
    reached = mean[0] >= VOCALS_DB and mean[1] >= ACCOMPANIMENT_DB and mean[2] <= CPU_PER_S
    return 0 if reached and max(row[3] for row in rows) <= NULL_DBFS else 1


def measured(vocals: np.ndarray, rest: np.ndarray) -> list[float]:
    mix = Audio.from_array(vocals + rest, RATE)
    begin = time.process_time()
    parts = spleeter(mix, device="cpu")
    cpu = (time.process_time() - begin) / mix.seconds
    whole = sum(
        part.samples.astype(np.float64) for part in (parts.vocals, parts.accompaniment, parts.residual)
    )
    null = 20 * np.log10(np.abs(whole - mix.samples).max() + 1e-30)
    published = as_published(mix.samples)
    return [
        sdr_db(vocals, parts.vocals.samples),
        sdr_db(rest, parts.accompaniment.samples),
        cpu,
        null,
        sdr_db(vocals, published),
        sdr_db(rest, mix.samples - published),
    ]


def as_published(samples: np.ndarray) -> np.ndarray:
    """Return the vocals as `spleeter.model.EstimatorSpecBuilder` makes them."""
    model = SpleeterModel("2stems", ("vocals", "accompaniment"), "leaky", together=False)
    device, window = torch.device("cpu"), torch.hann_window(N_FFT)
    nets = [UNet(each, activation="leaky", device=device, name="2stems") for each in load_packaged(model)]
    with torch.inference_mode():
        # A frame of silence before the song puts two empty STFT frames before it.
        mix = torch.nn.functional.pad(torch.from_numpy(samples.copy()), (N_FFT // 2, N_FFT))
        spectra = torch.stft(mix, N_FFT, HOP, window=window, pad_mode="constant", return_complex=True)
        heard = spectra[:, :BINS].abs().transpose(1, 2)
        shares = torch.zeros(heard.shape)
        for begin in range(0, heard.shape[1], FRAMES):
            part = heard[:, begin : begin + FRAMES]
            count = part.shape[1]
            part = torch.nn.functional.pad(part, (0, 0, 0, FRAMES - count))
            mine, other = (torch.sigmoid(net.logits(part[None], lambda: None))[0].square() for net in nets)
            shares[:, begin : begin + count] = (mine / (mine + other + 1e-10))[:, :count]
        spectra[:, BINS:] = 0
        spectra[:, :BINS] *= shares.transpose(1, 2)
        found = torch.istft(spectra, N_FFT, HOP, window=window, length=mix.shape[1])
        return found[:, N_FFT // 2 :][:, : samples.shape[1]].numpy()


def stem_songs(folder: Path) -> Iterator[Song]:
    for path in sorted(folder.glob("*/vocals.flac")):
        stems = {
            each.stem: soundfile.read(each, dtype="float32", always_2d=True)[0].T
            for each in path.parent.iterdir()
        }
        mix = sum(np.broadcast_to(stem, (2, stem.shape[1])) for stem in stems.values())
        vocals = np.broadcast_to(stems["vocals"], mix.shape)
        yield path.parent.name, vocals, mix - vocals


def synthetic_song() -> Song:
    sys.path.append(str(ROOT / "tests" / "ai"))
    from synthetic_song import song

    return ("synthetic", *song(12.0))


def sdr_db(wanted: np.ndarray, found: np.ndarray) -> float:
    error = np.square(found.astype(np.float64) - wanted).sum()
    return float(10 * np.log10(np.square(wanted, dtype=np.float64).sum() / error))


def show(name: str, row: list[float] | np.ndarray) -> None:
    print(f"{name:<16}" + "".join(f"{value:13.2f}" for value in row))


if __name__ == "__main__":
    sys.exit(main())
