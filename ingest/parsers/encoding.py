"""Bytes to text, and the refusal of what is not text."""

from __future__ import annotations

import codecs
import re

from ingest.parsers.base import ParseError, normalise_text

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
_NAMED_OTHERWISE = {"windows-31j": "cp932", "windows-874": "cp874", "windows-949": "cp949"}
# Seven bits and escapes: all of it could be UTF-8.
_IN_ESCAPES = re.compile(r"iso-2022-", re.IGNORECASE)
_ESCAPE = b"\x1b"
_CONTROL_BYTES = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
MAX_CONTROL_SHARE = 0.01


def has_unicode_mark(data: bytes) -> bool:
    """Whether the bytes begin with a byte order mark, after which NUL bytes are part of the text."""
    return any(data.startswith(mark) for mark, _ in _BOMS)


def decode_text(data: bytes, declared: str | None = None) -> str:
    """Decode a text file: byte order mark, then UTF-8, then the declared encoding, then Windows-1252.

    UTF-8 goes before the declaration because text that is not UTF-8 hardly ever decodes as it, while a wrong
    declaration is common.

    Returns:
        Normalised text.

    Raises:
        ParseError: `not_text` when no encoding gives text.
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
    encodings = ["cp1252", "latin-1"]
    if declared and _DECLARABLE.fullmatch(declared):
        encodings.insert(0, _NAMED_OTHERWISE.get(declared.lower(), declared))
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
        # Every byte string is Latin-1, so the absence of controls is the only sign that it is text.
        if _CONTROL_BYTES.search(text):
            break
        return text
    raise not_text()


def not_text() -> ParseError:
    """The error for a binary file, whatever its name says."""
    return ParseError(
        "not_text",
        "This is a binary file, not text, whatever its name says. Save the document as Markdown, plain text, "
        "HTML or PDF and upload that.",
    )
