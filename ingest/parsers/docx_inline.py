"""The words of a Word paragraph: runs, links, notes, formulas, and what hangs on them as text boxes do."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ingest.parsers.docx_styles import Style, Styles, is_monospaced, is_on, value
from ingest.parsers.html_visibility import without_marks
from ingest.parsers.markup import hide
from ingest.parsers.omml import latex
from ingest.parsers.ooxml import MC, A, C, M, R, W, chosen, words_of
from ingest.parsers.raised import raised
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
_BORDERS = (f"{W}commentRangeStart", f"{W}commentRangeEnd")
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
_COLOUR = re.compile(r"[0-9A-Fa-f]{6}")
_LEAST_WHITE = 0xFA  # of each of red, green and blue


@dataclass
class Inline:
    """What a paragraph holds.

    Attributes:
        words: with frames around what is hidden, and formulas as LaTeX in dollars.
        formulas: those that stand on lines of their own.
        boxes: text boxes, in order, each a w:txbxContent.
        charts, diagrams: ids of relations.
        notes: ids of the notes it refers to: "1", "e1".
        comments: ids of the comments on it, in order.
        places: by the id of a comment the words that it is about, where they stand here.
        monospaced: whether all words are in such a font.
    """

    pieces: list[str] = field(default_factory=list)
    formulas: list[str] = field(default_factory=list)
    boxes: list[Element] = field(default_factory=list)
    charts: list[str] = field(default_factory=list)
    diagrams: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)
    monospaced: bool = True

    @property
    def words(self) -> str:
        return "".join(self.pieces).strip()


class InlineReader:
    """Reads paragraphs; runs of a style or a colour that nobody sees are framed as hidden."""

    def __init__(self, styles: Styles) -> None:
        self._styles = styles
        self._begun: dict[str, tuple[Inline, int]] = {}

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
            elif tag in _BORDERS:
                self._comment_border(element, found)
            else:
                self._walk(element, found, style)

    def _comment_border(self, border: Element, found: Inline) -> None:
        """Where the words begin or end that a comment is about."""
        identity = border.get(f"{W}id") or ""
        if border.tag == f"{W}commentRangeStart":
            self._begun[identity] = (found, len(found.pieces))
            return
        begun_in, at = self._begun.pop(identity, (None, 0))
        words = "".join(found.pieces[at:]) if begun_in is found else ""
        # Words that are hidden would be shown by their repetition.
        found.places[identity] = "" if without_marks(words) != words else " ".join(words.split())

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
        if properties is not None and value(properties.find(f"{W}vertAlign")) == "superscript":
            words = raised(words, "".join(found.pieces[max(0, before - 1) : before]))
            found.pieces[before:] = [words]
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
            elif tag == f"{W}commentReference":
                found.comments.append(element.get(f"{W}id") or "")
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
        """Whether nobody sees the run: by itself, by its style or by that of its paragraph."""
        named = value(properties.find(f"{W}rStyle")) if properties is not None else None
        styles = [*([self._styles.get(named, "character")] if named else []), style]

        def told(name: str) -> Element | None:
            own = properties.find(f"{W}{name}") if properties is not None else None
            found = (by.property(f"{W}rPr/{W}{name}") for by in styles)
            return own if own is not None else next((switch for switch in found if switch is not None), None)

        size = value(told("sz")) or ""
        if is_on(told("vanish")) or (size.isdecimal() and int(size) < _SMALLEST_HALF_POINTS):
            return True
        return _is_white(value(told("color")) or "") and not _has_background(run, properties, style)


def description(text: str | None) -> str:
    """Alternative text that a person wrote, or nothing."""
    words = " ".join(words_of(text).split())
    return "" if _NO_DESCRIPTION.fullmatch(words) else words


def diagram_words(root: Element) -> list[str]:
    """The words of the nodes of a SmartArt diagram."""
    words = ("".join(words_of(run.text) for run in node.iter(f"{A}t")) for node in root.iter(f"{_DIAGRAM}pt"))
    return [line for line in words if line.strip()]


def _is_white(colour: str) -> bool:
    """Whether a colour such as FEFEFE cannot be told from white."""
    return _COLOUR.fullmatch(colour) is not None and min(bytes.fromhex(colour)) >= _LEAST_WHITE


def _has_background(run: Element, properties: Element | None, style: Style) -> bool:
    """Whether white words may stand on something that is not white: shading, a table's style, a shape."""
    own = [] if properties is None else [properties.find(f"{W}highlight"), properties.find(f"{W}shd")]
    by_style = [style.property(path) for path in (f"{W}pPr/{W}shd", f"{W}rPr/{W}shd")]
    if any(shade is not None for shade in (*own, *by_style)):
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
