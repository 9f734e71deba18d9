"""Text in drawings (DrawingML): paragraphs with their list marks, and tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ingest.parsers.docx_numbering import BULLET, written
from ingest.parsers.markup import hide
from ingest.parsers.omml import latex
from ingest.parsers.ooxml import MC, A, M, chosen, words_of
from ingest.parsers.raised import raised
from ingest.parsers.xml_tree import Element, children

MAX_SPAN = 100
_FORMS = {"alpha": "Letter", "roman": "Roman"}
_SMALLEST_HUNDREDTHS = 150


@dataclass(frozen=True)
class DrawnParagraph:
    """A paragraph of a shape; `label` is "-", a number, or empty when it is no item of a list."""

    words: str
    depth: int
    label: str


def drawn_paragraphs(
    body: Element | None, bulleted: frozenset[int] = frozenset()
) -> Iterator[DrawnParagraph]:
    """The paragraphs of a text body that hold words.

    Args:
        bulleted: the depths at which the layout of the slide puts bullets where the text says nothing.
    """
    counts = [0] * 10
    for paragraph in body.iterfind(f"{A}p") if body is not None else ():
        properties = paragraph.find(f"{A}pPr")
        level = (properties.get("lvl") if properties is not None else None) or "0"
        depth = min(int(level), 8) if level.isdecimal() and len(level) < 4 else 0
        words = paragraph_words(paragraph)
        if not words.strip():
            counts[depth:] = [0] * (10 - depth)
            continue
        label = _label(properties, depth, counts, bulleted)
        counts[depth + 1 :] = [0] * (9 - depth)
        yield DrawnParagraph(words, depth, label)


def paragraph_words(paragraph: Element) -> str:
    pieces: list[str] = []
    for element in children(paragraph):
        if element.tag == f"{A}br":
            pieces.append("\n")
        elif element.tag in (f"{A}r", f"{A}fld"):
            words = words_of(element.findtext(f"{A}t"))
            if _is_raised(element):
                words = raised(words, "".join(pieces[-1:]))
            pieces.append(hide(words) if _is_tiny(element) else words)
        elif element.tag == f"{MC}AlternateContent":
            for part in chosen(element):
                pieces += [f" ${latex(formula)}$ " for formula in part.iter(f"{M}oMath")]
    return "".join(pieces)


def _is_raised(run: Element) -> bool:
    properties = run.find(f"{A}rPr")
    baseline = (properties.get("baseline") if properties is not None else None) or "0"
    return baseline.removesuffix("%").isdecimal() and int(baseline.removesuffix("%")) > 0


def drawn_table(table: Element) -> list[list[str]]:
    """The rows of an a:tbl; a merged cell is repeated, so that each row can be read by itself."""
    grid: list[list[str]] = []
    for row in table.iterfind(f"{A}tr"):
        words: list[str] = []
        for cell in row.iterfind(f"{A}tc"):
            if cell.get("hMerge") in ("1", "true") and words:
                words.append(words[-1])
            elif cell.get("vMerge") in ("1", "true") and grid and len(words) < len(grid[-1]):
                words.append(grid[-1][len(words)])
            else:
                body = cell.find(f"{A}txBody")
                words.append(" ".join(paragraph.words for paragraph in drawn_paragraphs(body)))
        grid.append(words)
    return grid


def _label(properties: Element | None, depth: int, counts: list[int], bulleted: frozenset[int]) -> str:
    if properties is not None:
        if properties.find(f"{A}buNone") is not None:
            return ""
        if properties.find(f"{A}buChar") is not None or properties.find(f"{A}buBlip") is not None:
            return BULLET
        numbered = properties.find(f"{A}buAutoNum")
        if numbered is not None:
            start = numbered.get("startAt") or "1"
            first = int(start) if start.isdecimal() and len(start) < 6 else 1
            counts[depth] = counts[depth] + 1 if counts[depth] else first
            return _numbered(counts[depth], numbered.get("type") or "arabicPeriod")
    return BULLET if depth in bulleted or (depth and bulleted) else ""


def _numbered(number: int, scheme: str) -> str:
    """A number in a scheme such as arabicPeriod, alphaLcParenR or romanUcPeriod."""
    form = next((found for start, found in _FORMS.items() if scheme.startswith(start)), "")
    case = "upper" if "Uc" in scheme else "lower"
    sign = written(number, f"{case}{form}" if form else "decimal")
    if "ParenBoth" in scheme:
        return f"({sign})"
    return f"{sign})" if "ParenR" in scheme else f"{sign}."


def _is_tiny(run: Element) -> bool:
    properties = run.find(f"{A}rPr")
    size = (properties.get("sz") if properties is not None else None) or ""
    return size.isdecimal() and int(size) < _SMALLEST_HUNDREDTHS
