"""Names that come with an upload, made inert. Paths on our disk are never made from them."""

from __future__ import annotations

import re
import unicodedata

_SLASHES = re.compile(r"[\\/]+")


def clean_text(text: str, limit: int) -> str:
    """Without control, format (zero-width, bidirectional) and unassigned characters; at most `limit` long."""
    kept = "".join(
        character
        for character in unicodedata.normalize("NFC", text[: limit * 4])
        if unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp")
    )
    return " ".join(kept.split())[:limit].strip()


def clean_file_name(name: str) -> str:
    """The last part of a path, safe to show and to offer as a download name; never empty."""
    last = clean_text(_SLASHES.split(name.rstrip("\\/"))[-1], 4096)
    if len(last) > 200:
        stem, dot, extension = last.rpartition(".")
        last = f"{stem[:180]}{dot}{extension[:15]}" if dot else last[:200]
    return (last.strip(". ") and last) or "file"


def clean_external_id(name: str) -> str:
    """A relative path with forward slashes and no way upwards."""
    parts = [clean_text(part, 500) for part in _SLASHES.split(name)]
    return "/".join(part for part in parts if part not in ("", ".", ".."))[-500:].strip("/") or "file"
