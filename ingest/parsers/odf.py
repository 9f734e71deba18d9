"""OpenDocument texts, presentations and drawings (ODT, ODP, ODG); sheets are read by `spreadsheet`."""

from __future__ import annotations

from pathlib import Path

from ingest.parsers.base import ParsedDocument
from ingest.parsers.docx_inline import description
from ingest.parsers.markup import MarkdownWriter, hide
from ingest.parsers.odf_inline import HANGING, MAX_DEPTH, SKIPPED, OdfInline, on_page
from ingest.parsers.odf_package import (
    CHART,
    DRAW,
    OFFICE,
    PRESENTATION,
    SVG,
    TABLE,
    TEXT,
    XLINK,
    odf_body,
    odf_properties,
)
from ingest.parsers.odf_styles import OdfStyles
from ingest.parsers.ooxml import Package, words_of
from ingest.parsers.xml_tree import Element, children, local_name
from ingest.parsers.zip_guard import guarded_archive

NOTHING = (
    "The document holds no text. If it shows pictures of pages, save it as PDF and upload that, so that text "
    "recognition can read it."
)
_FURNITURE = frozenset({"page-number", "date-time", "footer", "header", "page"})


class OdfParser:
    name = "odf"
    extensions = (".odt", ".ott", ".odp", ".otp", ".odg")

    def parse(self, path: Path) -> ParsedDocument:
        with guarded_archive(path) as archive:
            package = Package(archive)
            content = odf_body(package)
            title, metadata = odf_properties(package) or (None, {})
            reader = _ContentReader(package, content)
            if local_name(content) in ("presentation", "drawing"):
                metadata = {**metadata, **reader.pages(content)}
            else:
                reader.blocks(content, 0)
            reader.end_code()
            return reader.out.document(title or reader.title, metadata, NOTHING)


class _ContentReader:
    """Writes the blocks of one document in the order of the file."""

    def __init__(self, package: Package, content: Element) -> None:
        self.out = MarkdownWriter()
        self.title: str | None = None
        self._package = package
        self._styles = OdfStyles(package, content)
        self._counts: dict[str, int] = {}
        self._code: list[str] = []
        self._inline = OdfInline(self._styles)

    def pages(self, content: Element) -> dict[str, object]:
        """Write the slides; what to tell about them as metadata."""
        hidden = []
        slides = content.findall(f"{DRAW}page")
        for number, slide in enumerate(slides, 1):
            if self._styles.is_skipped_page(slide.get(f"{DRAW}style-name")):
                hidden.append(number)
            self.out.all_hidden = number in hidden
            shapes = [shape for shape in children(slide) if local_name(shape) in HANGING]
            for shape in sorted(shapes, key=lambda shape: shape.get(f"{PRESENTATION}class") != "title"):
                self._shape(shape, 0)
            for notes in slide.iterfind(f"{PRESENTATION}notes"):
                self._speaker_notes(notes)
            for annotation in slide.iterfind(f"{OFFICE}annotation"):
                self.out.paragraph(self._inline.comment(annotation, 0))
            self.out.all_hidden = False
            self.out.end_page()
        return {"page_count": len(slides), **({"hidden_pages": hidden} if hidden else {})}

    def blocks(self, parent: Element, depth: int) -> None:
        """Write what stands below an element that holds blocks."""
        if depth > MAX_DEPTH:
            return
        for element in children(parent):
            name = local_name(element)
            if name in SKIPPED:
                continue
            if name in ("p", "h"):
                self._paragraph(element, depth)
                continue
            self.end_code()
            if name == "list":
                self._list(element, depth, 0, None)
            elif element.tag == f"{TABLE}table":
                self.out.table(self._inline.rows(element, depth))
            elif name in HANGING:
                self._shape(element, depth + 1)
            else:
                self._section(element, depth)

    def _section(self, section: Element, depth: int) -> None:
        around = self.out.all_hidden
        self.out.all_hidden = around or section.get(f"{TEXT}display") == "none"
        self.blocks(section, depth + 1)
        self.end_code()
        self.out.all_hidden = around

    def end_code(self) -> None:
        if self._code:
            self.out.code("\n".join(self._code))
        self._code = []

    def _paragraph(self, paragraph: Element, depth: int) -> None:
        style = paragraph.get(f"{TEXT}style-name")
        notes: list[str] = []
        words = self._inline.words(paragraph, notes, depth)
        if words.strip() and self._styles.is_hidden(style, on_page=on_page(paragraph)):
            words = hide(words_of(words))
        if words.strip() and self._styles.is_code(style):
            self._code.append(words)
        else:
            self.end_code()
            level = self._level(paragraph, style, words)
            if level:
                self.out.heading(level, words)
            else:
                self.out.paragraph(words)
        for note in notes:
            self.out.paragraph(note)
        self._hanging(paragraph, depth)

    def _level(self, paragraph: Element, style: str | None, words: str) -> int:
        names = self._styles.names(style)
        if "title" in names and words.strip():
            self.title = self.title or words
            return 1
        if "subtitle" in names:
            return 2
        if local_name(paragraph) != "h":
            return 0
        told = paragraph.get(f"{TEXT}outline-level") or "1"
        # Below a title, chapters begin at level 2.
        return (int(told) if told.isdecimal() and len(told) < 3 else 1) + (self.title is not None)

    def _list(self, element: Element, depth: int, level: int, style: str | None) -> None:
        style = element.get(f"{TEXT}style-name") or style
        goes_on = element.get(f"{TEXT}continue-numbering") == "true" or element.get(f"{TEXT}continue-list")
        count = self._counts.get(f"{style} {level}", 0) if goes_on else 0
        for item in children(element):
            if local_name(item) == "list-item":
                count += 1
            first = local_name(item) == "list-item"
            for part in children(item) if depth < MAX_DEPTH else ():
                if local_name(part) == "list":
                    self._list(part, depth + 1, level + 1, style)
                elif local_name(part) in ("p", "h"):
                    self._item(part, depth, level, style, count if first else 0)
                    first = False
        self._counts[f"{style} {level}"] = count

    def _item(self, part: Element, depth: int, level: int, style: str | None, count: int) -> None:
        paragraph_style = part.get(f"{TEXT}style-name")
        if local_name(part) == "h":
            self._paragraph(part, depth)
            return
        notes: list[str] = []
        words = self._inline.words(part, notes, depth)
        if self._styles.is_hidden(paragraph_style, on_page=on_page(part)):
            words = hide(words_of(words))
        label = (
            self._styles.label(style or self._styles.list_of(paragraph_style), level, count) if count else ""
        )
        if label:
            self.out.item(words, level, label)
        else:
            self.out.paragraph(words)
        for note in notes:
            self.out.paragraph(note)
        self._hanging(part, depth)

    def _hanging(self, paragraph: Element, depth: int) -> None:
        """Frames and shapes that are anchored in a paragraph."""
        for element in children(paragraph):
            if local_name(element) in HANGING:
                self.end_code()
                self._shape(element, depth + 1)
            elif local_name(element) in ("span", "a") and depth < MAX_DEPTH:
                self._hanging(element, depth + 1)

    def _shape(self, shape: Element, depth: int) -> None:
        kind = shape.get(f"{PRESENTATION}class")
        if kind in _FURNITURE or depth > MAX_DEPTH:
            return
        if kind == "title":
            notes: list[str] = []
            lines = (self._inline.words(line, notes, depth) for line in shape.iter(f"{TEXT}p"))
            self.out.heading(1, " ".join(lines))
            return
        described = (shape.findtext(f"{SVG}desc") or "", shape.findtext(f"{SVG}title") or "")
        self.out.paragraph(next(filter(None, map(description, described)), ""))
        for part in children(shape):
            if part.tag == f"{DRAW}object":
                self._object(part)
            elif local_name(part) in ("p", "h"):
                self._paragraph(part, depth)
            elif local_name(part) == "list":
                self._list(part, depth, 0, None)
            elif part.tag == f"{TABLE}table":
                self.out.table(self._inline.rows(part, depth))
            elif local_name(part) == "text-box":
                self.blocks(part, depth + 1)
                self.end_code()
            elif local_name(part) in HANGING:
                self._shape(part, depth + 1)

    def _object(self, element: Element) -> None:
        """A chart is a document of its own inside of the file."""
        folder = (element.get(f"{XLINK}href") or "").removeprefix("./").strip("/")
        root = self._package.xml(f"{folder}/content.xml") if folder else None
        chart = root.find(f"{OFFICE}body/{OFFICE}chart/{CHART}chart") if root is not None else None
        if chart is None:
            return
        for title in chart.iterfind(f"{CHART}title/{TEXT}p"):
            self.out.paragraph(self._inline.words(title, [], 0))
        for table in chart.iter(f"{TABLE}table"):
            self.out.table(self._inline.rows(table, 0))

    def _speaker_notes(self, notes: Element) -> None:
        texts = (self._inline.cell(box, 0) for box in notes.iter(f"{DRAW}text-box"))
        for words in filter(None, texts):
            self.out.paragraph(f"Notes: {words}")
