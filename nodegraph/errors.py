"""Every error that Regroove raises on purpose, as one tree.

    RegrooveError
    ├── AudioError             a sound value that cannot be: wrong layout, rate, or non-finite samples
    ├── AudioFileError         a sound file that cannot be read or written
    ├── GraphError             an edit that the graph cannot take
    │   ├── LinkError          a link that cannot be: types, loop, port taken, no such port
    │   └── ParameterError     a parameter value out of range, of the wrong type, or unknown
    ├── UnknownKindError       no node of that kind in the library
    ├── NotInstalledError      a node whose packages are missing; says how to get them
    ├── WeightsError           weights of a model that are missing, damaged, or cannot be fetched
    ├── InstallError           something that could not be added to Regroove or taken away
    │   └── InstallRefusal     the same, refused before anything was touched
    ├── WorkerError            a backend in another process that crashed, hung, or refused
    ├── DocumentError          a graph file that cannot be read or written; says where in the file
    ├── CacheError             the folder of results cannot be used: disk full, not writable
    ├── OutputError            an export refused: the file exists, is an input, or lies outside the folder
    ├── NodeError              a node failed while it ran; names node, parameters and cause
    └── Cancelled              the user cancelled the run

Messages say what happened, where, and what to do, in the user's words. Nothing here imports
anything of Regroove.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = [
    "AudioError",
    "AudioFileError",
    "CacheError",
    "Cancelled",
    "DocumentError",
    "GraphError",
    "InstallError",
    "InstallRefusal",
    "LinkError",
    "NodeError",
    "NotInstalledError",
    "OutputError",
    "ParameterError",
    "RegrooveError",
    "UnknownKindError",
    "WeightsError",
    "WorkerError",
]


class RegrooveError(Exception):
    """Base of all errors that are meant to be read by the user."""


class AudioError(RegrooveError):
    """A sound value that cannot be: wrong layout, rate, or non-finite samples."""


class AudioFileError(RegrooveError):
    """A sound file that cannot be read or written. The message names the file."""


class GraphError(RegrooveError):
    """An edit that the graph cannot take."""


class LinkError(GraphError):
    """A link that cannot be: unlike types, a loop, a port that is taken or does not exist."""


class ParameterError(GraphError):
    """A parameter value that is out of range, of the wrong type, or unknown."""


class UnknownKindError(RegrooveError):
    """No node of that kind in the library."""


class NotInstalledError(RegrooveError):
    """A node whose packages are missing. The message holds the command that adds them."""


class WeightsError(RegrooveError):
    """Weights of a model that are missing, damaged, or cannot be fetched."""


class InstallError(RegrooveError):
    """Something that could not be added to Regroove or taken away. What was there before still works."""


class InstallRefusal(InstallError):
    """Something that is not added or taken away, told before anything was touched."""


class WorkerError(RegrooveError):
    """A backend in another process that crashed, hung, or refused its job."""


class DocumentError(RegrooveError):
    """A graph file that cannot be read or written. The message says where in the file."""


class CacheError(RegrooveError):
    """The folder of results cannot be used: disk full, or not writable."""


class OutputError(RegrooveError):
    """An export refused: the file exists, is one of the inputs, or lies outside the chosen folder."""


class NodeError(RegrooveError):
    """A node failed while it ran.

    Parameters
    ----------
    node_id : str
        The node in the graph.
    kind : str
        Its kind.
    params : Mapping[str, object]
        Its parameters at the time, defaults included.
    cause : BaseException
        What the node function raised.

    Attributes
    ----------
    reason : str
        What the cause says; of what is not Regroove's own, its type as well.
    """

    def __init__(self, node_id: str, kind: str, params: Mapping[str, object], cause: BaseException) -> None:
        self.node_id = node_id
        self.kind = kind
        self.params = dict(params)
        self.cause = cause
        settings = ", ".join(f"{name}={value!r}" for name, value in self.params.items())
        said = str(cause) or type(cause).__name__
        self.reason = said if isinstance(cause, RegrooveError) else f"{type(cause).__name__}: {said}"
        super().__init__(f"{node_id} ({kind}) failed: {self.reason}" + (f" [{settings}]" if settings else ""))


class Cancelled(RegrooveError):
    """The user cancelled the run."""

    def __init__(self) -> None:
        super().__init__("Cancelled.")
