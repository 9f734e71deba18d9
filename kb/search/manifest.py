"""The manifest of a snapshot: what it holds, and the checksums by which damage is noticed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kb.search.errors import BadSnapshotError

FORMAT = 1
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class StoredFile:
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a snapshot is of.

    Attributes:
        seq: the last event of the log that is in it; 0 when there was none.
        written_at: when that event was written, empty for seq 0. A database restored from a backup reuses
            numbers; the time shows that the event with this number is another one.
        count: chunks in it.
        files: by path relative to the snapshot's folder, with forward slashes.
    """

    generation: int
    model_id: str
    dimension: int
    seq: int
    written_at: str
    count: int
    files: Mapping[str, StoredFile]

    def to_json(self) -> str:
        body = {"format": FORMAT, **asdict(self)}
        return json.dumps({**body, "sha256": _digest(body)}, indent=1)


def list_files(folder: Path) -> dict[str, StoredFile]:
    """Every file below the folder but the manifest."""
    paths = sorted(path for path in folder.rglob("*") if not path.is_dir() and path.name != MANIFEST)
    return {path.relative_to(folder).as_posix(): _measure(path) for path in paths}


def read_manifest(folder: Path) -> Manifest:
    """Raises BadSnapshotError when the manifest is missing, changed or of another format."""
    try:
        body: Any = json.loads((folder / MANIFEST).read_text())
        stated = body.pop("sha256")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadSnapshotError("The manifest cannot be read.") from error
    if stated != _digest(body):
        raise BadSnapshotError("The manifest was changed after it was written.")
    if body.pop("format", None) != FORMAT:
        raise BadSnapshotError("The snapshot was written by another version of this program.")
    try:
        files = {name: StoredFile(**entry) for name, entry in body.pop("files").items()}
        return Manifest(**body, files=files)
    except (AttributeError, KeyError, TypeError) as error:
        raise BadSnapshotError("The manifest is incomplete.") from error


def verify_files(folder: Path, manifest: Manifest) -> None:
    """Raises BadSnapshotError unless exactly the described files are there, byte for byte."""
    try:
        found = list_files(folder)
    except OSError as error:
        raise BadSnapshotError(f"A file cannot be read: {error.strerror}.") from error
    for name in sorted(found.keys() ^ manifest.files.keys()):
        raise BadSnapshotError(f"{name} is {'not described' if name in found else 'missing'}.")
    for name, expected in manifest.files.items():
        if found[name] != expected:
            raise BadSnapshotError(f"{name} is not what was written.")


def _measure(path: Path) -> StoredFile:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return StoredFile(size_bytes=file.tell(), sha256=digest.hexdigest())


def _digest(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
