"""The words of a Word paragraph: runs, links, notes, formulas, and what hangs on them as text boxes do."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ingest.parsers.docx_styles import Style, Styles, is_monospaced, is_on, value
from ingest.parsers.markup import hide
from ingest.parsers.omml import latex
from ingest.parsers.ooxml import MC, A, C, M, R, W, chosen, words_of
from ingest.parsers.xml_tree import Element, children, local_name

_W14 = "{http://schemas.microsoft.com/office/word/2010/wordml}"
_DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
_SKIPPED = frozenset(
    f"{W}{name}"
    for name in (
        "del",
        "moveFrom",
        "pPr",
        "rPr",
        "sdtPr",
        "instrText",
        "delText",
        "rt",
        "fldData",
        "delInstrText",
    )
)
_NOTES = {f"{W}footnoteReference": "", f"{W}endnoteReference": "e"}
_SIGNS = {f"{W}tab": " ", f"{W}br": "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "-", f"{W}ptab": " "}
# Descriptions that a program makes up when a picture is put in.
_NO_DESCRIPTION = re.compile(
    r"(?:picture|image|grafik|bild|immagine|imagen|shape|diagram|chart|textbox|text box)?[\s\d]*"
    r"|\S*\.(?:png|jpe?g|gif|bmp|tiff?|emf|wmf|svg)"
    # Guessed by a program: nobody says that it is so.
    r"|.*(?:AI-generated content may be incorrect|Description automatically generated[\w ]*"
    r"|automatisch generiert\w*)\W*",
    re.IGNORECASE | re.DOTALL,
)
_SMALLEST_HALF_POINTS = 3


@dataclass
class Inline:
    """What a paragraph holds.

    Attributes:
        words: with frames around what is hidden, and formulas as LaTeX in dollars.
        formulas: those that stand on lines of their own.
        boxes: text boxes, in order, each a w:txbxContent.
        charts, diagrams: ids of relations.
        notes: ids of the notes it refers to: "1", "e1".
        monospaced: whether all words are in such a font.
    """

    pieces: list[str] = field(default_factory=list)
    formulas: list[str] = field(default_factory=list)
    boxes: list[Element] = field(default_factory=list)
    charts: list[str] = field(default_factory=list)
    diagrams: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    monospaced: bool = True

    @property
    def words(self) -> str:
        return "".join(self.pieces).strip()


class InlineReader:
    """Reads paragraphs; runs of a style or a colour that nobody sees are framed as hidden."""

    def __init__(self, styles: Styles) -> None:
        self._styles = styles

    def read(self, paragraph: Element, style: Style) -> Inline:
        found = Inline()
        self._walk(paragraph, found, style)
        return found

    def _walk(self, parent: Element, found: Inline, style: Style) -> None:
        for element in children(parent):
            tag = element.tag
            if tag in _SKIPPED:
                continue
            if tag == f"{W}r":
                self._run(element, found, style)
            elif tag == f"{M}oMathPara":
                found.formulas.extend(filter(None, map(latex, element.iterfind(f"{M}oMath"))))
            elif tag == f"{M}oMath":
                formula = latex(element)
                found.pieces.append(f" ${formula}$ " if formula else "")
            elif tag == f"{W}sdt":
                self._control(element, found, style)
            else:
                self._walk(element, found, style)

    def _control(self, control: Element, found: Inline, style: Style) -> None:
        box = control.find(f"{W}sdtPr/{_W14}checkbox")
        if box is not None:
            checked = box.find(f"{_W14}checked")
            ticked = checked is not None and checked.get(f"{_W14}val") in ("1", "true")
            found.pieces.append("[x] " if ticked else "[ ] ")
            return
        content = control.find(f"{W}sdtContent")
        if content is not None:
            self._walk(content, found, style)

    def _run(self, run: Element, found: Inline, style: Style) -> None:
        before = len(found.pieces)
        self._content(run, found)
        words = "".join(found.pieces[before:])
        if not words.strip():
            return
        properties = run.find(f"{W}rPr")
        if not is_monospaced(properties):
            found.monospaced = False
        if self._is_hidden(run, properties, style):
            found.pieces[before:] = [hide(words)]

    def _content(self, parent: Element, found: Inline) -> None:
        for element in children(parent):
            tag = element.tag
            if tag == f"{W}t":
                found.pieces.append(words_of(element.text))
            elif tag in _SIGNS:
                found.pieces.append(_SIGNS[tag])
            elif tag in _NOTES:
                note = _NOTES[tag] + (element.get(f"{W}id") or "")
                found.notes.append(note)
                found.pieces.append(f"[^{note}]")
            elif tag == f"{MC}AlternateContent":
                for part in chosen(element):
                    self._hanging(part, found)
            elif tag in (f"{W}drawing", f"{W}pict", f"{W}object"):
                self._hanging(element, found)
            elif tag == f"{W}ruby":
                for base in element.iter(f"{W}rubyBase"):
                    self._walk(base, found, self._styles.get(None))

    def _hanging(self, element: Element, found: Inline) -> None:
        """A picture, a text box, a chart or a diagram."""
        for alternatives in list(element.iter(f"{MC}AlternateContent")):
            for fallback in alternatives.findall(f"{MC}Fallback"):
                alternatives.remove(fallback)
        described = ""
        for part in element.iter():
            name = local_name(part)
            if name == "txbxContent" and not any(local_name(above) == name for above in part.iterancestors()):
                found.boxes.append(part)
            elif name == "docPr" and not described:
                described = description(part.get("descr"))
            elif name == "imagedata" and not described:
                described = description(part.get("title"))
            elif part.tag == f"{C}chart":
                found.charts.append(part.get(f"{R}id") or "")
            elif part.tag == f"{_DIAGRAM}relIds":
                found.diagrams.append(part.get(f"{R}dm") or "")
        if described:
            found.pieces.append(f" {described} ")

    def _is_hidden(self, run: Element, properties: Element | None, style: Style) -> bool:
        if properties is None:
            return is_on(style.property(f"{W}rPr/{W}vanish"))
        named = self._styles.get(value(properties.find(f"{W}rStyle")), "character")
        path = f"{W}rPr/{W}vanish"
        said = (properties.find(f"{W}vanish"), named.property(path), style.property(path))
        if is_on(next((switch for switch in said if switch is not None), None)):
            return True
        size = value(properties.find(f"{W}sz")) or ""
        if size.isdecimal() and int(size) < _SMALLEST_HALF_POINTS:
            return True
        colour = (value(properties.find(f"{W}color")) or "").upper()
        return colour == "FFFFFF" and not _has_background(run, properties, style)


def description(text: str | None) -> str:
    """Alternative text that a person wrote, or nothing."""
    words = " ".join(words_of(text).split())
    return "" if _NO_DESCRIPTION.fullmatch(words) else words


def diagram_words(root: Element) -> list[str]:
    """The words of the nodes of a SmartArt diagram."""
    words = ("".join(words_of(run.text) for run in node.iter(f"{A}t")) for node in root.iter(f"{_DIAGRAM}pt"))
    return [line for line in words if line.strip()]


def _has_background(run: Element, properties: Element, style: Style) -> bool:
    """Whether white words may stand on something that is not white: shading, a table's style, a shape."""
    if properties.find(f"{W}highlight") is not None or properties.find(f"{W}shd") is not None:
        return True
    if style.property(f"{W}pPr/{W}shd") is not None:
        return True
    for above in run.iterancestors():
        name = local_name(above)
        # Tables may be coloured by a style with conditions, and shapes by their theme.
        if name == "txbxContent" or (name == "tbl" and above.find(f"{W}tblPr/{W}tblStyle") is not None):
            return True
        if name == "tc" and above.find(f"{W}tcPr/{W}shd") is not None:
            return True
        if name == "p" and above.find(f"{W}pPr/{W}shd") is not None:
            return True
        if name == "document" and above.find(f"{W}background") is not None:
            return True
    return False
