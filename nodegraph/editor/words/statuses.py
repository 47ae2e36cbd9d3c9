"""Words for what is known of a node."""

from __future__ import annotations

from collections.abc import Mapping

from nodegraph.editor.words.catalogue import N_, _

__all__ = ["status_name"]

_NAMES: Mapping[str, str] = {
    "clean": N_("Up to date"),
    "stale": N_("Needs to run"),
    "running": N_("Running"),
    "failed": N_("Failed"),
    "unavailable": N_("Not installed"),
    "blocked": N_("Cannot run yet"),
    "bypassed": N_("Bypassed"),
}


def status_name(status: str) -> str:
    """Return "Needs to run" for "stale"."""
    return _(_NAMES[status])
