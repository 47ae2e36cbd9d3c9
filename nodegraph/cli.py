"""The command line: edit, render, node, nodes, check, plan, cache, models, extras, pip, doctor.

Exit codes: 0 done · 1 a node or an installation failed · 2 a wrong command line · 3 a graph, parameter,
sound file or installation refused · 4 an output refused (it exists, is an input, lies outside the
folder) · 5 the cache or its disk cannot be used · 130 cancelled. With --json, standard
output is one JSON object.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from nodegraph.cache import Cache
from nodegraph.cli_extras import extras, pip
from nodegraph.cli_models import models
from nodegraph.console import RunView, show_node, show_nodes, show_plan, show_result
from nodegraph.errors import (
    CacheError,
    Cancelled,
    InstallError,
    InstallRefusal,
    NodeError,
    OutputError,
    ParameterError,
    RegrooveError,
)
from nodegraph.execute import plan as make_plan
from nodegraph.execute import run
from nodegraph.library import Library
from nodegraph.records import result_record, spec_record
from nodegraph.request import Request, assignment, prepare
from nodegraph.terminal import (
    CANCELLED,
    NO_CACHE,
    NO_EDITOR,
    NODE_FAILED,
    OUTPUT_REFUSED,
    REFUSED,
    Editor,
    Tools,
    cancel_on_interrupt,
)

__all__ = ["Editor", "run_cli"]

cli = typer.Typer(
    name="regroove",
    help="Restore recordings in a node graph.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

cli.add_typer(models, name="models")
cli.add_typer(extras, name="extras")
cli.command(context_settings={"ignore_unknown_options": True})(pip)

GraphArgument = Annotated[
    Path, typer.Argument(help="A graph file, a sound file that holds one, or a shipped graph's name.")
]
InputOption = Annotated[
    list[str] | None, typer.Option("-i", "--input", metavar="NODE=FILE", help="The file that a node loads.")
]
OutputOption = Annotated[
    list[str] | None, typer.Option("-o", "--output", metavar="NODE=FILE", help="The file that a node writes.")
]
ParamOption = Annotated[
    list[str] | None, typer.Option("-p", "--param", metavar="NODE.NAME=VALUE", help="Change a parameter.")
]
IntoOption = Annotated[
    Path, typer.Option("--into", metavar="FOLDER", help="Where results go that name no folder.")
]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace files that exist.")]
TargetOption = Annotated[
    list[str] | None, typer.Option("-t", "--target", metavar="NODE", help="Run only this and what it needs.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object for scripts.")]


def run_cli(
    library: Library, graphs: Path, arguments: list[str] | None = None, editor: Editor | None = None
) -> int:
    """Run a command line and return its exit code.

    Parameters
    ----------
    library : Library
        The kinds.
    graphs : Path
        The folder of shipped graphs.
    arguments : list of str, optional
        By default the process's own.
    editor : Editor, optional
        For `edit`, which is refused without one.
    """
    tools = Tools(
        library, graphs, Console(soft_wrap=True), Console(stderr=True, soft_wrap=True), editor or NO_EDITOR
    )
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        code = cli(args=arguments, obj=tools, standalone_mode=False)
        return code if isinstance(code, int) else 0
    except RegrooveError as error:
        return _tell(tools, error, as_json="--json" in arguments)
    except typer.Exit as stop:
        return stop.exit_code
    except (typer.Abort, KeyboardInterrupt):
        return CANCELLED
    except Exception as error:
        # click's own errors carry their text and exit code; anything else is a bug and shows itself.
        if not hasattr(error, "exit_code"):
            raise
        error.show()  # type: ignore[attr-defined]
        return int(error.exit_code)


def _tell(tools: Tools, error: RegrooveError, *, as_json: bool) -> int:
    if as_json:
        tools.emit({"error": {"type": type(error).__name__, "message": str(error)}})
    tools.err.print(f"[bold red]✘[/bold red] {escape(str(error))}", highlight=False)
    codes: list[tuple[type[RegrooveError], int]] = [
        (NodeError, NODE_FAILED),
        (InstallRefusal, REFUSED),
        (InstallError, NODE_FAILED),
        (OutputError, OUTPUT_REFUSED),
        (CacheError, NO_CACHE),
        (Cancelled, CANCELLED),
    ]
    return next((code for kind, code in codes if isinstance(error, kind)), REFUSED)


# --- commands --------------------------------------------------------------------------------------------


@cli.command()
def edit(
    ctx: typer.Context,
    graph: Annotated[Path | None, typer.Argument(help="What to open; without it, the start page.")] = None,
    or_render: Annotated[
        Path | None,
        typer.Option("--or-render", metavar="FOLDER", help="Without a display, render into this folder."),
    ] = None,
) -> int:
    """Open the editor."""
    tools: Tools = ctx.obj
    refusal = tools.editor.refusal()
    if refusal is None:
        return tools.editor.open(graph)
    tools.err.print(f"[yellow]–[/yellow] {escape(refusal)}", highlight=False)
    if or_render is None or graph is None:
        return REFUSED
    tools.err.print("  The graph is rendered without a window instead.", highlight=False)
    code: int = ctx.invoke(render, ctx=ctx, graph=graph, into=or_render, overwrite=True)
    return code


@cli.command()
def render(
    ctx: typer.Context,
    graph: GraphArgument,
    inputs: InputOption = None,
    outputs: OutputOption = None,
    params: ParamOption = None,
    into: IntoOption = Path(),
    overwrite: OverwriteOption = False,
    targets: TargetOption = None,
    workers: Annotated[int | None, typer.Option(min=1, help="How many processors to use.")] = None,
    debug_log: Annotated[
        Path | None, typer.Option("--debug-log", help="Write what to attach to a bug report.")
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Run a graph and write its results. Only what changed since the last time runs."""
    tools: Tools = ctx.obj
    document, session = prepare(
        Request(graph, inputs, outputs, params, into, overwrite), tools.library, tools.graphs
    )
    session_plan = make_plan(document, session, targets)
    view = RunView(Console(quiet=True) if as_json else tools.err, session_plan.steps)
    try:
        with cancel_on_interrupt() as cancel, view:
            result = run(document, session, targets, workers=workers, cancel=cancel, on_event=view.show)
    finally:
        session.cache.flush()
        if debug_log is not None:
            _write_debug_log(tools, session.cache, debug_log)
    if as_json:
        tools.emit(result_record(result))
    else:
        show_result(tools.out, tools.err, result)
    return NODE_FAILED if result.failures else REFUSED if result.skipped else 0


@cli.command()
def node(
    ctx: typer.Context,
    kind: Annotated[str, typer.Argument(help="The kind of node: see `regroove nodes`.")],
    files: Annotated[
        list[Path],
        typer.Argument(metavar="IN… OUT", help="Sound files to read, then a file or a folder to write."),
    ],
    params: Annotated[
        list[str] | None, typer.Option("-p", "--param", metavar="NAME=VALUE", help="Set a parameter.")
    ] = None,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> int:
    """Apply one node to one file. OUT a file: the first output; OUT a folder: one PORT.wav each."""
    from nodegraph.single import apply_node

    tools: Tools = ctx.obj
    spec = tools.library.find(kind)
    settings = {}
    for text in params or []:
        name, value = assignment(text, "NAME=VALUE")
        settings[name] = spec.param(name).parse(value)
    with cancel_on_interrupt() as cancel:
        done = apply_node(tools.library, spec, files, settings, overwrite=overwrite, cancel=cancel)
    if as_json:
        tools.emit(done)
        return 0
    for text in done.notes:
        tools.err.print(f"  i {escape(text)}", highlight=False)
    for report in done.reports.values():
        tools.out.print(escape(str(report)), highlight=False)
    for path in done.written.values():
        tools.err.print(f"  → {escape(str(path))}", highlight=False)
    return 0


@cli.command()
def nodes(
    ctx: typer.Context,
    kind: Annotated[str | None, typer.Argument(help="Explain this kind.")] = None,
    as_json: JsonOption = False,
) -> int:
    """List the kinds of node, or explain one."""
    tools: Tools = ctx.obj
    if kind is None:
        if as_json:
            tools.emit({name: spec.summary for name, spec in tools.library.specs.items()})
        else:
            show_nodes(tools.out, tools.library)
        return 0
    spec = tools.library.find(kind)
    if as_json:
        tools.emit(spec_record(spec, tools.library))
    else:
        show_node(tools.out, tools.library, spec)
    return 0


@cli.command()
def check(
    ctx: typer.Context,
    graph: GraphArgument,
    inputs: InputOption = None,
    outputs: OutputOption = None,
    params: ParamOption = None,
    as_json: JsonOption = False,
) -> int:
    """Say whether a graph could run, without running anything."""
    tools: Tools = ctx.obj
    document, session = prepare(
        Request(graph, inputs, outputs, params, overwrite=True), tools.library, tools.graphs
    )
    problems = {problem.node_id: problem.text for problem in reversed(document.graph.problems(tools.library))}
    # The plan knows of files too, but only of those that the targets need.
    for step in make_plan(document, session).those("blocked"):
        problems.setdefault(step.node_id, step.why)
    if as_json:
        tools.emit({"ok": not problems, "problems": problems})
    elif problems:
        for node_id, text in problems.items():
            tools.out.print(f"  [bold red]✘[/bold red] {node_id}: {escape(text)}", highlight=False)
    else:
        count = len(document.graph.nodes)
        tools.out.print(f"  [green]✔[/green] {count} nodes, {len(document.graph.links)} links, ready to run")
    return REFUSED if problems else 0


@cli.command()
def plan(
    ctx: typer.Context,
    graph: GraphArgument,
    inputs: InputOption = None,
    outputs: OutputOption = None,
    params: ParamOption = None,
    into: IntoOption = Path(),
    overwrite: OverwriteOption = False,
    targets: TargetOption = None,
    as_json: JsonOption = False,
) -> int:
    """Say what would run, why, and how long it took last time."""
    tools: Tools = ctx.obj
    document, session = prepare(
        Request(graph, inputs, outputs, params, into, overwrite), tools.library, tools.graphs
    )
    found = make_plan(document, session, targets)
    if as_json:
        tools.emit({"steps": found.steps, "expected_s": found.expected_s})
    else:
        show_plan(tools.out, found)
    return REFUSED if found.those("blocked") else 0


@cli.command()
def cache(
    ctx: typer.Context,
    action: Annotated[str, typer.Argument(help="show or clear")] = "show",
    as_json: JsonOption = False,
) -> int:
    """Show how large the cache is, or clear it."""
    tools: Tools = ctx.obj
    results = Cache()
    if action not in ("show", "clear"):
        raise ParameterError(f"cache can show or clear, not {action!r}.")
    freed = results.clear() if action == "clear" else 0
    shelf = results.shelf
    record = {
        "folder": str(shelf.folder),
        "entries": shelf.count(),
        "used_bytes": shelf.used_bytes(),
        "limit_bytes": shelf.limit_bytes,
        "freed_bytes": freed,
    }
    if as_json:
        tools.emit(record)
        return 0
    if freed:
        tools.out.print(f"  {freed / 1e6:.1f} MB freed")
    tools.out.print(
        f"  {record['entries']} results, {shelf.used_bytes() / 1e6:.1f} MB of at most "
        f"{shelf.limit_bytes / 1e9:.1f} GB, in {escape(str(shelf.folder))}",
        highlight=False,
    )
    return 0


@cli.command()
def doctor(
    ctx: typer.Context,
    debug_log: Annotated[
        Path | None, typer.Option("--debug-log", help="Write what to attach to a bug report.")
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Report what is installed, what is missing, and the command that adds it."""
    from nodegraph.doctor import examine

    tools: Tools = ctx.obj
    results = Cache()
    findings = examine(tools.library, results)
    if as_json:
        tools.emit(findings)
    else:
        signs = {
            "ok": "[green]✔[/green]",
            "missing": "[yellow]–[/yellow]",
            "broken": "[bold red]✘[/bold red]",
        }
        for finding in findings:
            command = f"\n      [cyan]{escape(finding.command)}[/cyan]" if finding.command else ""
            text = f"  {signs[finding.state]} [bold]{finding.name}[/bold]  {escape(finding.text)}{command}"
            tools.out.print(text, highlight=False)
    if debug_log is not None:
        _write_debug_log(tools, results, debug_log)
    return REFUSED if any(finding.state == "broken" for finding in findings) else 0


# --- showing ---------------------------------------------------------------------------------------------


def _write_debug_log(tools: Tools, results: Cache, path: Path) -> None:
    from nodegraph.doctor import debug_log

    try:
        path.write_text(debug_log(tools.library, results), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"The debug log {path} cannot be written: {error.strerror or error}.") from error
    tools.err.print(f"  → {escape(str(path))}", highlight=False)
