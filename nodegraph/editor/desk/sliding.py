"""Sliding: where on a slider a value stands, and which value stands at a place."""

from __future__ import annotations

import math

from nodegraph.param import Param

__all__ = ["has_slider", "share_of", "value_at"]

# Over more than that a slider of 100 pixels hits nothing that one could want: a day in seconds, a seed.
_MOST_STEPS = 20_000.0
# Below a thousandth of the whole way nobody hears a difference; values stay short to read.
_STEPS = 1000.0


def has_slider(param: Param) -> bool:
    """Return whether a slider is of use for a parameter."""
    bounds = param.range
    if param.type not in ("float", "int", "per_track") or bounds is None:
        return False
    return bounds.scale == "log" or bounds.high - bounds.low <= _MOST_STEPS


def share_of(param: Param, value: float) -> float:
    """Return where a value stands, 0 to 1."""
    bounds = param.range
    if bounds is None or bounds.high <= bounds.low:
        return 0.0
    kept = min(max(value, bounds.low), bounds.high)
    if bounds.scale == "log" and bounds.low > 0:
        return math.log(kept / bounds.low) / math.log(bounds.high / bounds.low)
    return (kept - bounds.low) / (bounds.high - bounds.low)


def value_at(param: Param, share: float) -> float | int:
    """Return the value at a share of the way, rounded to what the slider can tell apart."""
    bounds = param.range
    assert bounds is not None
    share = min(max(share, 0.0), 1.0)
    if bounds.scale == "log" and bounds.low > 0:
        exact = bounds.low * (bounds.high / bounds.low) ** share
        step = exact * math.log(bounds.high / bounds.low) / _STEPS
    else:
        exact = bounds.low + (bounds.high - bounds.low) * share
        step = (bounds.high - bounds.low) / _STEPS
    if param.type == "int":
        whole: int = round(min(max(exact, bounds.low), bounds.high))
        return whole
    digits = max(0, -math.floor(math.log10(step))) if step > 0 else 0
    return float(min(max(round(exact, digits), bounds.low), bounds.high))
