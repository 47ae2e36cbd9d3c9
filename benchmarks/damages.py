"""Known damage on real recordings: what each repair gains, beside the peers and the bars."""

from __future__ import annotations

import csv
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from benchmarks import peers
from benchmarks.ours import BENCH, bench, clip, clip_names, clips, run_node, samples_of
from benchmarks.table import Row

__all__ = ["TASKS", "Task", "rows"]

# The clips and lengths on which the peers' published figures were taken.
PEER_CLIPS = ("folk_tavern", "tabla", "speech_actor", "pop_credits", "orch_domina", "metal_muldjord")
DRUMS = ("tabla",)
SECONDS = 8.0

# What the bench's textbook decision-directed Wiener gain reaches; ours is to be half a dB above it.
WIENER = {
    "white00": 12.7, "white05": 10.6, "white10": 8.6, "white20": 5.4,
    "pink10": 4.5,
    "shellac00": 11.9, "shellac05": 9.7, "shellac10": 7.3, "shellac20": 3.5,
    "hiss00": 15.0, "hiss05": 12.4, "hiss10": 9.9, "hiss20": 5.7,
}  # fmt: skip


@dataclass(frozen=True)
class Score:
    """One repaired clip.

    Parameters
    ----------
    condition, clip : str
        Of the bench.
    figures : mapping of str to float
        By the bench's names.
    times_real : float
        Seconds of sound per second of processor time.
    """

    condition: str
    clip: str
    figures: Mapping[str, float]
    times_real: float


@dataclass(frozen=True)
class Task:
    """One of the bench's damages, and what is asked of its repair.

    Parameters
    ----------
    name, kind : str
        The bench's name of the damage, and our node.
    bars : mapping of condition to float
        What the main figure has to reach.
    more : callable
        From all scores to the further rows.
    figure : str
        The main figure: a gain in dB, or "share" of the speed error that is left.
    clips, seconds : tuple of str, float
        Which recordings, and how much of each.
    """

    name: str
    kind: str
    bars: Mapping[str, float]
    more: Callable[[Task, list[Score]], Iterable[Row]] = field(default=lambda task, scores: ())
    figure: str = "dsdr"
    clips: tuple[str, ...] = PEER_CLIPS
    seconds: float = SECONDS


def rows(names: Iterable[str] = (), *, with_peers: bool = True) -> Iterator[Row]:
    """Yield the rows of these damages, or of all."""
    for task in TASKS:
        if not names or task.name in names:
            yield from _task_rows(task, with_peers)


def _task_rows(task: Task, with_peers: bool) -> Iterator[Row]:
    # The first call compiles loops.
    run_node(task.kind, clip(task.clips[0], 1.0)[0], clip(task.clips[0], 1.0)[1])
    rivals = peers.installed(task.name) if with_peers else {}
    scores: list[Score] = []
    for condition, bar in task.bars.items():
        found, others = _condition(task, condition, rivals)
        scores += found
        main = [score.figures[task.figure] for score in found]
        less = task.figure == "share"
        yield Row(
            task.kind,
            f"{condition}: {'left' if less else 'gain'}",
            statistics.fmean(main),
            bar,
            unit="" if less else "dB",
            at_most=less,
            worst=max(main) if less else min(main),
            peer=_best(others, less),
            published=_best(published(task, condition), less),
            times_real=statistics.median(score.times_real for score in found),
        )
    yield from task.more(task, scores)


def _condition(
    task: Task, condition: str, rivals: Mapping[str, peers.Peer]
) -> tuple[list[Score], dict[str, list[float]]]:
    """Return our scores, and the main figures of each peer."""
    ours: list[Score] = []
    others: dict[str, list[float]] = {name: [] for name in rivals}
    for name, samples, rate in clips(task.clips, task.seconds):
        item = bench("degrade").make(task.name, condition, samples, rate)
        values, spent = run_node(task.kind, item.audio, rate)
        figures = _figures(task, item, samples_of(values["audio"]), rate)
        if "noise" in item.info:
            figures["kurtosis_ratio"] = kurtosis_ratio(item, samples_of(values["audio"]), rate)
        ours.append(Score(condition, name, figures, len(item.audio) / rate / spent))
        for rival, repair in rivals.items():
            repaired = repair(item, rate)
            if repaired is not None:
                others[rival].append(_figures(task, item, repaired, rate)[task.figure])
    return ours, {rival: values for rival, values in others.items() if len(values) == len(ours)}


def _figures(task: Task, item: Any, repaired: np.ndarray, rate: int) -> dict[str, float]:
    figures = dict(bench("score").compare(task.name, item, repaired, rate))
    if task.name == "wow":
        figures["share"] = figures["cents"] / max(figures["cents_in"], 1e-9)
    if task.name == "decrackle":
        figures["low_change"] = _low_change_db(item.clean, repaired, rate)
    return figures


def published(task: Task, condition: str) -> dict[str, list[float]]:
    """Return the main figures of each peer as published with the bench."""
    found: dict[str, list[float]] = {}
    for path in (BENCH / "peers_results").glob(f"{task.name}.dev.*.tsv"):
        name = path.name.split(".dev.")[1].removesuffix(".tsv").replace("_", " ")
        with open(path, newline="", encoding="utf-8") as file:
            lines = [line for line in csv.DictReader(file, delimiter="\t") if line["cond"] == condition]
        if task.figure == "share":
            values = [float(line["cents"]) / max(float(line["cents_in"]), 1e-9) for line in lines]
        else:
            values = [float(line[task.figure]) for line in lines if line["clip"] in task.clips]
        if values:
            found[name] = values
    return found


def _best(figures: Mapping[str, list[float]], less: bool) -> str:
    means = {name: statistics.fmean(values) for name, values in figures.items() if values}
    if not means:
        return ""
    best = (min if less else max)(means, key=lambda name: means[name])
    return f"{means[best]:.2f} {best}"


# --- further rows of one damage --------------------------------------------------------------------------


def _mean(scores: Iterable[Score], figure: str) -> float:
    return statistics.fmean(score.figures[figure] for score in scores)


def _least(scores: Iterable[Score], figure: str = "dsdr") -> float:
    return min(score.figures[figure] for score in scores)


def _speed(task: Task, scores: Iterable[Score], bar: float, what: str = "speed, mono") -> Row:
    return Row(task.kind, what, statistics.median(score.times_real for score in scores), bar, unit="×")


def _denoise_rows(task: Task, scores: list[Score]) -> Iterator[Row]:
    yield Row(task.kind, "all: mean gain", _mean(scores, "dsdr"), 10.2)
    yield Row(task.kind, "all: least gain of a clip", _least(scores), 0.0)
    yield Row(task.kind, "all: log-spectral distance", _mean(scores, "lsd"), 4.0, at_most=True)
    ratios = [score.figures["kurtosis_ratio"] for score in scores]
    yield Row(
        task.kind,
        "musical noise: kurtosis ratio",
        statistics.fmean(ratios),
        1.5,
        unit="",
        at_most=True,
        worst=max(ratios),
    )
    yield _speed(task, scores, 50.0)


def kurtosis_ratio(item: Any, repaired: np.ndarray, rate: int) -> float:
    """Return how much more the spectrogram of what is left of noise sticks out than that of the noise.

    The kurtosis (fourth moment over the squared second one) of the power in the cells of an STFT, each
    bin over its mean, 100 Hz to 16 kHz, of the result divided by that of the noise, in the lead-in,
    0.4 s away from the music. Lone cells that twinkle (musical noise) raise it.

    References
    ----------
    Y. Uemura, Y. Takahashi, H. Saruwatari, K. Shikano, K. Kondo, "Automatic optimization scheme of
    spectral subtraction based on musical noise assessment via higher-order statistics", IWAENC 2008.
    """
    from scipy.signal import stft

    lead = item.info["lead"]
    found = []
    for samples in (repaired, item.audio):
        quiet = samples[int(0.05 * lead) : int(0.6 * lead), 0]
        hz, _, spectra = stft(quiet, rate, nperseg=1024, noverlap=768, boundary=None)
        power = np.abs(spectra[(hz > 100.0) & (hz < 16000.0)]) ** 2
        power = power / (power.mean(axis=1, keepdims=True) + 1e-30)
        found.append(float(np.mean(power**4) / np.mean(power**2) ** 2))
    return found[0] / found[1]


def _declick_rows(task: Task, scores: list[Score]) -> Iterator[Row]:
    sparse = [score for score in scores if score.condition != "record"]
    yield Row(
        task.kind,
        "clicks: F1 of events",
        _mean(sparse, "click_f1"),
        0.97,
        unit="",
        worst=_least(sparse, "click_f1"),
    )
    drums = [score for score in sparse if score.clip in DRUMS]
    yield Row(task.kind, "clicks in drums: F1 of events", _mean(drums, "click_f1"), 0.92, unit="")
    yield Row(
        task.kind,
        "clicks: SDR outside of them",
        _mean(sparse, "sdr_outside"),
        38.0,
        worst=_least(sparse, "sdr_outside"),
    )
    yield _speed(task, scores, 20.0)


def _decrackle_rows(task: Task, scores: list[Score]) -> Iterator[Row]:
    changes = [score.figures["low_change"] for score in scores]
    yield Row(
        task.kind,
        "all: change below 1 kHz",
        statistics.fmean(changes),
        0.2,
        at_most=True,
        worst=max(changes),
    )
    yield _speed(task, scores, 20.0)


def _low_change_db(clean: np.ndarray, repaired: np.ndarray, rate: int) -> float:
    """Return by how much the level below 1 kHz differs."""
    powers = []
    for samples in (clean, repaired):
        spectrum = np.abs(np.fft.rfft(samples[:, 0])) ** 2
        hz = np.fft.rfftfreq(len(samples), 1 / rate)
        powers.append(float(np.sum(spectrum[(hz > 20.0) & (hz < 1000.0)])))
    return abs(10.0 * float(np.log10(powers[1] / powers[0])))


def _declip_rows(task: Task, scores: list[Score]) -> Iterator[Row]:
    worst = max(score.figures["reliable_error_db"] for score in scores)
    yield Row(task.kind, "all: change of reliable samples", worst, -120.0, at_most=True)
    others = []
    for condition in task.bars:
        others += _condition(replace(task, clips=clip_names()), condition, {})[0]
    yield Row(task.kind, "all clips: least gain of a clip", _least(others), 0.0)
    ten = [score for score in others if score.condition == "sdr10"]
    yield _speed(task, ten, 2.0, "sdr10: speed, mono")


def _dehum_rows(task: Task, scores: list[Score]) -> Iterator[Row]:
    yield Row(task.kind, "all: least gain of a clip", _least(scores), 0.0)
    gains = [_drifting_hum(task.kind, name) for name in task.clips]
    yield Row(task.kind, "10 dB, drifting by ±1 %: gain", statistics.fmean(gains), 10.0, worst=min(gains))
    yield _speed(task, scores, 20.0)


def _drifting_hum(kind: str, name: str) -> float:
    """Return the gain on hum of a tape whose speed drifts by ±1 % within 20 s."""
    samples, rate = clip(name, 20.0)
    time_s = np.arange(len(samples)) / rate
    phase = 2 * np.pi * np.cumsum(50.0 * (1.0 + 0.01 * np.sin(2 * np.pi * time_s / 20.0))) / rate
    hum = sum((1.0 if k % 2 else 0.45) / k * np.cos(k * phase + k * k) for k in range(1, 25))
    hum *= np.sqrt(np.mean(samples**2) / np.mean(hum**2) / 10.0)
    damaged = samples + hum[:, None]
    values, _ = run_node(kind, damaged, rate)
    sdr = bench("metrics").sdr
    return float(sdr(samples, samples_of(values["audio"])) - sdr(samples, damaged))


def _wow_rows(task: Task, scores: list[Score]) -> Iterator[Row]:
    yield _speed(task, scores, 20.0)


TASKS = (
    Task(
        "denoise",
        "repair.denoise",
        {name: gain + 0.5 for name, gain in WIENER.items()},
        _denoise_rows,
        clips=PEER_CLIPS[:5],
    ),
    Task(
        "declick",
        "repair.declick",
        {"clicks05": 14.0, "clicks20": 14.5, "clicks50": 15.5, "record": 11.0},
        _declick_rows,
    ),
    Task("decrackle", "repair.decrackle", {"crackle1000": 12.0, "crackle3000": 11.5}, _decrackle_rows),
    Task(
        "declip",
        "repair.declip",
        {"sdr03": 10.5, "sdr07": 12.3, "sdr10": 12.3, "sdr20": 11.5},
        _declip_rows,
        clips=("speech_actor", "orch_domina", "folk_tavern"),
        seconds=2.0,
    ),
    Task(
        "dehum",
        "repair.dehum",
        {"hum50_00": 22.0, "hum50_10": 13.0, "hum50_20": 5.0, "hum60_10": 13.0},
        _dehum_rows,
        clips=PEER_CLIPS[:5],
    ),
    Task("dropout", "repair.dropout", {"tape": 5.0}),
    Task(
        "wow",
        "repair.wow",
        dict.fromkeys(("wow33_0.3", "wow45_0.1", "wow78_1.0", "flutter8_0.2", "both"), 0.35),
        _wow_rows,
        figure="share",
        clips=("orch_domina", "pop_credits", "flute_divert", "folk_tavern"),
        seconds=20.0,
    ),
)
