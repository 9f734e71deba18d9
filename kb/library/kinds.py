"""What sort of file a document is, as people call it, by the ending of its name."""

from __future__ import annotations

from pathlib import PurePosixPath

OTHER = "other"
ARCHIVE = "archive"  # by its content and not by its name: office documents are zip archives, too
WORDS = {
    "pdf": "PDF",
    "word": "Word",
    "slides": "Slides",
    "sheet": "Spreadsheet",
    "web": "HTML",
    "markdown": "Markdown",
    "text": "Text",
    "mail": "E-mail",
    "book": "E-book",
    "picture": "Picture",
    ARCHIVE: "Zip archive",
    OTHER: "Other",
}
_ENDINGS = {
    "pdf": "pdf",
    "word": "doc docx odt rtf",
    "slides": "ppt pptx odp",
    "sheet": "xls xlsx xlsb ods csv tsv",
    "web": "html htm xhtml",
    "markdown": "md markdown mdx",
    "text": "txt text log rst adoc asciidoc",
    "mail": "eml msg",
    "book": "epub",
    "picture": "png jpg jpeg tif tiff webp",
}
_KIND_OF = {ending: kind for kind, endings in _ENDINGS.items() for ending in endings.split()}


def kind_of(file_name: str) -> str:
    """A key of WORDS."""
    return _KIND_OF.get(PurePosixPath(file_name).suffix.lower().removeprefix("."), OTHER)
