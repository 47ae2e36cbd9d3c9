"""The graph that made a sound file, kept in that file's tags, and read back from it.

What is embedded is meant to be given away: file names lose their folders, and the name of the
logged-in user is taken out of texts. The tags are an ID3 `TXXX` frame (WAV, AIFF, MP3) or a Vorbis
comment (FLAC, OGG, Opus), both called REGROOVE_GRAPH, written and read through mutagen.
"""

from __future__ import annotations

import getpass
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from nodegraph.document import Document
from nodegraph.document_file import MAX_BYTES, from_json, load_document, to_json
from nodegraph.errors import DocumentError
from nodegraph.graph import Graph, Node
from nodegraph.library import Library

__all__ = ["embed_document", "open_document", "read_embedded", "shareable"]

TAG = "REGROOVE_GRAPH"

# How the containers begin that can carry a graph. An MP3 may begin with a bare frame instead.
_MAGIC = (b"fLaC", b"OggS", b"RIFF", b"FORM", b"ID3")
# Sound files beyond 4 GiB, whose tags mutagen does not know.
_UNTAGGED = (b"RF64", b"riff")


def embed_document(document: Document, path: Path, library: Library) -> None:
    """Write a shareable copy of `document` into the tags of a sound file, in place.

    Raises
    ------
    DocumentError
        If the file's format cannot carry it.
    """
    import mutagen
    import mutagen.id3

    make_frame: Any = mutagen.id3.TXXX
    text = to_json(shareable(document, library))
    try:
        file = mutagen.File(path)
        if file is None:
            raise DocumentError(f"{path.name}: this format cannot carry a graph.")
        if file.tags is None:
            file.add_tags()
        if hasattr(file.tags, "setall"):
            file.tags.setall(f"TXXX:{TAG}", [make_frame(encoding=3, desc=TAG, text=[text])])
        else:
            file.tags[TAG] = [text]
        file.save()
    except mutagen.MutagenError as error:
        raise DocumentError(f"{path.name}: the graph cannot be kept in this file: {error}.") from error


def read_embedded(path: Path) -> str | None:
    """Return the text of the graph in a sound file's tags, or None if it has none.

    Raises
    ------
    DocumentError
        If the file's tags are damaged.
    """
    import mutagen

    if _head(path) in _UNTAGGED:
        return None
    try:
        file = mutagen.File(path)
    except Exception as error:
        # mutagen reads what anybody may have written; on damaged tags it raises what it stumbles over.
        raise DocumentError(f"{path}: its tags are damaged: {str(error) or type(error).__name__}.") from error
    if file is None or file.tags is None:
        return None
    if hasattr(file.tags, "getall"):
        texts = [str(text) for frame in file.tags.getall(f"TXXX:{TAG}") for text in frame.text]
    else:
        texts = [str(text) for text in file.tags.get(TAG, [])]
    return texts[0] if texts else None


def open_document(path: Path, library: Library | None = None) -> Document:
    """Read a graph file, or the graph that made a sound file.

    Raises
    ------
    DocumentError
        If the file is neither; the message holds its name.
    """
    if not _is_sound(path):
        return load_document(path, library)
    text = read_embedded(path)
    if text is None:
        raise DocumentError(f"{path} is a sound file, and no graph is kept in it.")
    if len(text) > MAX_BYTES:
        raise DocumentError(f"{path}: the graph in its tags is too large to be one.")
    try:
        return from_json(text, library)
    except DocumentError as error:
        raise DocumentError(f"{path}: the graph in its tags: {error}") from error


def _is_sound(path: Path) -> bool:
    head = _head(path)
    return head.startswith(_MAGIC + _UNTAGGED) or (
        len(head) == 4 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0
    )


def _head(path: Path) -> bytes:
    try:
        # A pipe would be waited for.
        if not path.is_file():
            return b""
        with open(path, "rb") as file:
            return file.read(4)
    except (OSError, ValueError):
        # `load_document` says why it cannot be read.
        return b""


# --- what may be given away ------------------------------------------------------------------------------


def shareable(document: Document, library: Library) -> Document:
    """Return the document without folders and without the user's name."""
    clean = _cleaner(_login(), _home())
    nodes = {node_id: _clean_node(node, library, clean) for node_id, node in document.graph.nodes.items()}
    return replace(
        document,
        graph=Graph(nodes, document.graph.links),
        title=clean(document.title),
        comment=clean(document.comment),
        labels={name: clean(text) for name, text in document.labels.items()},
        frames=tuple(
            replace(frame, title=clean(frame.title), extra=_deep(frame.extra, clean))
            for frame in document.frames
        ),
        notes=tuple(
            replace(note, text=clean(note.text), extra=_deep(note.extra, clean)) for note in document.notes
        ),
        extra=_deep(document.extra, clean),
        view_extra=_deep(document.view_extra, clean),
        link_extra={link: _deep(extra, clean) for link, extra in document.link_extra.items()},
    )


def _clean_node(node: Node, library: Library, clean: Callable[[str], str]) -> Node:
    spec = library.get(node.kind)
    files = {p.name for p in spec.params if p.type in ("input_file", "output_file")} if spec else set[str]()
    choices = {p.name for p in spec.params if p.type == "choice"} if spec else set[str]()
    params = {
        name: value
        if name in choices
        else _base_name(value)
        if name in files and isinstance(value, str)
        else _deep(value, clean)
        for name, value in node.params.items()
    }
    return replace(node, params=params, extra=_deep(node.extra, clean))


def _deep(value: Any, clean: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return MappingProxyType({clean(key): _deep(item, clean) for key, item in value.items()})
    if isinstance(value, (tuple, list)):
        return tuple(_deep(item, clean) for item in value)
    return value


_WHOLE_PATH = re.compile(r"\s*(?:/|~|file:|\\\\|[A-Za-z]:(?:/|\S*\\)|\.\.?[\\/])")
# After a drive, a share, a home or a root, or from dots on; "https://…" and "24/96" are no paths.
_PATH_IN_TEXT = re.compile(
    r"""(?:file:/{0,3}|(?<!\w)[A-Za-z]:(?:/|[^\s"'<>|/\\]*\\)|\\\\|~[^\s/\\"']*[\\/]"""
    r"""|(?<![\w.:/])//?(?=[^\s/]+/)|(?<![\w.])(?:\.\.?[\\/])+)[^\s"'<>|]*"""
)


def _cleaner(login: str, home: str) -> Callable[[str], str]:
    names = "|".join(re.escape(name) for name in (login, _base_name(home)) if name.strip("~"))
    name = re.compile(rf"(?<![A-Za-z0-9])(?:{names})(?![A-Za-z0-9])", re.IGNORECASE) if names else None
    # Its name may hold spaces, which elsewhere end a path.
    folders = r"[\\/]".join(re.escape(part) for part in re.split(r"[\\/]", home))
    at_home = re.compile(rf"(?<!\w){folders}(?![A-Za-z0-9])", re.IGNORECASE) if _base_name(home) else None

    def clean(text: str) -> str:
        one_line = "\n" not in text and ("/" in text or "\\" in text)
        text = _base_name(text) if one_line and _WHOLE_PATH.match(text) else text
        text = at_home.sub("~", text) if at_home else text
        text = _PATH_IN_TEXT.sub(lambda found: _base_name(found[0]), text)
        return name.sub("…", text) if name else text

    return clean


def _base_name(path: str) -> str:
    return re.split(r"[\\/]", path.rstrip("\\/ "))[-1]


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        # A container without an entry in the password file has no name to leak.
        return ""


def _home() -> str:
    try:
        return str(Path.home())
    except RuntimeError:
        # Nor has it a home.
        return ""
