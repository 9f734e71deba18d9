"""Bytes to text, and the refusal of what is not text."""

from __future__ import annotations

import codecs
import re

from ingest.parsers.base import ParseError, normalise_text
from ingest.parsers.undeclared import guess_encoding, has_impossible

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    # Before UTF-16, whose mark is the first half of this one.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What a page or a mail may name. Python knows more, among them codecs of quadratic time (punycode).
_DECLARABLE = re.compile(
    r"utf-8|us-ascii|iso-8859-\d{1,2}|latin-?\d{1,2}|windows-(?:125\d|31j|874|949)|cp(?:125\d|437|85\d|866|9[345]\d)"
    r"|koi8-[rut]|mac(?:intosh|-roman|-cyrillic|-latin2|-greek)|shift[_-]jis|sjis|euc[_-](?:jp|kr)"
    r"|ks_c_5601-1987|gbk|gb2312|gb18030|big5(?:-hkscs)?|tis-620|iso-2022-(?:jp(?:-[123])?|kr)",
    re.IGNORECASE,
)
# What the web, and with it whoever writes these names, means by them (Encoding Standard, 4.2): Windows' own
# encoding where it holds more letters than the one that is named.
_NAMED_OTHERWISE = {
    **{"windows-31j": "cp932", "windows-874": "cp874", "windows-949": "cp949", "tis-620": "cp874"},
    **dict.fromkeys(("iso-8859-1", "latin1", "latin-1", "us-ascii"), "cp1252"),
    **dict.fromkeys(("iso-8859-9", "latin5", "latin-5"), "cp1254"),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis"), "cp932"),
    **dict.fromkeys(("euc-kr", "euc_kr", "ks_c_5601-1987"), "cp949"),
    **dict.fromkeys(("gbk", "gb2312"), "gb18030"),
    "big5": "big5hkscs",
}
# Seven bits and escapes: all of it could be UTF-8.
_IN_ESCAPES = re.compile(r"iso-2022-", re.IGNORECASE)
_ESCAPE = b"\x1b"
_CONTROL_BYTES = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
MAX_CONTROL_SHARE = 0.01
# Of the characters beyond ASCII. Text in another encoding has hardly any that are sound UTF-8.
MAX_DAMAGED_SHARE = 0.05


def has_unicode_mark(data: bytes) -> bool:
    """Whether the bytes begin with a byte order mark, after which NUL bytes are part of the text."""
    return any(data.startswith(mark) for mark, _ in _BOMS)


def decode_text(data: bytes, declared: str | None = None) -> str:
    """Decode a text file: byte order mark, then UTF-8, then the declared encoding, then the one found.

    UTF-8 goes before the declaration because text that is not UTF-8 hardly ever decodes as it, while a wrong
    declaration is common.

    Returns:
        Normalised text.

    Raises:
        ParseError: `not_text` for a binary file, `unknown_encoding` when no encoding gives text.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            try:
                return normalise_text(data.decode(encoding))
            except UnicodeDecodeError:
                raise not_text() from None
    if b"\0" in data:
        raise not_text()
    try:
        text = data.decode(_escaped_encoding(data, declared) or "utf-8")
    except UnicodeDecodeError:
        return normalise_text(_decode_legacy(data, declared))
    if len(_CONTROL_BYTES.findall(text)) > MAX_CONTROL_SHARE * len(text):
        raise not_text()
    return normalise_text(text)


def _escaped_encoding(data: bytes, declared: str | None) -> str | None:
    if declared and _IN_ESCAPES.match(declared) and _DECLARABLE.fullmatch(declared) and _ESCAPE in data:
        return declared
    return None


def _decode_legacy(data: bytes, declared: str | None) -> str:
    text = _damaged(data, "utf-8") or _as_declared(data, declared)
    if text is None and (guess := guess_encoding(data)) is not None:
        text = data.decode(guess)
    if text is None:
        text = _damaged(data, "cp1252")
    if text is None:
        raise not_text() if _CONTROL_BYTES.search(data.decode("latin-1")) else _unknown_encoding()
    if _CONTROL_BYTES.search(text):
        raise not_text()
    return text


def _damaged(data: bytes, encoding: str) -> str | None:
    """Text in which a few bytes are damaged or cut off, with a mark in their places."""
    text = data.decode(encoding, "replace")
    damaged = text.count("\ufffd")
    sound = sum(char > "\x7f" for char in text) - damaged
    return text if damaged <= MAX_DAMAGED_SHARE * sound else None


def _as_declared(data: bytes, declared: str | None) -> str | None:
    if not declared or not _DECLARABLE.fullmatch(declared):
        return None
    try:
        text = data.decode(_NAMED_OTHERWISE.get(declared.lower(), declared))
    except (UnicodeDecodeError, LookupError):
        return None
    return None if has_impossible(text) else text


def not_text() -> ParseError:
    """The error for a binary file, whatever its name says."""
    return ParseError(
        "not_text",
        "This is a binary file, not text, whatever its name says. Save the document as Markdown, plain text, "
        "HTML or PDF and upload that.",
    )


def _unknown_encoding() -> ParseError:
    return ParseError(
        "unknown_encoding",
        "The text is in an encoding that could not be told, so that its letters would come out wrong. Open "
        "it in the program that wrote it, save it as UTF-8 and upload that.",
    )
