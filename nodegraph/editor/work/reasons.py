"""Reasons: why a node runs or cannot, in the user's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nodegraph.editor.words import N_, _
from nodegraph.editor.words.names import kind_name, param_name, port_name
from nodegraph.editor.words.values import decimal
from nodegraph.graph import NodeId
from nodegraph.plan import Cause, Reason, reasons
from nodegraph.recipe import Recipe

__all__ = ["failure_below", "why_it_runs"]

_SENTENCES: Mapping[Cause, str] = {
    "new": N_("It has not run yet."),
    "not kept": N_("Its result is no longer in the cache."),
    "no file": N_("Its file is gone or was changed."),
    "other file": N_("Its output file is another one."),
    "param": N_("{name}: {before} → {after}."),
    "content": N_("{name} has a new content."),
    "linked": N_("{name} is newly linked."),
    "unlinked": N_("{name} is no longer linked."),
    "moved": N_("{name} comes from {after} instead of {before}."),
    "upstream": N_("{name} changed."),
    "updated": N_("{name} itself was updated."),
}


def why_it_runs(recipe: Recipe, page: Mapping[str, Any] | None, title_of: Callable[[NodeId], str]) -> str:
    """Return why a node runs, compared with when it last did, in sentences.

    Parameters
    ----------
    recipe : Recipe
        How its result is made now.
    page : mapping, optional
        What was written down when it last ran; see `nodegraph.plan.reasons`.
    title_of : callable
        Tells what the user sees over a node.
    """
    return " ".join(dict.fromkeys(_sentence(reason, title_of) for reason in reasons(recipe, page)))


def _sentence(reason: Reason, title_of: Callable[[NodeId], str]) -> str:
    shown = title_of if reason.what == "moved" else decimal
    before, after = shown(reason.before), shown(reason.after)
    if reason.unit:
        after = f"{after} {reason.unit}"
    return _(_SENTENCES[reason.what]).format(name=_named(reason, title_of), before=before, after=after)


def _named(reason: Reason, title_of: Callable[[NodeId], str]) -> str:
    match reason.what:
        case "param" | "content":
            return param_name(reason.name)
        case "linked" | "unlinked" | "moved":
            return port_name(reason.name)
        case "updated":
            return kind_name(reason.name)
        case "upstream":
            return title_of(reason.name)
        case _:
            return reason.name


def failure_below(name: str, *, failed: bool) -> str:
    """Return what a node says that waits for the one of that name, which has failed or cannot run."""
    if failed:
        return _("It needs {node}, which failed.").format(node=name)
    return _("It needs {node}, which cannot run.").format(node=name)
