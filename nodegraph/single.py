"""Apply one node to files, without graph or cache: `regroove node KIND IN OUT`."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nodegraph.audio import Audio, Report
from nodegraph.errors import GraphError, NodeError, NotInstalledError, OutputError, RegrooveError
from nodegraph.files import aside_for, publish, write_atomically
from nodegraph.library import Library
from nodegraph.param import ParamValue
from nodegraph.perform import call_node
from nodegraph.progress import Progress
from nodegraph.spec import NodeSpec

__all__ = ["Applied", "apply_node"]


@dataclass(frozen=True)
class Applied:
    """What came of it.

    Parameters
    ----------
    written : mapping of port to Path
        The files.
    reports : mapping of port to Report
        What was measured.
    notes : tuple of str
        What the nodes told.
    """

    written: Mapping[str, Path]
    reports: Mapping[str, Report]
    notes: tuple[str, ...]


def apply_node(
    library: Library,
    spec: NodeSpec,
    files: Sequence[Path],
    settings: Mapping[str, ParamValue],
    *,
    overwrite: bool,
    cancel: threading.Event,
) -> Applied:
    """Load files, run one node on them, and write what it gives.

    Parameters
    ----------
    library : Library
        Must have the kinds `load` and `export`.
    spec : NodeSpec
        The node.
    files : sequence of Path
        One for each input, then a file or a folder for the outputs. A folder (it exists, or has no
        suffix) takes a float WAV for each port. Reports need no file.
    settings : mapping
        The parameters that are not defaults.
    overwrite : bool
        Replace files that exist.
    cancel : threading.Event
        Set it to stop.

    Raises
    ------
    RegrooveError
        If a file or the node fails.
    """
    notes: list[str] = []
    progress = Progress(note=notes.append, cancel=cancel)
    sources, out = _split(spec, files)
    settings = spec.settings({**settings, **_file_settings(spec, "input_file", sources)})
    refusal = library.unavailable(spec, settings)
    if refusal:
        raise NotInstalledError(refusal)
    if spec.effect:
        inputs = _load_inputs(library, spec, sources, progress)
        assert out is not None
        _check_free([out], sources, overwrite=overwrite)
        _call_aside(spec, settings, inputs, progress, out, overwrite=overwrite)
        return Applied({spec.kind: out}, {}, tuple(notes))
    places = _places(spec, out)
    _check_free(list(places.values()), sources, overwrite=overwrite)
    takes_file = any(param.type == "input_file" for param in spec.params)
    inputs = {} if takes_file else _load_inputs(library, spec, sources, progress)
    values = _call(spec, settings, inputs, progress)
    for port, path in places.items():
        _write(library, values[port], path, progress, overwrite=overwrite)
    reports = {port: value for port, value in values.items() if isinstance(value, Report)}
    return Applied(places, reports, tuple(notes))


def _split(spec: NodeSpec, files: Sequence[Path]) -> tuple[list[Path], Path | None]:
    """Tell the files to read from the place to write to."""
    read_files = sum(param.type == "input_file" for param in spec.params)
    sounds = [port for port in spec.inputs if issubclass(Audio, port.type) or not port.optional]
    least = read_files + sum(not port.optional or port.many for port in sounds)
    many = any(port.many or port.optional for port in sounds)
    only_reports = not spec.effect and not any(issubclass(port.type, Audio) for port in spec.outputs)
    if only_reports and len(files) == least:
        return list(files), None
    if len(files) < least + 1 or (len(files) > least + 1 and not many):
        names = [port.name.upper() for port in sounds] + ["IN"] * read_files
        usage = " ".join([*names, "[OUT]" if only_reports else "OUT"])
        raise GraphError(f"{spec.kind} takes {usage}: {len(files)} files were named.")
    return list(files[:-1]), files[-1]


def _places(spec: NodeSpec, out: Path | None) -> dict[str, Path]:
    if out is None:
        return {}
    # Other values than sounds and reports travel on links only.
    endings = {Audio: ".wav", Report: ".json"}
    kept = [port for port in spec.outputs if port.type in endings]
    if out.is_dir() or not out.suffix:
        return {port.name: out / f"{port.name}{endings[port.type]}" for port in kept}
    return {port.name: out for port in kept[:1]}


def _check_free(places: Sequence[Path], sources: Sequence[Path], *, overwrite: bool) -> None:
    for place in places:
        if place.exists() and any(source.exists() and place.samefile(source) for source in sources):
            raise OutputError(f"{place} is one of the inputs. A result never replaces its own input.")
        if place.exists() and not overwrite:
            raise OutputError(f"{place} exists already. Say --overwrite to replace it, or name another file.")


def _file_settings(spec: NodeSpec, kind: str, files: Sequence[Path]) -> dict[str, str]:
    names = [param.name for param in spec.params if param.type == kind]
    return {name: str(path) for name, path in zip(names, files, strict=False)}


def _load_inputs(
    library: Library, spec: NodeSpec, sources: Sequence[Path], progress: Progress
) -> dict[str, Any]:
    load = library.find("load")
    inputs: dict[str, Any] = {}
    left = list(sources)
    for port in spec.inputs:
        if not issubclass(Audio, port.type):
            if port.optional and not port.many:
                continue
            raise GraphError(
                f"{port.name} takes {port.type.__name__}, which no sound file holds. Use a graph."
            )
        count = len(left) if port.many else min(1, len(left))
        for number in range(1, count + 1):
            settings = load.settings({"file": str(left.pop(0))})
            name = f"{port.name}.{number}" if port.many else port.name
            inputs[name] = _call(load, settings, {}, progress)["audio"]
    return inputs


def _write(library: Library, value: Any, path: Path, progress: Progress, *, overwrite: bool) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(value, Report):
            record = {measure.name: measure.value for measure in value.measures}
            write_atomically(path, json.dumps(record, indent=2, ensure_ascii=False).encode())
            return
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}.") from error
    if not isinstance(value, Audio):
        raise OutputError(f"{type(value).__name__} cannot be written to a file. Use a graph.")
    export = library.find("export")
    float_wav = {"bit_depth": "32f"} if path.suffix.lower() == ".wav" else {}
    _call_aside(export, export.settings(float_wav), {"audio": value}, progress, path, overwrite=overwrite)


def _call_aside(
    spec: NodeSpec,
    settings: Mapping[str, Any],
    inputs: Mapping[str, Any],
    progress: Progress,
    path: Path,
    *,
    overwrite: bool,
) -> None:
    """Let an effect write beside its place, then publish the file in one step."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = aside_for(path)
        try:
            named = {param.name: str(aside) for param in spec.params if param.type == "output_file"}
            _call(spec, {**settings, **named}, inputs, progress)
            if not publish(aside, path, overwrite=overwrite):
                raise OutputError(f"{path} exists already; it appeared while this ran.")
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}.") from error


def _call(
    spec: NodeSpec, settings: Mapping[str, Any], inputs: Mapping[str, Any], progress: Progress
) -> dict[str, Any]:
    try:
        return call_node(spec, settings, inputs, progress)
    except RegrooveError:
        raise
    except Exception as error:
        raise NodeError(spec.kind, spec.kind, settings, error) from error
