"""What a file is by its first bytes; its name is only a claim."""

from __future__ import annotations

import re

from ingest.parsers.base import ParseError
from ingest.parsers.encoding import has_unicode_mark, not_text

SNIFF_BYTES = 8192
# Readers accept a PDF whose header stands anywhere in its first kilobyte.
PDF_HEADER_WITHIN = 1024

_IMAGES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*")

# A whole page, not Markdown that begins with a tag.
_HTML_PAGE = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)[\s>]",
    re.IGNORECASE | re.DOTALL,
)
# How Excel 2, 3 and 4 begin; from Excel 5 on spreadsheets are compound files.
_OLD_SHEETS = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00")
_OTHER_PICTURES = ((b"GIF8", "a GIF"), (b"BM", "a BMP"))
_CONTAINERS = (
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\x1f\x8b", "a compressed archive"),
    (b"7z\xbc\xaf\x27\x1c", "a compressed archive"),
    (b"Rar!", "a compressed archive"),
)


def sniff(head: bytes, extension: str) -> str | None:
    """Name the parser that the first bytes call for.

    Args:
        head: the first SNIFF_BYTES of the file.
        extension: lower case with the dot; empty without one.

    Returns:
        "pdf", "image", "rtf", "html", or None for text whose kind only the extension tells.

    Raises:
        ParseError: empty, not_text, or unsupported for a known format that no parser reads.
    """
    if not head:
        raise ParseError(
            "empty", "The file is empty. Check that it was saved completely and upload it again."
        )
    if head.lstrip().startswith(b"%PDF-"):
        return "pdf"
    if head.startswith(_IMAGES) or (head.startswith(b"RIFF") and head[8:12] == b"WEBP"):
        return "image"
    if head.startswith(_OLD_SHEETS):
        raise ParseError(
            "unsupported",
            "This spreadsheet is older than Excel 5, which cannot be read. Open it in a spreadsheet program, "
            "save it as .xlsx and upload that.",
        )
    for magic, what in _OTHER_PICTURES:
        if head.startswith(magic) and b"\0" in head:
            raise ParseError(
                "unsupported",
                f"This is {what} picture. Text recognition reads PNG, JPEG, TIFF and WebP: save it as PNG "
                "and upload that.",
            )
    for magic, what in _CONTAINERS:
        if head.startswith(magic):
            raise ParseError(
                "unsupported",
                f"This is {what}, which cannot be read yet. Save or unpack it as PDF, HTML or text.",
            )
    if head.lstrip().startswith(rb"{\rtf"):
        return "rtf"
    if extension == ".pdf" and (b"%PDF-" in head[:PDF_HEADER_WITHIN] or b"\0" in head):
        return "pdf"
    if has_unicode_mark(head):
        return None
    if b"\0" in head:
        raise not_text()
    return "html" if _HTML_PAGE.match(head) else None
