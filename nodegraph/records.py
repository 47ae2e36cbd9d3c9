"""Results, kinds and plans as plain JSON, for scripts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

from nodegraph.audio import Report
from nodegraph.events import RunResult
from nodegraph.library import Library
from nodegraph.spec import NodeSpec, Port

__all__ = ["jsonable", "result_record", "spec_record"]


def result_record(result: RunResult) -> dict[str, Any]:
    """Return what a run did."""
    return {
        "ran": result.ran,
        "reused": result.reused,
        "why": result.why,
        "failed": {node_id: str(error) for node_id, error in result.failures.items()},
        "skipped": result.skipped,
        "written": result.written,
        "notes": [{"node": node_id, "text": text} for node_id, text in result.notes],
        "seconds": result.seconds,
        "reports": {
            f"{node_id}.{port}": {measure.name: measure.value for measure in value.measures}
            for (node_id, port), value in result.values.items()
            if isinstance(value, Report)
        },
    }


def spec_record(spec: NodeSpec, library: Library) -> dict[str, Any]:
    """Return all that is known of a kind."""

    def port_record(port: Port) -> dict[str, Any]:
        return {**asdict(port), "type": port.type.__name__}

    return {
        "kind": spec.kind,
        "version": spec.version,
        "summary": spec.summary,
        "text": spec.text,
        "references": spec.references,
        "inputs": [port_record(port) for port in spec.inputs],
        "outputs": [port_record(port) for port in spec.outputs],
        "params": [{**vars(param), "unit": param.unit} for param in spec.params],
        "unavailable": library.unavailable(spec),
    }


def jsonable(value: Any) -> Any:
    """Return any value of ours as plain JSON; NaN as null."""
    if is_dataclass(value) and not isinstance(value, type):
        return {name: jsonable(item) for name, item in vars(value).items()}
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [jsonable(item) for item in value]
    if hasattr(value, "tolist"):
        return jsonable(value.tolist())
    if isinstance(value, float) and math.isnan(value):
        return None
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
