"""What a PDF says of itself: title, author, dates, subject, keywords and language."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import partial

from pypdf import DocumentInformation, PdfReader

from ingest.parsers.base import clean_title
from ingest.parsers.pdf_source import attempt

# Names that programs put in when nobody wrote a title.
_NO_TITLE = re.compile(
    r"title|untitled.*|\(?(?:anonymous|unspecified)\)?"
    r"|(?:microsoft (?:word|powerpoint|excel)|powerpoint presentation|slide \d+|document\d*)\b.*"
    r"|.*\.(?:docx?|pdf|pptx?|xlsx?|indd|tex|dvi|rtf|odt|qxd|fm|ai|eps|html?)|[\d\W_]*",
    re.IGNORECASE | re.DOTALL,
)
_NOBODY = re.compile(r"\(?(?:anonymous|unspecified|unknown|author|user|admin(?:istrator)?)\)?", re.IGNORECASE)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,3}")

_TEXTS: dict[str, Callable[[DocumentInformation], str | None]] = {
    "author": lambda info: info.author,
    "subject": lambda info: info.subject,
    "keywords": lambda info: info.keywords,
}
_DATES: dict[str, Callable[[DocumentInformation], datetime | None]] = {
    "created": lambda info: info.creation_date,
    "modified": lambda info: info.modification_date,
}


def title_of(reader: PdfReader) -> str | None:
    """The title in the properties. The largest line of the first page is too often a letterhead or a date."""
    title = clean_title(reader.metadata.title if reader.metadata else None)
    return None if title is None or _NO_TITLE.fullmatch(title) else title


def properties_of(reader: PdfReader) -> dict[str, str]:
    """As the metadata of a document names them; what is damaged or was made up by a program is left out."""
    info = attempt(lambda: reader.metadata)
    found = {} if info is None else {**_texts_of(info), **_dates_of(info)}
    language = attempt(lambda: str(reader.root_object.get("/Lang") or ""))
    if language and _LANGUAGE.fullmatch(language):
        found["language"] = language
    return found


def _texts_of(info: DocumentInformation) -> dict[str, str]:
    read = {name: clean_title(attempt(partial(text, info))) for name, text in _TEXTS.items()}
    return {name: words for name, words in read.items() if words and not _is_nobody(name, words)}


def _is_nobody(name: str, words: str) -> bool:
    return name == "author" and _NOBODY.fullmatch(words) is not None


def _dates_of(info: DocumentInformation) -> dict[str, str]:
    read = {name: attempt(partial(date, info)) for name, date in _DATES.items()}
    return {name: day.isoformat() for name, day in read.items() if day is not None}
