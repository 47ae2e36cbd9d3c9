"""What can be done with what is heard: the actions of the listening panel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodegraph.editor.desk.actions import Action
from nodegraph.editor.words import N_

if TYPE_CHECKING:
    from nodegraph.editor.panels.listening import ListeningPanel

__all__ = ["add_actions"]

_ZOOM = 2.0


def add_actions(panel: ListeningPanel) -> None:
    """Add the actions to the studio's."""
    heard, desk = panel.listening, panel.studio.desk

    def audible() -> bool:
        return heard.extent is not None

    panel.studio.actions.add(
        Action(
            "listen.play",
            N_("Play or pause"),
            heard.player.toggle,
            audible,
            lambda: heard.player.playing,
            "play",
        ),
        Action("listen.begin", N_("Go to the beginning"), heard.begin, audible, icon="skip-back"),
        Action(
            "listen.loop", N_("Loop the passage"), heard.toggle_loop, audible, lambda: heard.looping, "repeat"
        ),
        Action(
            "listen.loop_clear",
            N_("Select no passage"),
            lambda: heard.select(None),
            lambda: desk.region is not None,
        ),
        Action(
            "listen.monitor",
            N_("Hear the selected node"),
            heard.monitor_selected,
            lambda: heard.selected is not None,
            icon="headphones",
            group=1,
        ),
        Action(
            "listen.compare",
            N_("Compare with the selected node"),
            heard.compare_selected,
            lambda: heard.selected is not None,
            group=1,
        ),
        Action(
            "listen.switch",
            N_("Switch between A and B"),
            heard.switch,
            lambda: heard.b is not None or heard.before is not None,
            icon="arrow-left-right",
            group=1,
        ),
        Action(
            "listen.difference",
            N_("Hear the difference of A and B"),
            lambda: heard.choose("difference"),
            lambda: not heard.player.why_not("difference"),
            lambda: heard.player.choice == "difference",
            group=1,
        ),
        Action(
            "listen.removed",
            N_("Hear what was removed"),
            heard.toggle_removed,
            lambda: heard.removed is not None,
            lambda: heard.hears_removed,
            "ear",
            group=1,
        ),
        Action(
            "listen.match",
            N_("Compare at one loudness"),
            heard.toggle_match,
            checked=lambda: panel.studio.settings.match_loudness,
            group=1,
        ),
        Action(
            "listen.zoom_in",
            N_("See less of the sound, larger"),
            lambda: panel.zoom(_ZOOM),
            audible,
            group=2,
            repeats=True,
        ),
        Action(
            "listen.zoom_out",
            N_("See more of the sound"),
            lambda: panel.zoom(1 / _ZOOM),
            audible,
            group=2,
            repeats=True,
        ),
        Action("listen.zoom_all", N_("See all of the sound"), panel.zoom_out_fully, audible, group=2),
    )
