"""Presentations (PPTX and its shows, templates and macro kinds): a slide is a page."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ingest.parsers.base import ParsedDocument
from ingest.parsers.charts import read_chart
from ingest.parsers.docx_inline import description, diagram_words
from ingest.parsers.drawing_text import drawn_paragraphs, drawn_table, paragraph_words
from ingest.parsers.markup import MarkdownWriter
from ingest.parsers.ooxml import MC, A, C, P, Package, R, chosen, missing_main
from ingest.parsers.pptx_comments import SlideComments
from ingest.parsers.xml_tree import Element, children, local_name
from ingest.parsers.zip_guard import guarded_archive

NOTHING = (
    "The presentation holds no text. If its slides are pictures, save it as PDF and upload that, so that "
    "text recognition can read them."
)
MAX_DEPTH = 40
_TITLES = frozenset({"title", "ctrTitle"})
# Their words stand on every slide and say nothing about it.
_FURNITURE = frozenset({"sldNum", "dt", "ftr", "hdr"})
_BULLETED = frozenset({None, "body", "obj"})
_DIAGRAM_IDS = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}relIds"


class PptxParser:
    name = "pptx"
    extensions = (".pptx", ".pptm", ".ppsx", ".ppsm", ".potx", ".potm")

    def parse(self, path: Path) -> ParsedDocument:
        with guarded_archive(path) as archive:
            return _read(Package(archive))


def _read(package: Package) -> ParsedDocument:
    main = package.main_part("ppt/presentation.xml")
    root = package.xml(main)
    if root is None:
        raise missing_main("presentation")
    relations = package.relations(main)
    out = MarkdownWriter()
    comments = SlideComments(package, main)
    hidden = []
    for number, slide in enumerate(root.iterfind(f"{P}sldIdLst/{P}sldId"), 1):
        part = relations.get(slide.get(f"{R}id") or "", ("", ""))[1]
        if _Slide(package, part, out).write(comments.of(part)):
            hidden.append(number)
        out.end_page()
    title, metadata = package.properties
    metadata = {**metadata, "page_count": len(root.findall(f"{P}sldIdLst/{P}sldId"))}
    if hidden:
        metadata["hidden_pages"] = hidden
    return out.document(title, metadata, NOTHING)


class _Slide:
    """Writes one slide: its title, its shapes in reading order, its notes, what was said about it."""

    def __init__(self, package: Package, part: str, out: MarkdownWriter) -> None:
        self._package = package
        self._relations = package.relations(part)
        self._root = package.xml(part)
        self._out = out
        self._inherited = self._layout_bullets()

    def write(self, comments: Iterable[str]) -> bool:
        """Whether the slide is left out of the show; then its words count as hidden."""
        root = self._root
        tree = root.find(f"{P}cSld/{P}spTree") if root is not None else None
        if root is None or tree is None:
            return False
        skipped = root.get("show") in ("0", "false")
        shapes = list(_flat(tree, 0))
        # The title is read first wherever it was drawn.
        for shape in sorted(shapes, key=lambda shape: _placeholder(shape) not in _TITLES):
            self._out.all_hidden = skipped or _is_switched_off(shape)
            self._shape(shape)
        self._out.all_hidden = skipped
        self._notes()
        for comment in comments:
            self._out.paragraph(comment)
        self._out.all_hidden = False
        return skipped

    def _shape(self, shape: Element) -> None:
        kind = _placeholder(shape)
        if kind in _FURNITURE:
            return
        if local_name(shape) == "graphicFrame":
            self._graphic(shape)
        elif local_name(shape) == "pic":
            self._out.paragraph(_described(shape))
        elif kind in _TITLES:
            words = [paragraph_words(line) for line in shape.iterfind(f"{P}txBody/{A}p")]
            self._out.heading(1, " ".join(words))
        else:
            self._text(shape, kind)

    def _text(self, shape: Element, kind: str | None) -> None:
        placed = shape.find(f"{P}nvSpPr/{P}nvPr/{P}ph") is not None
        bulleted = self._inherited if placed and kind in _BULLETED else frozenset[int]()
        paragraphs = list(drawn_paragraphs(shape.find(f"{P}txBody"), bulleted))
        for paragraph in paragraphs:
            if paragraph.label:
                self._out.item(paragraph.words, paragraph.depth, paragraph.label)
            else:
                self._out.paragraph(paragraph.words)
        if not paragraphs:
            self._out.paragraph(_described(shape))

    def _graphic(self, frame: Element) -> None:
        for table in frame.iter(f"{A}tbl"):
            self._out.table(drawn_table(table))
        for reference in frame.iter(f"{C}chart"):
            root = self._package.xml(self._target(reference.get(f"{R}id")))
            if root is not None:
                chart = read_chart(root)
                self._out.paragraph(chart.title)
                self._out.table(chart.rows)
        for reference in frame.iter(_DIAGRAM_IDS):
            root = self._package.xml(self._target(reference.get(f"{R}dm")))
            for line in diagram_words(root) if root is not None else ():
                self._out.item(line)

    def _notes(self) -> None:
        part = next((target for kind, target in self._relations.values() if kind == "notesSlide"), None)
        root = self._package.xml(part) if part else None
        tree = root.find(f"{P}cSld/{P}spTree") if root is not None else None
        if tree is None:
            return
        lines = [
            paragraph.words
            for shape in _flat(tree, 0)
            if _placeholder(shape) == "body"
            for paragraph in drawn_paragraphs(shape.find(f"{P}txBody"))
        ]
        if lines:
            self._out.paragraph(f"Notes: {lines[0]}")
        for line in lines[1:]:
            self._out.paragraph(line)

    def _target(self, identity: str | None) -> str:
        return self._relations.get(identity or "", ("", ""))[1]

    def _layout_bullets(self) -> frozenset[int]:
        """The depths at which the master's text has bullets; a body says nothing where it takes them over."""
        layout = next((target for kind, target in self._relations.values() if kind == "slideLayout"), None)
        master = next(iter(self._package.related(layout, "slideMaster")), None) if layout else None
        root = self._package.xml(master) if master else None
        style = root.find(f"{P}txStyles/{P}bodyStyle") if root is not None else None
        if style is None:
            return frozenset()
        levels = (style.find(f"{A}lvl{number}pPr") for number in range(1, 10))
        return frozenset(
            depth
            for depth, level in enumerate(levels)
            if level is not None
            and (level.find(f"{A}buChar") is not None or level.find(f"{A}buAutoNum") is not None)
        )


def _flat(tree: Element, depth: int) -> list[Element]:
    """The shapes of a slide in order, those of groups in their place."""
    found: list[Element] = []
    for shape in children(tree):
        if local_name(shape) == "grpSp" and depth < MAX_DEPTH:
            found += _flat(shape, depth + 1)
        elif shape.tag == f"{MC}AlternateContent":
            found += [part for part in chosen(shape) if local_name(part) in _SHAPES]
        elif local_name(shape) in _SHAPES:
            found.append(shape)
    return found


_SHAPES = frozenset({"sp", "pic", "graphicFrame", "cxnSp"})


def _placeholder(shape: Element) -> str | None:
    """The kind of a placeholder ("body" where it names none), or None for an ordinary shape."""
    found = shape.find(f"*/{P}nvPr/{P}ph")
    return None if found is None else found.get("type") or "body"


def _is_switched_off(shape: Element) -> bool:
    properties = shape.find(f"*/{P}cNvPr")
    return properties is not None and properties.get("hidden") in ("1", "true")


def _described(shape: Element) -> str:
    properties = shape.find(f"*/{P}cNvPr")
    return description(properties.get("descr")) if properties is not None else ""
