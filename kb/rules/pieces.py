"""What redaction makes of a text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Piece:
    """A stretch of text; `kind` says why it is removed, and is empty for what stays."""

    text: str
    kind: str = ""
