"""`regroove extras` and `regroove pip`: adding features to Regroove, and a user's own packages beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from nodegraph.errors import Cancelled, InstallRefusal, ParameterError
from nodegraph.overlay import overlay_folder
from nodegraph.progress import Progress
from nodegraph.requirement import Extra
from nodegraph.terminal import Tools, cancel_on_interrupt
from nodegraph.weights import size_text

# Loaded with every command: what only these commands need is imported by them.
if TYPE_CHECKING:
    from nodegraph.extras import ExtraState

__all__ = ["extras", "pip"]

extras = typer.Typer(help="Features that can be added: list, install, remove.", invoke_without_command=True)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="See `regroove extras`.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object for scripts.")]

_SIGNS = {
    "installed": "[green]✔[/green]",
    "partly": "[yellow]◐[/yellow]",
    "missing": "[dim]–[/dim]",
    "not for this Python": "[dim]✘[/dim]",
}
_PIP_COMMANDS = "install, list and uninstall"


@extras.callback()
def overview(ctx: typer.Context, as_json: JsonOption = False) -> int:
    """List what can be added, with size, licence, and whether it is here."""
    if ctx.invoked_subcommand is None:
        _show(ctx.obj, as_json=as_json)
    return 0


@extras.command("list")
def list_extras(ctx: typer.Context, as_json: JsonOption = False) -> int:
    """List what can be added, with size, licence, and whether it is here."""
    _show(ctx.obj, as_json=as_json)
    return 0


@extras.command("install")
def install_extra(
    ctx: typer.Context, name: NameArgument, yes: YesOption = False, as_json: JsonOption = False
) -> int:
    """Add a feature. What Regroove works with stays as it is, also when it fails or is cancelled."""
    from nodegraph.extras import extra_state, install

    tools: Tools = ctx.obj
    extra = _named(tools, name)
    if extra_state(extra).state == "missing" and not yes:
        _ask(tools, extra)
    with _telling(tools, extra.name, quiet=as_json) as progress:
        state = install(extra, progress)
    if as_json:
        tools.emit(_record(state))
    else:
        tools.out.print(
            f"  [green]✔[/green] {name}  {_versions(state)}  [dim]{size_text(state.disk_bytes)}[/dim]",
            highlight=False,
        )
    return 0


def _ask(tools: Tools, extra: Extra) -> None:
    where = "an environment of its own" if extra.isolated else "Regroove's environment"
    tools.err.print(
        f"  {escape(extra.text)}\n  It loads about {size_text(extra.download_bytes)} and takes up about "
        f"{size_text(extra.disk_bytes)}, in {where}. Licence: {escape(extra.licence)}.",
        highlight=False,
    )
    if not typer.confirm("  Install it?", err=True):
        raise Cancelled


@extras.command("remove")
def remove_extra(ctx: typer.Context, name: NameArgument, as_json: JsonOption = False) -> int:
    """Take a feature away: what came with it and nothing else needs."""
    from nodegraph.extras import remove

    tools: Tools = ctx.obj
    extra = _named(tools, name)
    with _telling(tools, extra.name, quiet=as_json) as progress:
        gone = remove(extra, tools.library.extras.values(), progress)
    if as_json:
        tools.emit({"removed": gone})
    else:
        told = f"removed {', '.join(gone)}" if gone else "nothing to remove that nothing else needs"
        tools.out.print(f"  {name}: {told}", highlight=False)
    return 0


def pip(
    ctx: typer.Context,
    command: Annotated[str, typer.Argument(help="install, list or uninstall")],
    names: Annotated[list[str] | None, typer.Argument(metavar="PACKAGE…", help="As pip takes them.")] = None,
    as_json: JsonOption = False,
) -> int:
    """Install your own packages beside Regroove; nothing that it works with can be replaced."""
    from nodegraph.overlay_pip import install_own, own_packages, uninstall_own

    tools: Tools = ctx.obj
    words = names or []
    record: dict[str, object] = {"folder": str(overlay_folder())}
    if command == "install":
        with _telling(tools, " ".join(words), quiet=as_json) as progress:
            record["installed"] = install_own(words, tools.library.extras.values(), progress)
    elif command == "uninstall":
        record["removed"] = uninstall_own([word for word in words if word not in ("-y", "--yes")])
    elif command == "list":
        record["packages"] = own_packages()
    else:
        raise InstallRefusal(f"regroove pip knows {_PIP_COMMANDS}, not {command}.")
    if as_json:
        tools.emit(record)
    else:
        _show_own(tools, record)
    return 0


def _show_own(tools: Tools, record: dict[str, object]) -> None:
    found = record.get("packages")
    lines = [f"{name} {version}" for name, version in found.items()] if isinstance(found, dict) else []
    for title in ("installed", "removed"):
        done = record.get(title)
        if isinstance(done, tuple):
            lines += [f"{title} {each}" for each in done] or ["everything was here already"]
    for line in lines or ["none"]:
        tools.out.print(f"  {escape(line)}", highlight=False)
    tools.err.print(f"  In {escape(str(record['folder']))}.", style="dim", highlight=False)


# --- what is meant, what is shown ------------------------------------------------------------------


def _named(tools: Tools, name: str) -> Extra:
    extra = tools.library.extras.get(name)
    if extra is None:
        known = ", ".join(tools.library.extras)
        raise ParameterError(f"There is no extra called {name}. Known are: {known}.")
    return extra


def _record(state: ExtraState) -> dict[str, object]:
    extra = state.extra
    return {
        "name": extra.name,
        "text": extra.text,
        "state": state.state,
        "reason": state.reason,
        "versions": dict(state.versions),
        "disk_bytes": state.disk_bytes or extra.disk_bytes,
        "download_bytes": extra.download_bytes,
        "licence": extra.licence,
        "isolated": extra.isolated,
    }


def _versions(state: ExtraState) -> str:
    return escape(", ".join(f"{name} {version}" for name, version in state.versions.items()))


def _show(tools: Tools, *, as_json: bool) -> None:
    from nodegraph.extras import extras_states

    states = extras_states(tools.library.extras.values())
    if as_json:
        tools.emit({"extras": [_record(state) for state in states]})
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("")
    table.add_column("extra", no_wrap=True)
    table.add_column("to load", justify="right", no_wrap=True)
    table.add_column("on disk", justify="right", no_wrap=True)
    table.add_column("licence")
    table.add_column("what for")
    for state in states:
        extra = state.extra
        reason = f" [yellow]{escape(state.reason)}[/yellow]" if state.reason else ""
        table.add_row(
            _SIGNS[state.state],
            extra.name,
            size_text(extra.download_bytes),
            size_text(state.disk_bytes or extra.disk_bytes),
            escape(extra.licence),
            escape(extra.text) + reason,
        )
    tools.out.print(table)
    tools.out.print("\n  regroove extras install NAME adds one.", style="dim")


@contextmanager
def _telling(tools: Tools, name: str, *, quiet: bool) -> Iterator[Progress]:
    """Show a bar with the step that runs; in a file or a pipe, one line for each step."""
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    live = tools.err.is_terminal and not quiet
    bar = Bar(
        TextColumn(f"  {escape(name)}"),
        BarColumn(24),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=tools.err,
        disable=not live,
    )
    with bar, cancel_on_interrupt() as cancel:
        task = bar.add_task("", total=1.0)

        def note(text: str) -> None:
            if live:
                bar.update(task, description=escape(text))
            elif not quiet:
                tools.err.print(f"  {escape(text)}", highlight=False)

        yield Progress(report=lambda share: bar.update(task, completed=share), note=note, cancel=cancel)
