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
from nodegraph.errors import (
    AudioError,
    AudioFileError,
    Cancelled,
    NotInstalledError,
    OutputError,
    ParameterError,
    RegrooveError,
)
from nodegraph.param import InputFile, OutputFile, PerTrack, Range
from nodegraph.progress import Progress, blocks_of, no_progress, wanted_block_frames
from nodegraph.spec import node

__all__ = [
    "Audio",
    "AudioError",
    "AudioFileError",
    "Cancelled",
    "ClickMap",
    "Curve",
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
    "Samples",
    "SpeedCurve",
    "blocks_of",
    "new_samples",
    "no_progress",
    "node",
    "wanted_block_frames",
]
