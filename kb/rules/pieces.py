"""What a text is given out in while something is taken out of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Piece:
    """A stretch of text; `kind` says why it is removed, and is empty for what stays."""

    text: str
    kind: str = ""
