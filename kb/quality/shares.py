"""Shares as options of commands."""

from __future__ import annotations

from argparse import ArgumentTypeError


def share(text: str) -> float:
    """Raises ArgumentTypeError for what is no number from 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise ArgumentTypeError(f"{text} is no share from 0 to 1.")
    return value
