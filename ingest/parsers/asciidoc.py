"""AsciiDoc: headings, lists, blocks and tables, line by line; nothing is included from other files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ingest.parsers.asciidoc_inline import image_words, shown_words
from ingest.parsers.asciidoc_table import read_table
from ingest.parsers.base import ParsedDocument, require_text
from ingest.parsers.encoding import decode_text
from ingest.parsers.html_visibility import without_marks
from ingest.parsers.markup import MarkdownWriter

_HEADING = re.compile(r"(={1,6}|#{1,6})\s+(\S.*)")
_ATTRIBUTE = re.compile(r":!?([A-Za-z0-9_][\w-]*)!?:(?:\s+(.*))?")
_ATTRIBUTE_LINE = re.compile(r"\[[^\[\]].*\]|\[\[[^\[\]]+\]\]|\[\]")
_TITLE = re.compile(r"\.(?![\s.])(.+)")
_ITEM = re.compile(r"\s*(\*{1,6}|-|\.{1,6}|\d{1,4}\.|<\d{1,3}>|<\.>)\s+(\S.*)")
_TERM = re.compile(r"(?!//)(\S.{0,300}?)(:{2,4}|;;)(?:\s+(.*))?")
_IMAGE = re.compile(r"(?:image|video|audio)::([^\s\[\]]*)\[(.*)\]")
_DIRECTIVE = re.compile(r"(?:toc|comment)::.*")
# These mean the same in every place, also in code and in tables.
_PREPROCESSED = re.compile(r"(\\?)(include|ifdef|ifndef|ifeval|endif)::(\S*?)\[(.*)\]\s*")
_FENCE = re.compile(r"(-{4,}|\.{4,}|={4,}|\*{4,}|_{4,}|\+{4,}|/{4,}|--|```.*|[|,!:]===+)\s*")
_AUTHOR = re.compile(r"[^\W\d_][\w .'-]{1,80}(?:<[^<>\s]+>)?(?:;.*)?")
_BREAK = re.compile(r"'{3,}|<<<+|-{3}|\*{3}")
_CHECK = re.compile(r"\[([ xX*])\]\s+")
_HARD_BREAK = re.compile(r"\s\+$")


class AsciidocParser:
    name = "asciidoc"
    extensions = (".adoc", ".asciidoc", ".asc")

    def parse(self, path: Path) -> ParsedDocument:
        text = without_marks(decode_text(path.read_bytes()))
        require_text(text)
        return _Reader(list(_without_directives(text.split("\n")))).read()


def _without_directives(lines: Iterable[str]) -> Iterator[str]:
    """The lines of all branches of conditions, whose attributes are set where a document is published."""
    for line in lines:
        found = _PREPROCESSED.fullmatch(line)
        if found is None:
            yield line
        elif found[1]:
            yield line[1:]
        elif found[2] in ("ifdef", "ifndef") and found[4]:
            yield found[4]


class _Reader:
    """Goes through the lines once; `_words` collects those of the paragraph or item at hand."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._at = 0
        self._out = MarkdownWriter()
        self._attributes: dict[str, str] = {}
        self._title: str | None = None
        self._block_attributes = ""
        self._words: list[str] = []
        self._item: tuple[int, str] | None = None
        # The marks of the lists that are open, outermost first, and how many items each has.
        self._marks: list[str] = []
        self._counts: list[int] = []
        self._joined = False

    def read(self) -> ParsedDocument:
        while self._at < len(self._lines):
            line = self._lines[self._at].rstrip()
            self._at += 1
            self._line(line)
        self._end_paragraph()
        known = {"author": "author", "revdate": "modified", "lang": "language", "keywords": "keywords"}
        metadata: dict[str, Any] = {
            name: self._attributes[key] for key, name in known.items() if self._attributes.get(key)
        }
        return self._out.document(self._title, metadata)

    def _line(self, line: str) -> None:
        if not line.strip():
            self._end_paragraph()
        elif line == "+" and (self._item or self._marks):
            self._end_paragraph()
            self._joined = True
        elif line.startswith("//") and not line.startswith("////"):
            return
        elif _FENCE.fullmatch(line):
            self._fenced(line.strip())
        elif not self._words and self._between(line):
            return
        elif match := _ITEM.fullmatch(line):
            self._begin_item(match[1], match[2])
        elif (match := _TERM.fullmatch(line)) and (match[3] or not self._words):
            self._term(match[1], match[3] or "")
        elif line.startswith("|") and not self._words:
            self._bare_table(line)
        else:
            self._words.append(line.strip())

    def _between(self, line: str) -> bool:
        """Lines that mean something only where no paragraph is open."""
        if match := _HEADING.fullmatch(line):
            self._heading(len(match[1]), match[2])
        elif match := _ATTRIBUTE.fullmatch(line):
            self._attributes[match[1].lower()] = (match[2] or "").strip()
        elif _ATTRIBUTE_LINE.fullmatch(line):
            self._block_attributes += line
            return True
        elif match := _IMAGE.fullmatch(line):
            self._out.paragraph(self._shown(image_words(match[2])))
        elif match := _TITLE.fullmatch(line):
            self._out.paragraph(self._shown(match[1]))
            return True
        elif not (_DIRECTIVE.fullmatch(line) or _BREAK.fullmatch(line)):
            return False
        self._block_attributes = ""
        return True

    def _heading(self, level: int, words: str) -> None:
        self._marks, self._counts = [], []
        words = self._shown(words)
        if level == 1 and self._title is None:
            self._title = words
            self._out.heading(1, words)
            self._header()
        else:
            self._out.heading(level, words)

    def _header(self) -> None:
        """The line of the author and that of the revision, right below the title."""
        line = self._lines[self._at].strip() if self._at < len(self._lines) else ""
        if line and _AUTHOR.fullmatch(line) and len(line.split()) <= 6 and not line.endswith("."):
            self._attributes.setdefault("author", line.partition("<")[0].strip())
            self._at += 1
            line = self._lines[self._at].strip() if self._at < len(self._lines) else ""
            if re.match(r"v?\d", line):
                self._attributes.setdefault("revdate", line.rpartition(",")[2].strip())
                self._at += 1

    def _begin_item(self, mark: str, words: str) -> None:
        self._end_paragraph()
        kind = "1." if mark[0].isdigit() else mark
        if kind in self._marks:
            self._marks = self._marks[: self._marks.index(kind) + 1]
        else:
            self._marks.append(kind)
        self._counts = [*self._counts, *[0] * len(self._marks)][: len(self._marks)]
        self._counts[-1] += 1
        check = _CHECK.match(words)
        if check:
            words = f"[{'x' if check[1] != ' ' else ' '}] {words[check.end() :]}"
        label = "-" if mark[0] in "*-" else f"{self._counts[-1]}." if mark[0] in ".<" else mark
        self._item = (len(self._marks) - 1, label)
        self._words = [words]

    def _term(self, term: str, words: str) -> None:
        self._end_paragraph()
        self._marks, self._counts = [], []
        self._item = (0, "-")
        self._words = [f"{term}:", *([words] if words else [])]

    def _end_paragraph(self) -> None:
        if not self._words:
            return
        words = "\n".join(_HARD_BREAK.sub("", line) for line in self._words)
        words = self._shown(words if any(map(_HARD_BREAK.search, self._words)) else words.replace("\n", " "))
        if self._item:
            self._out.item(words, *self._item)
        else:
            self._out.paragraph(words)
            if not self._joined:
                self._marks, self._counts = [], []
        self._words, self._item, self._block_attributes, self._joined = [], None, "", False

    def _fenced(self, fence: str) -> None:
        if fence == "--" or fence[0] in "=*_":
            # What is inside of an example, a sidebar or a quotation is ordinary text.
            self._end_paragraph()
            return
        self._end_paragraph()
        inside = self._until("```" if fence.startswith("```") else fence)
        if fence[0] in "|,!:":
            self._table(inside, fence[0])
        elif fence[0] in "-.`":
            self._out.code("\n".join(inside))
        elif fence[0] == "+":
            self._out.paragraph("\n".join(inside))
        self._block_attributes = ""

    def _until(self, fence: str) -> list[str]:
        first = self._at
        while self._at < len(self._lines) and self._lines[self._at].rstrip() != fence:
            self._at += 1
        self._at += 1
        return self._lines[first : self._at - 1]

    def _table(self, lines: list[str], separator: str) -> None:
        rows = read_table(lines, self._block_attributes, "," if separator == "," else "|")
        self._out.table([[self._shown(cell) for cell in row] for row in rows])

    def _bare_table(self, line: str) -> None:
        """Lines of cells without fences around them."""
        lines = [line]
        while self._at < len(self._lines) and self._lines[self._at].lstrip().startswith("|"):
            if _FENCE.fullmatch(self._lines[self._at]):
                break
            lines.append(self._lines[self._at])
            self._at += 1
        self._table([one.rstrip().removesuffix("|") for one in lines], "|")

    def _shown(self, words: str) -> str:
        return shown_words(words, self._attributes)
