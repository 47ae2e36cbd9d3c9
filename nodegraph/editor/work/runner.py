"""Runner: runs what was asked for, and by itself what is listened to; knows the state of every node.

It lives on the window's thread and never waits: all work is done in lanes, which answer through the
inbox. Nothing runs before somebody asks to run or to listen, and effects run only when asked to.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from nodegraph.audio import Audio
from nodegraph.editor.desk.desk import Topic
from nodegraph.editor.desk.states import PortRef
from nodegraph.editor.listen.sound import Sound
from nodegraph.editor.words import _
from nodegraph.editor.work.board import Board
from nodegraph.editor.work.knowing import Knowing
from nodegraph.editor.work.knowledge import Known
from nodegraph.editor.work.lane import Lane, checking
from nodegraph.editor.work.making import Made, Making, Order, make
from nodegraph.editor.work.passages import Passage, passage_near
from nodegraph.editor.work.region import Heard, Regions, Wish
from nodegraph.editor.work.sessions import UNTITLED, session_of, writes_files
from nodegraph.errors import RegrooveError
from nodegraph.execute import default_targets, forget_run
from nodegraph.graph import Graph, NodeId
from nodegraph.perform import Session

if TYPE_CHECKING:
    from nodegraph.editor.work.studio import Studio

__all__ = ["Runner"]

# A drag pauses when nothing has changed for so long (s); it ends when the button is released.
_SETTLED_S = 0.04
# The states are made again when nothing has changed for so long, and at least so often in a drag (s).
_KNOW_S = 0.05
_KNOW_AT_LEAST_S = 0.25
# The whole file is made when nothing has changed for so long (s).
_PAUSE_S = 0.7
# And no sooner than this after its preview is there: whoever listens may go on turning (s).
_LISTEN_S = 0.25
# So many ports that were asked for lately are kept known, besides those that are listened to.
_MOST_ASKED = 16

_What = Literal["known", "heard", "made"]


def _ignore(made: Made) -> None:
    return


class Runner:
    """What runs in the background.

    Parameters
    ----------
    studio : Studio
        Its desk is watched, and told what is going on.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio, self._desk = studio, studio.desk
        self._watch = self._desk.watch()
        self._regions, self._board = Regions(studio.cache), Board(studio.desk)
        self._knowing = Knowing(studio.cache, self._post, partial(self._raised, "known"))
        self._hearing = Lane("hearing", partial(self._raised, "heard"))
        self._making = Lane("making", partial(self._raised, "made"))
        self._history = self._desk.history
        self._graph, self._path = self._desk.document.graph, self._desk.path
        self._folder: Path | None = None
        self._asked: dict[PortRef, None] = {}
        self._order: Order | None = None
        # The graph for which the whole file was made by itself, or was found to take too long.
        self._done_for: Graph | None = None
        self._wish: Wish | None = None
        self._heard_passage: Passage | None = None
        self._position_s = 0.0
        self._changed_at = self._known_at = float("-inf")
        self._know_at: float | None = 0.0
        self._hear_at: float | None = None
        # Whether what is to be heard is still being dragged.
        self._dragging = False
        self._make_at: float | None = None
        self.hint = ""
        """What the user may want to do about what is heard, or ""."""
        self._refused: Callable[[Made], None] = _ignore

    # --- what the user asks for --------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether anything is being made: a run, or the preview of a passage."""
        return self._order is not None or self._wish is not None

    def needs_folder(self) -> bool:
        """Return whether "run all" would write files and nobody has said into which folder."""
        return self._desk.path is None and self._folder is None and writes_files(self._desk)

    def write_into(self, folder: Path) -> None:
        """Choose the folder for results of this document. Nothing is written outside of it."""
        self._look_for_another()
        self._folder = folder
        self._know_at = 0.0

    def run_all(self, *, overwrite: bool = False, refused: Callable[[Made], None] = _ignore) -> None:
        """Run everything, also exports.

        Parameters
        ----------
        overwrite : bool
            The user allowed it: files that exist are replaced. Else nothing runs if there is one.
        refused : callable
            Called when nothing has run because of files; `Made` says which.
        """
        targets = default_targets(self._desk.document, self._studio.library)
        self._run(targets, overwrite=overwrite, refused=refused)

    def run_to(
        self,
        node_ids: Iterable[NodeId],
        *,
        overwrite: bool = False,
        refused: Callable[[Made], None] = _ignore,
    ) -> None:
        """Run some nodes and what they need. See `run_all`."""
        known = self._desk.document.graph.nodes
        self._run(tuple(sorted(set(node_ids) & known.keys())), overwrite=overwrite, refused=refused)

    def cancel(self) -> None:
        """Stop everything. Results that are finished are kept."""
        self._stop_hearing()
        self._stop_making()
        self._hear_at = self._make_at = None
        self._know_at = 0.0

    def clear_cache(self) -> None:
        """Forget all results."""
        self.cancel()
        self._knowing.rest()
        cache = self._studio.cache

        def task(cancel: threading.Event) -> None:
            cache.clear()
            self._post(self._take_cleared, "cleared")

        self._making.do(task)

    def _take_cleared(self) -> None:
        self._board.clear()
        self._know_at, self._done_for = 0.0, None
        self._desk.touch(Topic.SOUNDS)

    def look_again(self) -> None:
        """Look at the files that the document reads: they may have come, gone or changed."""
        self._know_at = 0.0

    def listen_at(self, position_s: float) -> None:
        """Say where the listener is, so that what is near is heard first."""
        self._position_s = position_s

    # --- what others want to know ------------------------------------------------------------

    def sound(self, port: PortRef) -> Sound | None:
        """Return what an output gives to hear, or None: then see `why_not`.

        The whole file if it is there, else a passage of it. While that is made again after a change,
        the last one stays. It may come later for a port that nobody has asked for before: Topic.SOUNDS.
        """
        self._ask(port)
        return self._board.sound(port)

    def value(self, port: PortRef) -> Any:
        """Return what an output holds that is no sound (a Report, a SpeedCurve), or None."""
        self._ask(port)
        return self._board.value(port)

    def why_not(self, port: PortRef) -> str:
        """Return why an output gives nothing, in words; "" if it does."""
        if self._board.sound(port) is not None or self._board.value(port) is not None:
            return ""
        why = self._board.why_not(port)
        if why:
            return why
        return _("It is being made.") if self._is_coming(port) else _("Press Run to make it.")

    # --- once per frame ----------------------------------------------------------------------

    def update(self) -> None:
        """Notice what changed on the desk, and begin what is due."""
        now = time.monotonic()
        changed = self._watch.take()
        self._look_for_another()
        self._look_at_document(now)
        if changed & Topic.MONITOR:
            self._done_for, self._know_at, self._hear_at = None, now, now
        elif changed & Topic.REGION or self._has_gone_on():
            self._hear_at = self._hear_at or now + _SETTLED_S
        self._begin_what_is_due(now)

    def _look_for_another(self) -> None:
        """Notice that another document lies on the desk: all work is for the one before."""
        if self._desk.history is self._history:
            return
        self.cancel()
        self._history, self._folder = self._desk.history, None
        self._asked.clear()
        self._board.clear()
        if self._desk.path is None:
            # What ran under the same names in another untitled document explains nothing here.
            forget_run(self._studio.cache.ledger, UNTITLED)
        self.hint = ""

    def _look_at_document(self, now: float) -> None:
        if self._desk.document.graph is self._graph and self._desk.path == self._path:
            return
        self._graph, self._path = self._desk.document.graph, self._desk.path
        self._changed_at = now
        self._know_at = min(now + _KNOW_S, max(now, self._known_at + _KNOW_AT_LEAST_S))
        self.hint = ""
        if self._heard_ports() and self._studio.settings.live:
            self._stop_hearing()
            self._knowing.rest()
            if self._order is not None and not self._order.asked:
                self._stop_making()
            self._hear_at, self._make_at = now + _SETTLED_S, None
            self._dragging = True

    def _has_gone_on(self) -> bool:
        """Return whether the listener has left the passage that was made."""
        passage = self._passage()
        return self._board.previews and self._wish is None and passage != self._heard_passage

    def _begin_what_is_due(self, now: float) -> None:
        if self._dragging and not self._desk.history.open:
            self._dragging = False
            self._hear_at = now if self._hear_at is not None else None
        if self._know_at is not None and now >= self._know_at:
            self._know_at, self._known_at = None, now
            self._know()
        if self._hear_at is not None and now >= self._hear_at:
            self._hear_at = None
            self._hear()
        if self._make_at is not None and now >= self._make_at and not self.busy:
            self._make_at = None
            self._make_by_itself()

    # --- what is known -----------------------------------------------------------------------

    def _know(self) -> None:
        ports = frozenset({*self._asked, *self._heard_ports()})
        failures = dict(self._board.failures)
        self._knowing.know(self._desk.document, self._session(), ports, failures, self._take_known)

    def _take_known(self, known: Known) -> None:
        self._board.take_known(known, self._is_coming)
        if known.graph is self._desk.document.graph and not self.busy:
            self._knowing.measure(known, self._take_level)

    def _take_level(self) -> None:
        self._know_at = self._know_at or time.monotonic() + _KNOW_S

    # --- a passage ---------------------------------------------------------------------------

    def _hear(self) -> None:
        ports = tuple(port for port in self._heard_ports() if self._gives_sound(port))
        if not ports:
            self._make_at = self._pause_ends() if self._heard_ports() else None
            return
        wish = self._wish = Wish(self._desk.document, self._session(), ports, self._passage())
        self._heard_passage = wish.passage

        def task(cancel: threading.Event) -> None:
            def tell(fraction: float) -> None:
                self._post(partial(self._take_hearing, wish, fraction), "hearing")

            try:
                heard = self._regions.hear(wish, cancel, tell)
                self._post(partial(self._take_heard, heard), "heard")
            finally:
                self._regions.kept.put_away(checking(cancel))

        self._hearing.do(task)
        self._board.take_hearing(0.0)

    def _take_hearing(self, wish: Wish, fraction: float) -> None:
        if wish is self._wish:
            self._board.take_hearing(fraction)

    def _take_heard(self, heard: Heard) -> None:
        if heard.wish is not self._wish:
            return
        self._wish = None
        self._board.take_heard(heard)
        if heard.failures:
            self._know_at = 0.0
        whole = all(port in heard.sounds and not heard.sounds[port].preview for port in self._heard_ports())
        if not whole and self._done_for is not self._graph:
            self._make_at = self._pause_ends()
        else:
            self._know_at = self._know_at or time.monotonic()

    def _stop_hearing(self) -> None:
        self._hearing.cancel()
        if self._wish is not None:
            self._wish = None
            self._board.take_hearing(None)

    # --- whole files -------------------------------------------------------------------------

    def _make_by_itself(self) -> None:
        targets = {port.node_id for port in self._heard_ports()}
        if targets:
            self._done_for = self._graph
            self._begin(Order(self._desk.document, self._session(), tuple(sorted(targets)), asked=False))

    def _run(self, targets: tuple[NodeId, ...], *, overwrite: bool, refused: Callable[[Made], None]) -> None:
        self._look_for_another()
        self._stop_hearing()
        self._hear_at = self._make_at = None
        self.hint, self._refused = "", refused
        self._board.failures.clear()
        self._begin(Order(self._desk.document, self._session(overwrite=overwrite), targets, asked=True))

    def _begin(self, order: Order) -> None:
        self._order = order
        self._knowing.rest()

        def task(cancel: threading.Event) -> None:
            def tell(making: Making) -> None:
                self._post(partial(self._take_making, order, making), "making")

            made = make(order, cancel, tell)
            self._post(partial(self._take_made, made), "made")

        self._making.do(task)
        self._board.take_making(Making())

    def _take_making(self, order: Order, making: Making) -> None:
        if order is self._order:
            self._board.take_making(making)

    def _take_made(self, made: Made) -> None:
        if made.order is not self._order:
            return
        self._order = None
        self._board.take_made(made)
        if made.end == "refused":
            self._refused(made)
        if made.end == "too long":
            self.hint = _("This is a preview. Press Run for the whole file.")
        self._know_at = 0.0
        if made.order.asked and self._heard_ports() and self._studio.settings.live:
            self._hear_at = 0.0
        self._desk.touch(Topic.RUN)

    def _stop_making(self) -> None:
        self._making.cancel()
        if self._order is not None:
            self._order = None
            self._board.take_making(None)

    # --- what it works with ------------------------------------------------------------------

    def _heard_ports(self) -> tuple[PortRef, ...]:
        nodes = self._desk.document.graph.nodes
        ports = dict.fromkeys((self._desk.monitor, self._desk.compare))
        return tuple(port for port in ports if port is not None and port.node_id in nodes)

    def _gives_sound(self, port: PortRef) -> bool:
        spec = self._studio.library.get(self._desk.document.graph.nodes[port.node_id].kind)
        output = spec.output(port.port) if spec is not None else None
        return output is not None and output.type is Audio

    def _passage(self) -> Passage:
        return passage_near(self._position_s, self._desk.region)

    def _pause_ends(self) -> float:
        return max(time.monotonic() + _LISTEN_S, self._changed_at + _PAUSE_S)

    def _is_coming(self, port: PortRef) -> bool:
        """Return whether something will come for a port by itself."""
        if port not in self._heard_ports():
            return self._order is not None and self._order.asked
        due = self._hear_at is not None or self._make_at is not None
        return due or self.busy

    def _ask(self, port: PortRef) -> None:
        if port in self._asked or port in self._heard_ports():
            return
        self._asked[port] = None
        if len(self._asked) > _MOST_ASKED:
            del self._asked[next(iter(self._asked))]
        self._know_at = self._know_at or 0.0

    def _session(self, *, overwrite: bool = False) -> Session:
        return session_of(self._studio, self._folder, overwrite=overwrite)

    # --- lanes -------------------------------------------------------------------------------

    def _post(self, call: Callable[[], None], name: str) -> None:
        self._studio.inbox.post(call, key=(id(self), name))

    def _raised(self, what: _What, error: Exception) -> None:
        self._post(partial(self._take_error, what, error), f"error {what}")

    def _take_error(self, what: _What, error: Exception) -> None:
        """Tell the user what kept a lane from its work: a full disk, a cache that cannot be used."""
        if what == "heard":
            self._stop_hearing()
        elif what == "made":
            self._stop_making()
        if not isinstance(error, (RegrooveError, OSError)):
            raise error
        self._desk.tell(str(error), "error")
