"""System checks of reading files: what would fail at the first upload is said at the start."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.core import checks

from kb.conf import Config, config


def connect() -> None:
    checks.register(check_reading, "kb")


def check_reading(app_configs: Sequence[Any] | None, **_: object) -> list[checks.CheckMessage]:
    return [*text_recognition(config), *sources(config)]


def text_recognition(config: Config) -> Iterator[checks.CheckMessage]:
    """What was asked for by name works."""
    if config.ocr != "on":
        return
    # The parsers and what they load stay out of processes that need none.
    from ingest.parsers.recognition import why_not

    if reason := why_not(config.ocr_languages):
        yield checks.Error(
            f"KB_OCR is on, but {reason}.", hint="Set KB_OCR=auto to go without.", id="kb.E020"
        )


def sources(config: Config) -> Iterator[checks.CheckMessage]:
    """Networks are networks, and folders that may be connected are whole paths."""
    for text in config.source_networks:
        try:
            ipaddress.ip_network(text)
        except ValueError as error:
            yield checks.Error(f"KB_SOURCE_NETWORKS: {error}.", id="kb.E021")
    for root in config.source_roots:
        if not Path(root).is_absolute():
            yield checks.Error(f"KB_SOURCE_ROOTS: {root} is no whole path of a folder.", id="kb.E022")
