"""Shares with their intervals."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

_NORMAL_95 = 1.96


def wilson(right: Iterable[bool]) -> dict[str, Any]:
    """The share with its 95% interval (Wilson 1927); None for the share of nothing."""
    found = list(right)
    if not found:
        return {"n": 0, "right": None}
    n, share = len(found), sum(found) / len(found)
    spread = _NORMAL_95 * math.sqrt(share * (1 - share) / n + _NORMAL_95**2 / (4 * n * n))
    middle, scale = share + _NORMAL_95**2 / (2 * n), 1 + _NORMAL_95**2 / n
    interval = [max(0.0, round((middle - spread) / scale, 4)), round((middle + spread) / scale, 4)]
    return {"n": n, "right": round(share, 4), "interval": interval}
