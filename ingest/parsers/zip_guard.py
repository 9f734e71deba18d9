"""The one way in to every format that is a zip archive: it is looked at before any library opens it.

Cases 11 and 12. What an archive says of itself is believed only where it makes things worse: each entry is
unpacked once, piece by piece and into nothing, so that a declared size cannot lie.
"""

from __future__ import annotations

import copy
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest.parsers.base import ParseError
from ingest.zip_limits import ENCRYPTED_BIT, MAX_RATIO, RATIO_FROM_BYTES, UNREADABLE

MAX_ENTRIES = 5_000
# Of the list of entries at the end of the file: about 800 bytes for each of the most entries.
MAX_LIST_BYTES = 4 * 1024 * 1024
MAX_TOTAL_BYTES = 512 * 1024 * 1024
MAX_XML_BYTES = 200 * 1024 * 1024

_END, _END_BYTES = b"PK\x05\x06", 22
_END_64, _LOCATOR_64 = b"PK\x06\x06", b"PK\x06\x07"
_MAX_COMMENT = 65_535
_PIECE = 256 * 1024
_XML_ENDINGS = (".xml", ".rels", ".vml", ".opf", ".ncx", ".xhtml")


def open_archive(path: Path) -> zipfile.ZipFile:
    """Open an archive to look at its list of entries, which is bounded before it is read.

    Raises:
        ParseError: unreadable, or unsupported for one with too many entries.
    """
    try:
        if _list_bytes(path) > MAX_LIST_BYTES:
            raise _bomb(f"It holds more than {MAX_ENTRIES:,} files")
        archive = zipfile.ZipFile(path)
    except (*UNREADABLE, struct.error) as error:
        raise _damaged() from error
    if len(archive.infolist()) > MAX_ENTRIES:
        archive.close()
        raise _bomb(f"It holds more than {MAX_ENTRIES:,} files")
    return archive


@contextmanager
def guarded_archive(path: Path, *, doctypes: bool = False) -> Iterator[zipfile.ZipFile]:
    """Open an archive whose every entry has been unpacked once within the limits.

    Args:
        doctypes: whether its XML may say what type of document it is, as pages of HTML do. Declared entities
            are refused in any case.

    Raises:
        ParseError: unreadable, encrypted, or unsupported for what looks like an attack.
    """
    with open_archive(path) as archive:
        packed = path.stat().st_size
        total = 0
        for info in archive.infolist():
            if info.flag_bits & ENCRYPTED_BIT:
                raise ParseError(
                    "encrypted",
                    "The file is protected by a password. Save a copy without it and upload that.",
                )
            total += _check_entry(archive, info, MAX_TOTAL_BYTES - total, doctypes=doctypes)
            if total > RATIO_FROM_BYTES and total > MAX_RATIO * packed:
                raise _bomb(f"It unpacks to more than {MAX_RATIO} times its size")
        yield archive


def _check_entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo, left: int, *, doctypes: bool) -> int:
    """Unpack an entry into nothing; its true size in bytes."""
    probe = copy.copy(info)
    # The reader would stop at the declared size; others would not.
    probe.file_size = left + 1
    is_xml = info.filename.lower().endswith(_XML_ENDINGS)
    limit = min(left, MAX_XML_BYTES) if is_xml else left
    size, tail = 0, b""
    try:
        with archive.open(probe) as stream:
            while piece := stream.read(_PIECE):
                size += len(piece)
                if size > limit:
                    raise _bomb("It unpacks to more than can be taken in")
                if is_xml:
                    _check_declarations(tail + piece, doctypes=doctypes)
                    tail = piece[-32:]
    except UNREADABLE as error:
        # A damaged picture does not keep the text from being read; what the text needs is read again later.
        if is_xml and not size:
            raise _damaged() from error
    if size > info.file_size:
        raise _bomb("A file in it is larger than it says")
    return size


def _check_declarations(data: bytes, *, doctypes: bool) -> None:
    # UTF-16 writes NUL between the letters.
    plain = data.replace(b"\0", b"") if b"\0" in data else data
    if b"<!ENTITY" in plain or (not doctypes and b"<!DOCTYPE" in plain):
        raise ParseError(
            "unsupported",
            "The file declares entities, which office programs never do and attacks on readers of XML are "
            "made of. Open it in the program that made it, save it again and upload that.",
        )


def _list_bytes(path: Path) -> int:
    """The size of the list of entries, as the end of the archive tells it."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _END_BYTES - _MAX_COMMENT))
        end = file.read()
    at = end.rfind(_END)
    if at < 0:
        raise _damaged()
    size_64 = 0
    if end.rfind(_LOCATOR_64, 0, at) >= 0 and (record := end.rfind(_END_64, 0, at)) >= 0:
        size_64 = struct.unpack_from("<Q", end, record + 40)[0]
    told: int = struct.unpack_from("<I", end, at + 12)[0]
    return size_64 if told == 0xFFFFFFFF else max(told, size_64)


def _bomb(what: str) -> ParseError:
    return ParseError(
        "unsupported",
        f"{what}, which no ordinary document does, so it was not opened. Save the document again in the "
        "program that made it, without embedded files, or split it.",
    )


def _damaged() -> ParseError:
    return ParseError(
        "unreadable",
        "The file is damaged or was not saved completely. Open it in the program that made it, save it again "
        "and upload that.",
    )
