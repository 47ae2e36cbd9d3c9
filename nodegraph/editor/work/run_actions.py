"""Run: the actions of the Run menu, and what has to be asked before files are written."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from nodegraph.editor.desk.actions import Action
from nodegraph.editor.words import N_, _, ngettext, told
from nodegraph.editor.words.values import decimal
from nodegraph.editor.work.asking import Choice, Picking, Question
from nodegraph.editor.work.making import Made
from nodegraph.editor.work.studio import Studio

__all__ = ["add_run_actions"]


def add_run_actions(studio: Studio) -> None:
    """Add what the Run menu shows."""
    running = _Running(studio)
    studio.actions.add(
        Action("run.all", N_("Run all"), running.run_all, running.has_nodes, icon="play"),
        Action("run.selected", N_("Run to selection"), running.run_selected, running.has_selection),
        Action("run.cancel", N_("Cancel"), studio.runner.cancel, running.is_busy, icon="square"),
        Action(
            "run.live",
            N_("Hear changes at once"),
            running.switch_live,
            checked=running.is_live,
            group=1,
        ),
        Action("run.clear_cache", N_("Clear the cache…"), running.clear_cache, running.is_idle, group=2),
    )


class _Running:
    def __init__(self, studio: Studio) -> None:
        self._studio, self._desk, self._runner = studio, studio.desk, studio.runner

    # --- what can be done --------------------------------------------------------------------

    def has_nodes(self) -> bool:
        return bool(self._desk.document.graph.nodes)

    def has_selection(self) -> bool:
        return bool(self._desk.selection.nodes)

    def is_busy(self) -> bool:
        return self._runner.busy

    def is_idle(self) -> bool:
        return not self._runner.busy

    def is_live(self) -> bool:
        return self._studio.settings.live

    # --- runs --------------------------------------------------------------------------------

    def run_all(self) -> None:
        if not self._runner.needs_folder():
            self._runner.run_all(refused=self._ask_to_replace)
            return
        picking = Picking("folder", _("Where shall the results go?"), _("Write here"))
        self._studio.dialogs.pick(picking, self._take_folder)

    def _take_folder(self, folder: Path | None) -> None:
        if folder is not None:
            self._runner.write_into(folder)
            self._runner.run_all(refused=self._ask_to_replace)

    def run_selected(self) -> None:
        nodes = self._desk.selection.nodes
        library = self._studio.library
        specs = (library.get(self._desk.document.graph.nodes[node_id].kind) for node_id in nodes)
        if any(spec is not None and spec.effect for spec in specs) and self._runner.needs_folder():
            picking = Picking("folder", _("Where shall the results go?"), _("Write here"))
            self._studio.dialogs.pick(picking, partial(self._take_folder_for_selected, nodes))
            return
        self._runner.run_to(nodes, refused=self._ask_to_replace)

    def _take_folder_for_selected(self, nodes: frozenset[str], folder: Path | None) -> None:
        if folder is not None:
            self._runner.write_into(folder)
            self._runner.run_to(nodes, refused=self._ask_to_replace)

    def _ask_to_replace(self, made: Made) -> None:
        """Ask whether the files that are in the way may be replaced; say what else is in the way."""
        if len(made.existing) < len(made.refusals):
            self._desk.tell(" ".join(map(told, made.refusals)), "error")
            return
        count = len(made.existing)
        question = Question(
            ngettext("Replace the file?", "Replace the files?", count),
            ngettext(
                "{count} file with that name exists already.",
                "{count} files with these names exist already.",
                count,
            ).format(count=count),
            (Choice("keep", _("Do not run")), Choice("replace", _("Replace"), "danger")),
            default="keep",
            cancel="keep",
            details="\n".join(map(str, made.existing)),
        )
        self._studio.dialogs.ask(question, partial(self._replace, made))

    def _replace(self, made: Made, answer: str) -> None:
        if answer == "replace":
            self._runner.run_to(made.order.targets, overwrite=True, refused=self._ask_to_replace)

    # --- the rest ----------------------------------------------------------------------------

    def switch_live(self) -> None:
        self._studio.prefer(live=not self._studio.settings.live)

    def clear_cache(self) -> None:
        used = self._studio.cache.shelf.used_bytes() / 1e9
        question = Question(
            _("Clear the cache?"),
            _("All results are forgotten, {used} GB. Everything has to run again.").format(
                used=decimal(f"{used:.1f}")
            ),
            (Choice("keep", _("Keep it")), Choice("clear", _("Clear"), "danger")),
            default="keep",
            cancel="keep",
        )
        self._studio.dialogs.ask(question, self._clear)

    def _clear(self, answer: str) -> None:
        if answer == "clear":
            self._runner.clear_cache()
