"""Pictures of pages for people: drawn in the sandbox, kept on disk up to a limit, gone with their document.

A picture is kept under the name of the stored file, which no other document has. A page that cannot be drawn
is kept as an empty file, so that nobody can keep the machine busy with it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from ingest.storage import file_path
from kb.conf import config
from kb.exceptions import NotFoundError, ServiceUnavailableError
from kb.library.models import Document

if TYPE_CHECKING:
    from ingest.sandbox import Sandbox

WIDTH = 1200
TIMEOUT_S = 20.0
MEMORY_MB = 512
AT_ONCE = 2
# Below the limit by this much after old pictures were removed, so that not every new one looks for others.
_KEPT_SHARE = 0.9

_drawing = threading.BoundedSemaphore(AT_ONCE)


class DrawingBusyError(ServiceUnavailableError):
    default_message = "Too many pages are being drawn. Try again in a moment."


@cache
def drawing_sandbox() -> Sandbox:
    # The parsers and what they load stay out of web processes that draw nothing.
    from ingest.sandbox import Sandbox

    return Sandbox(timeout_s=TIMEOUT_S, memory_mb=MEMORY_MB)


def page_image(document: Document, number: int) -> bytes:
    """The PNG of page `number` (from 1), about 1,200 pixels wide.

    Raises:
        NotFoundError: there is no such page, or its file is no PDF and no picture.
        DrawingBusyError: too many others are being drawn.
    """
    kept = _folder(document.stored_file) / f"{number}.png"
    try:
        picture = kept.read_bytes()
        os.utime(kept)
    except FileNotFoundError:
        picture = _draw(document, number)
        _keep(kept, picture)
    if not picture:
        raise NotFoundError
    return picture


def forget_page_images(stored_file: str) -> None:
    """Remove the pictures of a document whose file is removed."""
    shutil.rmtree(_folder(stored_file), ignore_errors=True)


def _folder(stored_file: str) -> Path:
    return Path(settings.DATA_DIR) / "pages" / Path(stored_file).name


def _draw(document: Document, number: int) -> bytes:
    """The picture; empty where the file gives none."""
    from ingest.parsers.base import ParseError
    from ingest.parsers.pictures import PageRequest

    path = file_path(document.stored_file)
    if document.purged_at or not path.is_file():
        raise NotFoundError
    if not _drawing.acquire(timeout=TIMEOUT_S):
        raise DrawingBusyError
    try:
        return drawing_sandbox().picture(path, document.file_name, PageRequest(number, WIDTH))
    except ParseError as error:
        if error.code == "no_page":
            # Not kept: there is no end of pages that a document does not have.
            raise NotFoundError from error
        return b""
    finally:
        _drawing.release()


def _keep(kept: Path, picture: bytes) -> None:
    """Write the picture and make room for it. A full disk costs only the time to draw it again."""
    draft = kept.with_name(f"{kept.name}.{os.getpid()}.{threading.get_ident()}.part")
    with contextlib.suppress(OSError):
        kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            draft.write_bytes(picture)
            draft.replace(kept)
        finally:
            draft.unlink(missing_ok=True)
        _make_room(kept.parent.parent, config.page_cache_mb << 20)


def _make_room(folder: Path, limit_bytes: int) -> None:
    """Remove the pictures that were not looked at for longest, once there are too many."""
    found: list[tuple[float, int, Path]] = []
    for path in folder.glob("*/*"):
        with contextlib.suppress(FileNotFoundError):
            status = path.stat()
            found.append((status.st_mtime, max(status.st_size, 4096), path))
    total = sum(size for _, size, _ in found)
    if total <= limit_bytes:
        return
    for _, size, path in sorted(found):
        path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            path.parent.rmdir()
        total -= size
        if total <= _KEPT_SHARE * limit_bytes:
            return
