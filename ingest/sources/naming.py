"""What the documents of a source are called."""

from __future__ import annotations

import hashlib
from pathlib import PurePosixPath

from ingest.names import clean_external_id


def external_id_of(prefix: str, path: str) -> str:
    """A document's external id; two paths never share one, however strange or long they are."""
    plain = f"{prefix}/{path}"
    cleaned = clean_external_id(plain)
    if cleaned == plain:
        return plain
    digest = hashlib.sha256(path.encode(errors="surrogatepass")).hexdigest()[:16]
    return f"{prefix}/~{digest}/{clean_external_id(PurePosixPath(path).name)[-200:]}"
