"""What the command line shows: a live table of a run, plans, nodes and their help pages."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from nodegraph.audio import Report
from nodegraph.events import RunEvent, RunResult
from nodegraph.library import Library
from nodegraph.param import Param
from nodegraph.plan import Plan, Step
from nodegraph.spec import NodeSpec

__all__ = ["RunView", "duration", "show_node", "show_nodes", "show_plan", "show_result"]

# More rows than this do not fit on a screen: only what runs or failed is shown then.
_MOST_ROWS = 30
_BAR_WIDTH = 24
_REFRESH_HZ = 12

_SIGNS: Mapping[str, tuple[str, str]] = {
    "waiting": ("·", "dim"),
    "started": ("▶", "cyan"),
    "progress": ("▶", "cyan"),
    "finished": ("✔", "green"),
    "reused": ("=", "dim green"),
    "failed": ("✘", "bold red"),
    "skipped": ("–", "yellow"),
}


def duration(seconds: float | None) -> str:
    """Return a duration as people write it."""
    if seconds is None:
        return ""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d} h" if hours else f"{minutes}:{rest:02d} min"


class RunView:
    """A run as it goes: a live table on a terminal, a line an event elsewhere.

    Parameters
    ----------
    console : Console
        Where.
    steps : iterable of Step
        The plan's.
    """

    def __init__(self, console: Console, steps: Iterable[Step]) -> None:
        self._console = console
        self._steps = {step.node_id: step for step in steps}
        self._events: dict[str, RunEvent] = {}
        self._begun: dict[str, float] = {}
        self._eta: float | None = None
        self._start = time.monotonic()
        self._lock = threading.Lock()
        self._live = Live(
            console=console,
            refresh_per_second=_REFRESH_HZ,
            get_renderable=self._render,
            vertical_overflow="visible",
        )

    def __enter__(self) -> RunView:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def show(self, event: RunEvent) -> None:
        """Take in an event of the run."""
        with self._lock:
            if event.what == "started":
                self._begun[event.node_id] = time.monotonic()
            if event.what != "note":
                self._events[event.node_id] = event
            self._eta = event.eta_s
        if not self._console.is_terminal and event.what not in ("progress", "started", "note"):
            self._console.print(self._line(event), highlight=False)

    def _line(self, event: RunEvent) -> Text:
        sign, style = _SIGNS.get(event.what, ("i", "blue"))
        words = {"finished": duration(event.seconds), "reused": "unchanged"}
        why = f"  {self._why(event.node_id)}" if event.what == "finished" else ""
        said = words.get(event.what, event.text)
        return Text.assemble((f"  {sign} ", style), f"{event.node_id}  ", (said + why, "dim"))

    def _why(self, node_id: str) -> str:
        step = self._steps.get(node_id)
        return step.why if step is not None and step.state == "run" and step.last_s is not None else ""

    def _render(self) -> RenderableType:
        with self._lock:
            events, eta = dict(self._events), self._eta
        shown = list(self._steps)
        if len(shown) > _MOST_ROWS:
            busy = ("started", "progress", "failed")
            shown = [node_id for node_id in shown if node_id in events and events[node_id].what in busy]
        table = Table.grid(padding=(0, 2))
        for node_id in shown[:_MOST_ROWS]:
            table.add_row(*self._row(node_id, events.get(node_id)))
        done = sum(event.what in ("finished", "reused") for event in events.values())
        left = f", about {duration(eta)} left" if eta else ""
        elapsed = duration(time.monotonic() - self._start)
        footer = Text(f"{done} of {len(self._steps)} nodes, {elapsed}{left}", style="dim")
        return Padding(Group(table, footer), (0, 2))

    def _row(self, node_id: str, event: RunEvent | None) -> list[RenderableType]:
        what = event.what if event else "waiting"
        sign, style = _SIGNS[what]
        bar: RenderableType = ""
        said: RenderableType = ""
        if event is not None and what in ("started", "progress"):
            bar = ProgressBar(total=1.0, completed=event.fraction, width=_BAR_WIDTH)
            said = duration(time.monotonic() - self._begun.get(node_id, time.monotonic()))
        elif event is not None and what == "finished":
            said = duration(event.seconds)
        elif what == "reused":
            said = Text("unchanged", style="dim")
        elif event is not None:
            said = Text(event.text, style=style)
        kind, why = Text(self._steps[node_id].kind, style="dim"), Text(self._why(node_id), style="dim")
        return [Text(sign, style=style), node_id, kind, bar, said, why]


def show_plan(console: Console, plan: Plan) -> None:
    """Print what would run, why, and how long it took last time."""
    signs = {"run": ("▶", "cyan"), "reuse": ("=", "dim green"), "blocked": ("✘", "bold red")}
    table = Table(box=None, pad_edge=False, padding=(0, 2), header_style="dim")
    for title in ("", "node", "kind", "last time", "why"):
        table.add_column(title)
    for step in plan.steps:
        sign, style = signs[step.state]
        why = "unchanged" if step.state == "reuse" else step.why
        kind = Text(step.kind, style="dim")
        table.add_row(Text(sign, style=style), step.node_id, kind, duration(step.last_s), Text(why))
    console.print(Padding(table, (0, 2)))
    count = len(plan.those("run"))
    time_ = f", {duration(plan.expected_s)} last time" if count and plan.expected_s is not None else ""
    console.print(f"  {count} to run{time_}, {len(plan.those('reuse'))} unchanged", style="dim")


def show_nodes(console: Console, library: Library) -> None:
    """Print all kinds by family."""
    family = None
    table = Table.grid(padding=(0, 2))
    for kind, spec in sorted(library.specs.items(), key=lambda item: ("." in item[0], item[0])):
        found = kind.rpartition(".")[0]
        if found != family:
            family = found
            table.add_row(Text(f"\n{family or 'basics'}", style="bold"), "")
        missing = library.unavailable(spec)
        text = Text(spec.summary) if missing is None else Text(f"{spec.summary} ({missing})", style="yellow")
        table.add_row(f"  {kind}", text)
    console.print(table)
    console.print("\n  regroove nodes KIND explains one of them.", style="dim")


def show_node(console: Console, library: Library, spec: NodeSpec) -> None:
    """Print the help page of one kind."""
    console.print(f"\n[bold]{spec.kind}[/bold]  [dim]version {spec.version}[/dim]")
    console.print(Text(spec.summary))
    if spec.text:
        console.print(Text(f"\n{spec.text}", style="dim"))
    missing = library.unavailable(spec)
    if missing:
        console.print(Text(f"\n{missing}", style="yellow"))
    for title, ports in (("Inputs", spec.inputs), ("Outputs", spec.outputs)):
        rows = [
            (port.name + (".1, .2, …" if port.many else ""), port.type.__name__, port.text) for port in ports
        ]
        _show_rows(console, title, rows)
    _show_rows(console, "Parameters", [(p.name, _values(p), p.text) for p in spec.params])
    if spec.references:
        console.print(f"\n[bold]References[/bold]\n{escape(spec.references)}", highlight=False)


def _show_rows(console: Console, title: str, rows: list[tuple[str, str, str]]) -> None:
    if not rows:
        return
    console.print(f"\n[bold]{title}[/bold]")
    table = Table.grid(padding=(0, 2))
    for name, values, text in rows:
        table.add_row(f"  {name}", Text(values, style="cyan"), Text(text))
    console.print(table)


def _values(param: Param) -> str:
    default = "none" if param.default is None else plain_value(param.default)
    if param.choices:
        return f"{' | '.join(param.choices)}\n= {default}"
    if param.type == "bool":
        return f"true | false\n= {default}"
    unit = f" {param.unit}" if param.unit else ""
    if param.range is not None:
        return f"{param.range.low:g} … {param.range.high:g}{unit}\n= {default}"
    return f"{param.type.replace('_', ' ')}{unit}" + (f"\n= {default}" if default else "")


def plain_value(value: Any) -> str:
    """Return a parameter's value as one would type it."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={number:g}" for name, number in value.items()) or "0 for each"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def show_result(out: Console, err: Console, result: RunResult) -> None:
    """Print what a run told, found, and wrote."""
    for node_id, text in result.notes:
        err.print(f"  [blue]i[/blue] {node_id}: {escape(text)}", highlight=False)
    for value in result.values.values():
        if isinstance(value, Report):
            out.print(escape(str(value)), highlight=False)
    for failure in result.failures.values():
        err.print(f"[bold red]✘[/bold red] {escape(str(failure))}", highlight=False)
    for node_id, text in result.skipped.items():
        err.print(f"[yellow]–[/yellow] {node_id}: {escape(text)}", highlight=False)
    if not result.ran and result.reused and not result.skipped:
        err.print("  Nothing had changed, so nothing ran.", style="dim")
    for path in result.written.values():
        err.print(f"  [bold green]→[/bold green] {escape(str(path))}", highlight=False)
