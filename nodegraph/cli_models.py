"""`regroove models`: which weights there are; fetching, importing, verifying and removing them.

Loaded with every command: what only these commands need is imported by them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from nodegraph.errors import ParameterError
from nodegraph.progress import Progress
from nodegraph.request import Request, prepare
from nodegraph.terminal import REFUSED, Tools, cancel_on_interrupt
from nodegraph.weights import Weights, models_folder, size_text

__all__ = ["models"]

models = typer.Typer(
    help="The weights of learned models: list, fetch, import, verify, remove.", invoke_without_command=True
)

NamesArgument = Annotated[list[str] | None, typer.Argument(metavar="NAME…", help="See `regroove models`.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object for scripts.")]

_SIGNS = {"here": "[green]✔[/green]", "partly": "[yellow]◐[/yellow]", "missing": "[dim]–[/dim]"}


@models.callback()
def overview(ctx: typer.Context, as_json: JsonOption = False) -> int:
    """List the weights that are known, with size, licence, and whether they are here."""
    if ctx.invoked_subcommand is None:
        _show(ctx.obj, as_json=as_json)
    return 0


@models.command("list")
def list_models(ctx: typer.Context, as_json: JsonOption = False) -> int:
    """List the weights that are known, with size, licence, and whether they are here."""
    _show(ctx.obj, as_json=as_json)
    return 0


@models.command()
def fetch(
    ctx: typer.Context,
    names: NamesArgument = None,
    graph: Annotated[Path | None, typer.Option("--for", metavar="GRAPH", help="What a graph needs.")] = None,
    as_json: JsonOption = False,
) -> int:
    """Load weights from where they are published; go on where it broke off."""
    from nodegraph.models import fetch_weights

    tools: Tools = ctx.obj
    chosen = _named(tools, names or [])
    if graph is not None:
        chosen += _needed(tools, graph)
    if not chosen:
        raise ParameterError("Name the weights to fetch, or a graph: regroove models fetch --for GRAPH")
    for weights in dict.fromkeys(chosen):
        if not weights.commercial:
            tools.err.print(
                f"  [yellow]![/yellow] {escape(weights.name)}: {escape(weights.licence)}: not for "
                "commercial use.",
                highlight=False,
            )
    fetched = list[Path]()
    for weights in dict.fromkeys(chosen):
        with _telling(tools, weights, quiet=as_json) as progress:
            fetched += fetch_weights(weights, progress=progress)
    _tell_files(tools, fetched, as_json=as_json)
    return 0


@models.command("import")
def import_models(
    ctx: typer.Context,
    places: Annotated[list[Path], typer.Argument(metavar="FILE_OR_FOLDER…", help="Where the weights lie.")],
    as_json: JsonOption = False,
) -> int:
    """Take weights from files or folders, for machines without a network."""
    from nodegraph.models import import_weights

    tools: Tools = ctx.obj
    taken = list[Path]()
    with cancel_on_interrupt() as cancel:
        for place in places:
            known = tools.library.weights.values()
            taken += import_weights(known, place, progress=Progress(cancel=cancel))
    _tell_files(tools, taken, as_json=as_json)
    return 0


@models.command()
def verify(ctx: typer.Context, names: NamesArgument = None, as_json: JsonOption = False) -> int:
    """Read the files that are here and compare them with their SHA-256."""
    from nodegraph.models import model_state, verify_weights

    tools: Tools = ctx.obj
    problems = dict[str, tuple[str, ...]]()
    with cancel_on_interrupt() as cancel:
        for weights in _named(tools, names or []) or tools.library.weights.values():
            if model_state(weights).state != "missing":
                problems[weights.name] = verify_weights(weights, progress=Progress(cancel=cancel))
    if as_json:
        tools.emit(problems)
    for name, found in problems.items() if not as_json else ():
        sign = "[bold red]✘[/bold red]" if found else "[green]✔[/green]"
        tools.out.print(f"  {sign} {name}  {escape(' '.join(found))}", highlight=False)
    return REFUSED if any(problems.values()) else 0


@models.command()
def remove(
    ctx: typer.Context,
    names: Annotated[list[str], typer.Argument(metavar="NAME…", help="See `regroove models`.")],
    as_json: JsonOption = False,
) -> int:
    """Remove weights from this machine."""
    from nodegraph.models import remove_weights

    tools: Tools = ctx.obj
    freed = {weights.name: remove_weights(weights) for weights in _named(tools, names)}
    if as_json:
        tools.emit({"freed_bytes": freed})
    for name, size in freed.items() if not as_json else ():
        told = f"{size_text(size)} freed" if size else "was not here"
        tools.out.print(f"  {name}: {told}", highlight=False)
    return 0


# --- what is meant, what is shown ------------------------------------------------------------------


def _named(tools: Tools, names: list[str]) -> list[Weights]:
    unknown = [name for name in names if name not in tools.library.weights]
    if unknown:
        known = ", ".join(tools.library.weights)
        raise ParameterError(f"There are no weights called {', '.join(unknown)}. Known are: {known}.")
    return [tools.library.weights[name] for name in names]


def _needed(tools: Tools, path: Path) -> list[Weights]:
    """Return the weights that a graph's nodes need with their settings."""
    document, _ = prepare(Request(path, overwrite=True), tools.library, tools.graphs)
    found = dict[str, None]()
    for node in document.graph.nodes.values():
        spec = tools.library.get(node.kind)
        if spec is not None:
            found |= dict.fromkeys(spec.requirement(node.settings(spec)).weights)
    return _named(tools, list(found))


def _show(tools: Tools, *, as_json: bool) -> None:
    from nodegraph.models import model_state

    states = [(weights, model_state(weights)) for weights in tools.library.weights.values()]
    if as_json:
        tools.emit(
            {
                "folder": str(models_folder()),
                "models": [
                    {**vars(weights), "size": weights.size, **vars(state)} for weights, state in states
                ],
            }
        )
        return
    table = Table.grid(padding=(0, 2, 0, 0))
    for column in range(3):
        table.add_column(no_wrap=True, justify="right" if column == 2 else "left")
    table.add_column()
    for weights, state in states:
        licence = weights.licence if weights.commercial else f"{weights.licence}, non-commercial"
        lines = [escape(weights.text), f"[dim]{escape(licence)}[/dim]"]
        if state.state == "partly":
            lines.append(f"[yellow]{escape(state.reason)}[/yellow]")
        table.add_row(f"  {_SIGNS[state.state]}", weights.name, size_text(weights.size), "\n".join(lines))
    tools.out.print(table)
    tools.out.print(
        f"\n  In {escape(str(models_folder()))}. regroove models fetch NAME loads one.", style="dim"
    )


def _tell_files(tools: Tools, paths: list[Path], *, as_json: bool) -> None:
    if as_json:
        tools.emit({"files": [str(path) for path in paths]})
        return
    for path in paths:
        tools.err.print(f"  → {escape(str(path))}", highlight=False)
    if not paths:
        tools.err.print("  Everything was here already.", highlight=False)


@contextmanager
def _telling(tools: Tools, weights: Weights, *, quiet: bool) -> Iterator[Progress]:
    """Show a bar while the weights are loaded."""
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )
    from rich.progress import Progress as Bar

    bar = Bar(
        TextColumn("  {task.description}"),
        BarColumn(24),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=tools.err,
        disable=quiet or not tools.err.is_terminal,
    )
    with bar, cancel_on_interrupt() as cancel:
        task = bar.add_task(weights.name, total=weights.size or None)

        def report(share: float) -> None:
            bar.update(task, completed=share * weights.size)

        yield Progress(report=report, cancel=cancel)
