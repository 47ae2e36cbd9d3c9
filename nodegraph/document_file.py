"""The JSON file of a Document.

A file becomes a document in steps: text → plain records → migrated records → document. Nothing is
executed or imported on the way. What this version does not know is kept and written back as it was.
Files that are broken in form are refused with the place of the fault; files that merely hold nodes
or values that this library cannot run are opened, and `Graph.problems` tells.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from stat import S_ISREG
from types import MappingProxyType
from typing import Any

from nodegraph.document import Document, Frame, Note, Place
from nodegraph.errors import DocumentError, GraphError
from nodegraph.files import write_atomically
from nodegraph.graph import Graph, Link, Node
from nodegraph.library import Library
from nodegraph.strict_json import parse_json

__all__ = [
    "FORMAT",
    "FORMAT_VERSION",
    "MAX_BYTES",
    "from_json",
    "load_document",
    "plain",
    "save_document",
    "to_json",
]

FORMAT = "regroove.graph"
FORMAT_VERSION = 1

# A graph of a thousand nodes takes about 300 kB; a file far beyond that is no graph (bytes).
MAX_BYTES = 32 << 20
# A sentence for people (characters).
_LONGEST_MESSAGE = 400
# Lines of a file are kept within this where that can be (characters).
_LINE = 110

# A frame's and a note's place.
_BOX = ("x", "y", "width", "height")

Record = dict[str, Any]

_NOTHING: Mapping[Any, Any] = MappingProxyType({})


def load_document(path: Path, library: Library | None = None) -> Document:
    """Read a graph file.

    Parameters
    ----------
    path : Path
        The file.
    library : Library, optional
        With it, parameters of older node versions are brought up to date.

    Raises
    ------
    DocumentError
        If it cannot be read; the message holds the file's name and the place in it.
    """
    try:
        if path.is_dir():
            raise DocumentError(f"{path} is a folder, not a graph file.")
        if not S_ISREG(path.stat().st_mode):
            # A pipe or a device may have no end.
            raise DocumentError(f"{path} is no file.")
        if path.stat().st_size > MAX_BYTES:
            size = path.stat().st_size >> 20
            raise DocumentError(f"{path} is {size} MiB; no graph file is larger than {MAX_BYTES >> 20} MiB.")
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DocumentError(f"{path} cannot be read: {reason}.") from error
    try:
        return from_json(content, library)
    except DocumentError as error:
        raise DocumentError(f"{path}: {error}") from error


def save_document(document: Document, path: Path) -> None:
    """Write a graph file atomically, keeping what was there as `NAME.bak`.

    Raises
    ------
    DocumentError
        If it cannot be written; the old file is whole then.
    """
    try:
        backup = Path(os.path.realpath(path)).with_name(path.name + ".bak")
        write_atomically(path, to_json(document).encode(), backup=backup)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DocumentError(f"{path} cannot be saved: {reason}.") from error


def to_json(document: Document) -> str:
    """Return the text of a graph file: sorted keys, so that versions compare line by line."""
    nodes = {node_id: _node_record(node) for node_id, node in document.graph.nodes.items()}
    links = [
        plain(document.link_extra.get(link, _NOTHING))
        | {"from": [link.source, link.source_port], "to": [link.target, link.target_port]}
        | ({"via": _tidy_places(document.routes[link])} if document.routes.get(link) else {})
        for link in document.graph.links
    ]
    view = {
        "positions": dict(zip(document.positions, _tidy_places(document.positions.values()), strict=True)),
        "labels": dict(document.labels),
        "frames": [_box_record(frame, title=frame.title) for frame in document.frames],
        "notes": [_box_record(note, text=note.text) for note in document.notes],
        "collapsed": sorted(document.collapsed),
    }
    record = plain(document.extra) | {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "title": document.title,
        "comment": document.comment,
        "nodes": nodes,
        "links": links,
        "view": plain(document.view_extra) | {key: value for key, value in view.items() if value},
    }
    return _laid_out(record, 0) + "\n"


def _laid_out(value: Any, indent: int) -> str:
    """Return JSON with what fits a line on one line: one link, one short node, one position each."""
    line = json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)
    if (indent and len(line) + indent <= _LINE) or not isinstance(value, (dict, list)) or not value:
        return line
    inner = " " * (indent + 2)
    if isinstance(value, list):
        items = [inner + _laid_out(item, indent + 2) for item in value]
    else:
        items = [
            f"{inner}{json.dumps(key, ensure_ascii=False)}: {_laid_out(value[key], indent + 2)}"
            for key in sorted(value)
        ]
    begin, end = ("[", "]") if isinstance(value, list) else ("{", "}")
    return begin + "\n" + ",\n".join(items) + "\n" + " " * indent + end


def _node_record(node: Node) -> Record:
    record: Record = plain(node.extra) | {
        "kind": node.kind,
        "version": node.version,
        "params": plain(node.params),
    }
    if node.bypassed:
        record["bypassed"] = True
    return record


def _box_record(box: Frame | Note, **texts: str) -> Record:
    record: Record = plain(box.extra)
    return record | texts | {name: _tidy(getattr(box, name)) for name in _BOX}


def _tidy_places(places: Iterable[Place]) -> list[list[float]]:
    return [[_tidy(x), _tidy(y)] for x, y in places]


def _tidy(number: float) -> float | int:
    """Return 520 for 520.0, as it was typed."""
    return int(number) if float(number).is_integer() else number


def plain(value: Any) -> Any:
    """Return frozen JSON as dicts and lists."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return MappingProxyType({key: _frozen(item) for key, item in value.items()})
    if isinstance(value, list):
        return tuple(_frozen(item) for item in value)
    return value


# --- text → records ------------------------------------------------------------------------------------


def from_json(content: bytes | str, library: Library | None = None) -> Document:
    """Read the text of a graph file.

    Raises
    ------
    DocumentError
        If it is no graph file; the message holds the line and column, or the path of keys.
    """
    try:
        record = _object(parse_json(content), "the file")
        if record.get("format") != FORMAT:
            raise DocumentError(f'format: this is no Regroove graph (it should say "format": "{FORMAT}").')
        return _build(_migrated(record), library)
    except DocumentError as error:
        if len(str(error)) <= _LONGEST_MESSAGE:
            raise
        # Names and values in the file may have any length.
        raise DocumentError(str(error)[: _LONGEST_MESSAGE - 1] + "…") from error


# --- migrations ----------------------------------------------------------------------------------------

MIGRATIONS: Mapping[int, Callable[[Record], Record]] = MappingProxyType({})
"""From that version of the format to the next: records → records. Version 1 is the first."""


def _migrated(record: Record) -> Record:
    version = record.get("version")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise DocumentError(f"version: it must be a whole number from 1, not {version!r}.")
    if version > FORMAT_VERSION:
        raise DocumentError(
            f"version: the file was made by a newer Regroove (format {version}; this one reads up to "
            f"{FORMAT_VERSION}). Update Regroove to open it."
        )
    for step in range(version, FORMAT_VERSION):
        record = MIGRATIONS[step](record)
    return record


# --- records → document --------------------------------------------------------------------------------


def _build(record: Record, library: Library | None) -> Document:
    extra = dict(record)
    for known in ("format", "version"):
        extra.pop(known)
    title, comment = (_text(extra.pop(name, ""), name) for name in ("title", "comment"))
    nodes = {
        node_id: _read_node(value, f"nodes.{node_id}", library)
        for node_id, value in _object(extra.pop("nodes", {}), "nodes").items()
    }
    links = [
        _read_link(value, f"links[{number}]")
        for number, value in enumerate(_list(extra.pop("links", []), "links"))
    ]
    view = dict(_object(extra.pop("view", {}), "view"))
    positions = _object(view.pop("positions", {}), "view.positions").items()
    labels = _object(view.pop("labels", {}), "view.labels").items()
    frames = _list(view.pop("frames", []), "view.frames")
    notes = _list(view.pop("notes", []), "view.notes")
    collapsed = _list(view.pop("collapsed", []), "view.collapsed")
    try:
        graph = Graph(nodes, tuple(link for link, _, _ in links))
    except GraphError as error:
        raise DocumentError(f"nodes and links: {error}") from error
    return Document(
        graph=graph,
        title=title,
        comment=comment,
        positions={name: _read_position(value, f"view.positions.{name}") for name, value in positions},
        labels={name: _text(value, f"view.labels.{name}") for name, value in labels},
        collapsed=frozenset(
            _text(value, f"view.collapsed[{number}]") for number, value in enumerate(collapsed)
        ),
        frames=tuple(
            Frame(*_read_box(value, "title", f"view.frames[{number}]")) for number, value in enumerate(frames)
        ),
        notes=tuple(
            Note(*_read_box(value, "text", f"view.notes[{number}]")) for number, value in enumerate(notes)
        ),
        routes={link: route for link, route, _ in links if route},
        extra=_frozen(extra),
        view_extra=_frozen(view),
        link_extra={link: _frozen(unknown) for link, _, unknown in links if unknown},
    )


def _read_node(value: Any, at: str, library: Library | None) -> Node:
    record = dict(_object(value, at))
    kind = _text(record.pop("kind", None), f"{at}.kind")
    version = record.pop("version", 1)
    if isinstance(version, bool) or not isinstance(version, int) or not 1 <= version < 1 << 31:
        raise DocumentError(f"{at}.version: it must be a whole number from 1, not {version!r}.")
    params = dict(_object(record.pop("params", {}), f"{at}.params"))
    bypassed = record.pop("bypassed", False)
    if not isinstance(bypassed, bool):
        raise DocumentError(f"{at}.bypassed: it must be true or false, not {bypassed!r}.")
    if library is not None:
        params, version = _migrated_params(kind, params, version, at, library)
    return Node(kind, _frozen(params), version, bypassed, _frozen(record))


def _migrated_params(
    kind: str, params: Record, version: int, at: str, library: Library
) -> tuple[Record, int]:
    spec = library.get(kind)
    if spec is None or version >= spec.version:
        return params, version
    for step in range(version, spec.version):
        migrate = spec.migrations.get(step)
        if migrate is not None:
            try:
                params = migrate(dict(params))
            except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
                raise DocumentError(
                    f"{at}.params: they cannot be brought from version {step} of {kind} to the next: "
                    f"{error!r}."
                ) from error
    return params, spec.version


def _read_link(value: Any, at: str) -> tuple[Link, tuple[Place, ...], Record]:
    record = dict(_object(value, at))
    ends: list[str] = []
    for name in ("from", "to"):
        end = _list(record.pop(name, None), f"{at}.{name}")
        if len(end) != 2 or not all(isinstance(word, str) for word in end):
            raise DocumentError(f'{at}.{name}: it must be ["node", "port"], not {_shown(end)}.')
        ends += end
    route = _list(record.pop("via", []), f"{at}.via")
    points = tuple(_read_position(point, f"{at}.via[{number}]") for number, point in enumerate(route))
    return Link(*ends), points, record


def _read_position(value: Any, at: str) -> Place:
    pair = _list(value, at)
    if len(pair) != 2:
        raise DocumentError(f"{at}: it must be [x, y], not {_shown(pair)}.")
    return _number(pair[0], at), _number(pair[1], at)


def _read_box(value: Any, words: str, at: str) -> tuple[str, float, float, float, float, Record]:
    """Return a frame's or a note's fields, in their order."""
    record = dict(_object(value, at))
    text = _text(record.pop(words, ""), f"{at}.{words}")
    x, y, width, height = (_number(record.pop(name, 0), f"{at}.{name}") for name in _BOX)
    return text, x, y, width, height, _frozen(record)


def _object(value: Any, at: str) -> Record:
    if not isinstance(value, dict):
        raise DocumentError(f"{at}: it must be an object, not {_shown(value)}.")
    return value


def _list(value: Any, at: str) -> list[Any]:
    if not isinstance(value, list):
        raise DocumentError(f"{at}: it must be a list, not {_shown(value)}.")
    return value


def _text(value: Any, at: str) -> str:
    if not isinstance(value, str):
        raise DocumentError(f"{at}: it must be text, not {_shown(value)}.")
    return value


def _number(value: Any, at: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) > 1e9:
        raise DocumentError(f"{at}: it must be a number within ±1e9, not {_shown(value)}.")
    return float(value)


def _shown(value: Any) -> str:
    shown = json.dumps(value, ensure_ascii=False, default=str)
    return shown if len(shown) <= 60 else shown[:57] + "…"
