"""Keeps the answers of /readyz out of the error log."""

from __future__ import annotations

import logging


def connect() -> None:
    logging.getLogger("django.request").addFilter(is_news)


def is_news(record: logging.LogRecord) -> bool:
    """Django logs every 503 as an error. A probe asks every few seconds, and 503 is a proper answer to it."""
    request = getattr(record, "request", None)
    return not (getattr(record, "status_code", 0) == 503 and getattr(request, "path", "") == "/readyz")
