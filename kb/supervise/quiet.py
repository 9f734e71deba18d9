"""Keeps proper answers of 503 out of the error log."""

from __future__ import annotations

import logging


def connect() -> None:
    logging.getLogger("django.request").addFilter(is_news)


def is_news(record: logging.LogRecord) -> bool:
    """Django logs every 503 as an error; a busy model or a red probe is none (see `kb.api.errors`)."""
    return getattr(record, "status_code", 0) != 503
