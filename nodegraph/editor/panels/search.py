"""Search: for a node to add or to swap, for a command, for a node of the graph; all in one finder."""

from __future__ import annotations

from collections.abc import Callable

from nodegraph.editor.desk.desk import Selection
from nodegraph.editor.desk.finding import Candidate, kind_candidates
from nodegraph.editor.desk.keymap import chord_text
from nodegraph.editor.desk.outline_text import node_candidates, outline
from nodegraph.editor.look.colours import family_colour
from nodegraph.editor.panels.finder import Entry, Finder
from nodegraph.editor.words import _, told
from nodegraph.editor.words.catalogue import in_all_languages
from nodegraph.editor.words.names import family_name, family_of, kind_name
from nodegraph.editor.words.statuses import status_name
from nodegraph.editor.work.studio import Studio
from nodegraph.graph import NodeId
from nodegraph.spec import NodeSpec

__all__ = ["Search"]

_MOST_RECENT = 12


class Search:
    """Everything that is searched for.

    Parameters
    ----------
    studio : Studio
        Its library, actions and document.
    go_to : callable
        Brings a node of the graph into view.
    """

    def __init__(self, studio: Studio, go_to: Callable[[NodeId], None]) -> None:
        self._studio, self._go_to = studio, go_to
        self.finder = Finder(studio)
        self._candidates = {candidate.key: candidate for candidate in kind_candidates(studio.library)}

    def kinds(
        self,
        place: tuple[float, float] | None,
        choose: Callable[[str], None],
        *,
        fits: Callable[[NodeSpec], bool] = lambda spec: True,
        hint: str | None = None,
    ) -> None:
        """Let the user find a kind of node.

        Parameters
        ----------
        place : (x, y), optional
            Of the popup on the screen.
        choose : callable
            Takes the kind.
        fits : callable
            Whether a kind can be chosen here.
        hint : str, optional
            Stands in the empty field.
        """
        library, settings = self._studio.library, self._studio.settings
        first = dict.fromkeys((*settings.recent_kinds, *settings.favourites))
        kinds = [kind for kind in (*first, *library.specs) if kind in library.specs]
        entries = [
            self._kind_entry(library.specs[kind])
            for kind in dict.fromkeys(kinds)
            if fits(library.specs[kind])
        ]

        def chosen(kind: str) -> None:
            self.remember(kind)
            choose(kind)

        self.finder.open(
            place,
            entries,
            chosen,
            hint=hint or _("Search for a node…"),
            nothing=_("No node is called that."),
        )

    def remember(self, kind: str) -> None:
        """Show a kind among those used recently."""
        recent = tuple(dict.fromkeys((kind, *self._studio.settings.recent_kinds)))[:_MOST_RECENT]
        if recent != self._studio.settings.recent_kinds:
            self._studio.prefer(recent_kinds=recent)

    def _kind_entry(self, spec: NodeSpec) -> Entry:
        family = family_of(spec.kind)
        missing = self._studio.library.unavailable(spec)
        return Entry(
            self._candidates[spec.kind],
            kind_name(spec.kind),
            family_name(family),
            told(missing or "") or _(spec.summary),
            family_colour(self._studio.colours, family),
            dimmed=missing is not None,
        )

    def commands(self) -> None:
        """Let the user find a command."""
        actions = self._studio.actions
        entries = []
        for action in actions:
            chords = self._studio.keymap.chords(action.name)
            enabled = action.enabled()
            entries.append(
                Entry(
                    Candidate(action.name, in_all_languages(action.title)),
                    action.text,
                    ", ".join(map(chord_text, chords)),
                    "" if enabled else _("This cannot be done now."),
                    dimmed=not enabled,
                )
            )
        # A menu shows what cannot be done where one expects it; a list begins with what can be done.
        entries.sort(key=lambda entry: entry.dimmed)
        self.finder.open(
            None,
            entries,
            lambda name: void(actions.do(name)),
            hint=_("Search for a command…"),
            nothing=_("No command is called that."),
        )

    def nodes(self) -> None:
        """Let the user find a node of the graph."""
        desk = self._studio.desk
        rows = {row.node_id: row for row in outline(desk.document)}
        entries = []
        for candidate in node_candidates(desk.document):
            row = rows[candidate.key]
            state = desk.states.get(row.node_id)
            family = family_of(desk.document.graph.nodes[row.node_id].kind)
            entries.append(
                Entry(
                    candidate,
                    row.name,
                    status_name(state.status) if state else "",
                    "   ".join(row.inputs),
                    family_colour(self._studio.colours, family),
                )
            )

        def go(node_id: str) -> None:
            desk.select(Selection(frozenset({node_id})))
            self._go_to(node_id)

        self.finder.open(
            None,
            entries,
            go,
            hint=_("Find a node of this graph…"),
            nothing=_("No node of this graph is called that."),
        )


def void(_value: object) -> None:
    """Forget a value where nothing is wanted."""
