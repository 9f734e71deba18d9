from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.apps import AppConfig

from kb.quality.measures import register_measure


class IngestConfig(AppConfig):
    name = "ingest"

    def ready(self) -> None:
        """Make the Celery application current, so that tasks reach the configured broker; add our checks."""
        from ingest import checks
        from kb import celery  # noqa: F401

        checks.connect()
        register_measure("parsing", _evaluate_parsing)


def _evaluate_parsing(
    path: Path, compare: str | None, progress: Callable[[int, int], None]
) -> dict[str, Any]:
    # The parsers and what they load stay out of the web process.
    from ingest.fidelity_report import evaluate_parsing

    return evaluate_parsing(path, compare, progress)
