"""Measures that other parts bring to `manage.py evaluate`; this package does not know these parts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol


class Measure(Protocol):
    def __call__(
        self, path: Path, compare: str | None, progress: Callable[[int, int], None]
    ) -> dict[str, Any]:
        """Measure what is at a path.

        Args:
            compare: a program to measure beside our own, if one was named.
            progress: called with how many are done of how many.

        Returns:
            Figures as JSON values.

        Raises:
            KBError: it cannot be measured.
        """
        ...


_measures: dict[str, Measure] = {}


def register_measure(name: str, measure: Measure) -> None:
    """Offer a measure as `manage.py evaluate NAME`; called when the application starts."""
    _measures[name] = measure


def registered_measures() -> dict[str, Measure]:
    return dict(_measures)
