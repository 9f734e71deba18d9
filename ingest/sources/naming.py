"""What the documents of a source are called."""

from __future__ import annotations

import hashlib
from pathlib import PurePosixPath

from ingest.names import clean_external_id

_LONGEST_PATH = 1000


def external_id_of(prefix: str, path: str) -> str:
    """A document's external id; two paths never share one, however strange or long they are."""
    plain = f"{prefix}/{path}"
    cleaned = clean_external_id(plain)
    if cleaned == plain:
        return plain
    digest = hashlib.sha256(path.encode(errors="surrogatepass")).hexdigest()[:16]
    return f"{prefix}/~{digest}/{clean_external_id(PurePosixPath(path).name)[-200:]}"


def can_be_kept(path: str) -> bool:
    """Whether a path can be written down: PostgreSQL refuses NUL, and broken characters are no text."""
    try:
        return len(path) <= _LONGEST_PATH and "\0" not in path and bool(path.encode())
    except UnicodeEncodeError:
        return False
