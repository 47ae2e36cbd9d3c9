"""Actions: everything that one can do, by name: what menus, toolbar, shortcuts and search show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from nodegraph.editor.words import N_, _

__all__ = ["MENUS", "Action", "Actions"]

MENUS: tuple[tuple[str, str], ...] = (
    ("file", N_("File")),
    ("edit", N_("Edit")),
    ("node", N_("Node")),
    ("view", N_("View")),
    ("run", N_("Run")),
    ("listen", N_("Listen")),
    ("help", N_("Help")),
)
"""Menus in their order: the first word of an action's name, and the title."""


def _always() -> bool:
    return True


@dataclass(frozen=True)
class Action:
    """Something that one can do.

    Parameters
    ----------
    name : str
        Its identity in settings: "edit.undo". The first word is its menu.
    title : str
        An English gettext text, marked with N_.
    run : callable
        Does it.
    enabled : callable
        Whether it can be done now.
    checked : callable, optional
        Whether it is on, for what can be switched.
    icon : str
        A name of ICONS, or "".
    group : int
        Actions of one menu are parted by a line where it changes.
    listed : bool
        It stands in the menu; what is only done by keys is found in the list of commands.
    repeats : bool
        It is done again and again while its key is held. Arrows repeat whatever they do.
    """

    name: str
    title: str
    run: Callable[[], None]
    enabled: Callable[[], bool] = _always
    checked: Callable[[], bool] | None = None
    icon: str = ""
    group: int = 0
    listed: bool = True
    repeats: bool = False

    @property
    def menu(self) -> str:
        """The menu in which it stands."""
        return self.name.partition(".")[0]

    @property
    def text(self) -> str:
        """Its title in the language in use."""
        return _(self.title)


class Actions:
    """All actions, in the order in which they were added."""

    def __init__(self) -> None:
        self._actions: dict[str, Action] = {}

    def add(self, *actions: Action) -> None:
        """Add actions.

        Raises
        ------
        ValueError
            If a name is taken or has no menu.
        """
        menus = {menu for menu, _title in MENUS}
        for action in actions:
            if action.name in self._actions or action.menu not in menus:
                raise ValueError(f"{action.name} is taken, or {action.menu} is no menu")
            self._actions[action.name] = action

    def __iter__(self) -> Iterator[Action]:
        return iter(self._actions.values())

    def __getitem__(self, name: str) -> Action:
        return self._actions[name]

    def __contains__(self, name: str) -> bool:
        return name in self._actions

    def do(self, name: str) -> bool:
        """Do an action if it can be done now; return whether it was."""
        action = self._actions[name]
        if not action.enabled():
            return False
        action.run()
        return True
