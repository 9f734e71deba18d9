"""Word documents (DOCX and its templates and macro kinds; macros are never read)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ingest.parsers.base import ParsedDocument
from ingest.parsers.charts import read_chart
from ingest.parsers.docx_comments import Comments
from ingest.parsers.docx_inline import Inline, InlineReader, diagram_words
from ingest.parsers.docx_numbering import BULLET, Numbering
from ingest.parsers.docx_styles import Style, Styles, heading_level, is_code, is_title
from ingest.parsers.encoding import decode_text
from ingest.parsers.html import readable_text
from ingest.parsers.html_tree import parse_page
from ingest.parsers.markup import MarkdownWriter
from ingest.parsers.ooxml import MC, Package, R, W, chosen, missing_main
from ingest.parsers.xml_tree import Element, children
from ingest.parsers.zip_guard import guarded_archive

NOTHING = (
    "The document holds no text. If it shows pictures of pages, save it as PDF and upload that, so that text "
    "recognition can read it."
)
MAX_DEPTH = 40
_WRAPPERS = frozenset(f"{W}{name}" for name in ("ins", "moveTo", "customXml", "smartTag", "sdtContent"))


class DocxParser:
    name = "docx"
    extensions = (".docx", ".docm", ".dotx", ".dotm")

    def parse(self, path: Path) -> ParsedDocument:
        with guarded_archive(path) as archive:
            package = Package(archive)
            return _DocumentReader(package).read()


class _DocumentReader:
    """Walks one document; numbers are counted on the way."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self._part = package.main_part("word/document.xml")
        self._relations = package.relations(self._part)
        self._styles = Styles(self._related_xml("styles"))
        self._numbering = Numbering(self._related_xml("numbering"))
        self._inline = InlineReader(self._styles)
        self._notes = {
            f"{prefix}{note.get(f'{W}id')}": note
            for kind, prefix in (("footnotes", ""), ("endnotes", "e"))
            for note in self._children_of(kind)
        }
        self._comments = Comments(self._related_xml("comments"), self._related_xml("commentsExtended"))
        self._out = MarkdownWriter()
        self._code: list[str] = []
        self._title: str | None = None

    def read(self) -> ParsedDocument:
        root = self._package.xml(self._part)
        body = None if root is None else root.find(f"{W}body")
        if body is None:
            raise missing_main("document")
        self._blocks(body, 0)
        self._end_code()
        if not self._out:
            self._headers_and_footers()
        title, metadata = self._package.properties
        return self._out.document(title or self._title, metadata, NOTHING)

    def _related_xml(self, kind: str) -> Element | None:
        part = next((target for of, target in self._relations.values() if of == kind), None)
        return None if part is None else self._package.xml(part)

    def _children_of(self, kind: str) -> Iterator[Element]:
        root = self._related_xml(kind)
        return iter(()) if root is None else children(root)

    def _blocks(self, parent: Element, depth: int) -> None:
        for element in _block_elements(parent):
            if element.tag == f"{W}tbl":
                self._end_code()
                self._table(element, depth)
            elif element.tag == f"{W}altChunk":
                self._page(element)
            else:
                self._paragraph(element, depth)

    def _page(self, chunk: Element) -> None:
        """A page of HTML that is put in as it is, as programs that write reports do."""
        part = self._relations.get(chunk.get(f"{R}id") or "", ("", ""))[1]
        data = self._package.data(part) if part.lower().endswith((".htm", ".html", ".xhtml")) else None
        if data is not None:
            self._end_code()
            self._out.markdown(readable_text(parse_page(decode_text(data)), framed=False))

    def _paragraph(self, paragraph: Element, depth: int) -> None:
        style = self._styles.of(paragraph)
        inline = self._inline.read(paragraph, style)
        numbered = self._numbering.next(paragraph, style) if inline.words or inline.formulas else None
        words = inline.words
        if words and (is_code(style) or (inline.monospaced and not numbered)):
            self._code.append("".join(inline.pieces))
        elif words:
            self._end_code()
            level = heading_level(paragraph, style)
            if level:
                label = numbered.label if numbered and numbered.label != BULLET else ""
                self._heading(level, style, f"{label} {words}")
            elif numbered and numbered.label:
                self._out.item(words, numbered.depth, numbered.label)
            else:
                self._out.paragraph(words)
        self._hanging(inline, depth)

    def _heading(self, level: int, style: Style, words: str) -> None:
        if is_title(style) and self._title is None:
            self._title = words
        # Below a title, chapters begin at level 2.
        elif self._styles.has_title and self._title is not None:
            level += 1
        self._out.heading(level, words)

    def _hanging(self, inline: Inline, depth: int) -> None:
        """What belongs to a paragraph and stands below its words."""
        for formula in inline.formulas:
            self._end_code()
            self._out.paragraph(f"$${formula}$$")
        for box in inline.boxes if depth < MAX_DEPTH else ():
            self._end_code()
            self._blocks(box, depth + 1)
            self._end_code()
        for identity in inline.charts:
            root = self._package.xml(self._relations.get(identity, ("", ""))[1])
            if root is not None:
                chart = read_chart(root)
                self._out.paragraph(chart.title)
                self._out.table(chart.rows)
        for identity in inline.diagrams:
            root = self._package.xml(self._relations.get(identity, ("", ""))[1])
            for line in diagram_words(root) if root is not None else ():
                self._out.item(line)
        for note in inline.notes:
            if note in self._notes:
                self._out.paragraph(f"[^{note}]: {self._cell(self._notes[note], depth + 1)}")
        for line in self._commented(inline, depth):
            self._end_code()
            self._out.paragraph(line)

    def _commented(self, inline: Inline, depth: int) -> Iterator[str]:
        """The comments on a paragraph; what they are about is told where it is not the whole of it."""
        whole = " ".join(inline.words.split())
        for identity in inline.comments:
            place = inline.places.get(identity, "")
            line = self._comments.line(
                identity, "" if place == whole else place, lambda comment: self._cell(comment, depth + 1)
            )
            if line:
                yield line

    def _end_code(self) -> None:
        if self._code:
            self._out.code("\n".join(self._code))
        self._code = []

    def _table(self, table: Element, depth: int) -> None:
        rows = list(_rows(table))
        cells = [cell for row in rows for cell in _cells(row)]
        if len(cells) == 1 and depth < MAX_DEPTH:
            # A frame around text, not a table.
            self._blocks(cells[0], depth + 1)
            return
        grid: list[list[str]] = []
        for row in rows:
            grid.append(self._row(row, grid[-1] if grid else [], depth))
        self._out.table(grid)

    def _row(self, row: Element, above: list[str], depth: int) -> list[str]:
        """The cells of a row; a merged cell is repeated, so that each row can be read by itself."""
        before = row.find(f"{W}trPr/{W}gridBefore")
        words = [""] * _span(before) if before is not None else []
        for cell in _cells(row):
            properties = cell.find(f"{W}tcPr")
            span, merge = None, None
            if properties is not None:
                span, merge = properties.find(f"{W}gridSpan"), properties.find(f"{W}vMerge")
            goes_on = merge is not None and merge.get(f"{W}val") != "restart"
            if goes_on and len(words) < len(above):
                content = above[len(words)]
            else:
                content = self._cell(cell, depth + 1)
            words.extend([content] * (_span(span) if span is not None else 1))
        return words

    def _cell(self, cell: Element, depth: int) -> str:
        """The words of a cell or a note on one line."""
        if depth > MAX_DEPTH:
            return ""
        pieces = []
        for element in _block_elements(cell):
            if element.tag == f"{W}altChunk":
                continue
            if element.tag == f"{W}tbl":
                pieces += [self._cell(inner, depth + 1) for row in _rows(element) for inner in _cells(row)]
                continue
            style = self._styles.of(element)
            inline = self._inline.read(element, style)
            numbered = self._numbering.next(element, style) if inline.words else None
            pieces.append(f"{numbered.label} {inline.words}" if numbered else inline.words)
            pieces += [f"${formula}$" for formula in inline.formulas]
            pieces += [self._cell(box, depth + 1) for box in inline.boxes]
            notes = [note for note in inline.notes if note in self._notes]
            pieces += [f"({self._cell(self._notes[note], depth + 1)})" for note in notes]
            pieces += [f"({line})" for line in self._commented(inline, depth)]
        return " ".join(filter(None, pieces))

    def _headers_and_footers(self) -> None:
        """Of a document whose pages hold nothing else, as a letterhead."""
        for kind, part in self._relations.values():
            root = self._package.xml(part) if kind in ("header", "footer") else None
            if root is not None:
                self._blocks(root, 0)
        self._end_code()


def _block_elements(parent: Element) -> Iterator[Element]:
    """Paragraphs and tables, also those inside of content controls, insertions and alternatives."""
    for element in children(parent):
        if element.tag in (f"{W}p", f"{W}tbl", f"{W}altChunk"):
            yield element
        elif element.tag in _WRAPPERS:
            yield from _block_elements(element)
        elif element.tag == f"{W}sdt":
            for content in element.iterfind(f"{W}sdtContent"):
                yield from _block_elements(content)
        elif element.tag == f"{MC}AlternateContent":
            for part in chosen(element):
                if part.tag in (f"{W}p", f"{W}tbl"):
                    yield part


def _rows(table: Element) -> Iterator[Element]:
    for element in children(table):
        if element.tag == f"{W}tr" and element.find(f"{W}trPr/{W}del") is None:
            yield element
        elif element.tag in _WRAPPERS or element.tag == f"{W}sdt":
            yield from _rows(element)


def _cells(row: Element) -> Iterator[Element]:
    for element in children(row):
        if element.tag == f"{W}tc":
            if element.find(f"{W}tcPr/{W}cellDel") is None:
                yield element
        elif element.tag in _WRAPPERS or element.tag == f"{W}sdt":
            yield from _cells(element)


def _span(element: Element) -> int:
    """How many columns a cell takes, 100 at most."""
    told = element.get(f"{W}val") or ""
    return min(100, max(1, int(told))) if told.isdecimal() and len(told) < 5 else 1
