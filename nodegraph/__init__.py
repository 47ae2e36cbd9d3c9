"""The door for node authors: everything that a node module needs of the engine, and no more."""

from nodegraph.audio import (
    Audio,
    ClickMap,
    Curve,
    Measure,
    NoiseProfile,
    Report,
    Samples,
    SpeedCurve,
    new_samples,
)
from nodegraph.environments import environment_python, environment_versions
from nodegraph.errors import (
    AudioError,
    AudioFileError,
    Cancelled,
    NotInstalledError,
    OutputError,
    ParameterError,
    RegrooveError,
    WeightsError,
    WorkerError,
)
from nodegraph.param import InputFile, OutputFile, PerTrack, Range
from nodegraph.progress import Progress, blocks_of, no_progress, wanted_block_frames
from nodegraph.requirement import Extra, Requirement
from nodegraph.spec import node
from nodegraph.weights import Weights, WeightsFile, weights_file, weights_folder
from nodegraph.worker import Answer, Worker, borrow_worker

__all__ = [
    "Answer",
    "Audio",
    "AudioError",
    "AudioFileError",
    "Cancelled",
    "ClickMap",
    "Curve",
    "Extra",
    "InputFile",
    "Measure",
    "NoiseProfile",
    "NotInstalledError",
    "OutputError",
    "OutputFile",
    "ParameterError",
    "PerTrack",
    "Progress",
    "Range",
    "RegrooveError",
    "Report",
    "Requirement",
    "Samples",
    "SpeedCurve",
    "Weights",
    "WeightsError",
    "WeightsFile",
    "Worker",
    "WorkerError",
    "blocks_of",
    "borrow_worker",
    "environment_python",
    "environment_versions",
    "new_samples",
    "no_progress",
    "node",
    "wanted_block_frames",
    "weights_file",
    "weights_folder",
]
