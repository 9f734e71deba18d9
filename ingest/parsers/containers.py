"""What is inside a container: zip archives and compound files are told apart by what they hold."""

from __future__ import annotations

import datetime
import zipfile
from pathlib import Path
from typing import Any

import olefile

from ingest.parsers.base import ParseError, clean_title
from ingest.parsers.ooxml import real_title
from ingest.parsers.zip_guard import open_archive

ZIP = b"PK\x03\x04"
COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_OFFICE_FOLDERS = {"word/": "docx", "ppt/": "pptx", "xl/": "spreadsheet", "visio/": "visio"}
_MIMETYPES = {
    "application/epub+zip": "epub",
    "application/vnd.oasis.opendocument.text": "odf",
    "application/vnd.oasis.opendocument.presentation": "odf",
    "application/vnd.oasis.opendocument.graphics": "odf",
    "application/vnd.oasis.opendocument.spreadsheet": "spreadsheet",
}
_MAX_MIMETYPE_BYTES = 200
_UTF_8 = 65001

# By the stream that only this format has.
_STREAMS = (
    ("encryptedpackage", "encrypted"),
    ("worddocument", "doc"),
    ("powerpoint document", "ppt"),
    ("workbook", "spreadsheet"),
    ("book", "spreadsheet"),
    ("__properties_version1.0", "msg"),
)
_REFUSED = {
    "doc": ("an older Word document (.doc)", "Open it in Word or LibreOffice, save it as .docx or PDF"),
    "ppt": (
        "an older PowerPoint file (.ppt)",
        "Open it in PowerPoint or LibreOffice, save it as .pptx or PDF",
    ),
    "visio": ("a Visio drawing", "Save it as PDF"),
    "zip": ("a zip archive", "Unpack it"),
    "compound": ("a file of an unknown office program", "Save it as PDF, HTML or text"),
}


def kind_of_container(path: Path, head: bytes) -> str | None:
    """Name the parser for a container; None for what is none.

    Raises:
        ParseError: encrypted, unreadable, or unsupported for an archive with too many entries.
    """
    if head.startswith(ZIP):
        return _kind_of_zip(path)
    if head.startswith(COMPOUND):
        return _kind_of_compound(path)
    return None


def refusal(kind: str | None) -> ParseError | None:
    """Why a container that no parser reads cannot be read, and what to do about it."""
    if kind not in _REFUSED:
        return None
    what, advice = _REFUSED[kind]
    return ParseError("unsupported", f"This is {what}, which cannot be read. {advice} and upload that.")


def compound_properties(path: Path) -> tuple[str | None, dict[str, Any]]:
    """The title and the metadata of a compound file, as far as they can be read."""
    try:
        with olefile.OleFileIO(path) as compound:
            told = compound.get_metadata()
    except Exception:  # olefile raises whatever a broken table leads it to
        return None, {}
    codec = "utf-8" if told.codepage == _UTF_8 else f"cp{told.codepage}"
    found: dict[str, Any] = {}
    for key, value in (("author", told.author), ("subject", told.subject), ("keywords", told.keywords)):
        words = _decoded(value, codec)
        if words:
            found[key] = words
    for key, moment in (("created", told.create_time), ("modified", told.last_saved_time)):
        if isinstance(moment, datetime.datetime):
            found[key] = moment.isoformat(timespec="seconds")
    return real_title(_decoded(told.title, codec)), found


def _decoded(value: object, codec: str) -> str | None:
    if not isinstance(value, bytes):
        return None
    try:
        return clean_title(value.decode(codec, "replace"))
    except LookupError:
        return clean_title(value.decode("cp1252", "replace"))


def _kind_of_zip(path: Path) -> str:
    with open_archive(path) as archive:
        names = archive.namelist()
        if "mimetype" in names:
            return _MIMETYPES.get(_mimetype(archive).removesuffix("-template"), "zip")
        if "[Content_Types].xml" in names:
            for name in names:
                for folder, kind in _OFFICE_FOLDERS.items():
                    if name.lower().startswith(folder):
                        return kind
        if "META-INF/container.xml" in names:
            return "epub"
    return "zip"


def _mimetype(archive: zipfile.ZipFile) -> str:
    try:
        with archive.open("mimetype") as file:
            return file.read(_MAX_MIMETYPE_BYTES).decode("ascii", "replace").strip()
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError):
        return ""


def _kind_of_compound(path: Path) -> str:
    try:
        with olefile.OleFileIO(path) as compound:
            names = {entry[0].lower() for entry in compound.listdir() if len(entry) == 1}
    except Exception as error:  # olefile raises whatever a broken table leads it to
        raise ParseError(
            "unreadable",
            "The file is damaged. Open it in the program that made it, save it again and upload that.",
        ) from error
    kind = next((kind for stream, kind in _STREAMS if stream in names), "compound")
    if kind == "encrypted":
        raise ParseError(
            "encrypted", "The document is protected by a password. Save a copy without it and upload that."
        )
    return kind
