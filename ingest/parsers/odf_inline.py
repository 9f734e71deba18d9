"""The words of OpenDocument paragraphs and cells."""

from __future__ import annotations

from collections.abc import Iterator

from ingest.parsers.docx_inline import description
from ingest.parsers.markup import hide
from ingest.parsers.odf_comments import comment_line, place_of
from ingest.parsers.odf_package import DRAW, SVG, TABLE, TEXT
from ingest.parsers.odf_styles import OdfStyles
from ingest.parsers.ooxml import words_of
from ingest.parsers.raised import raised
from ingest.parsers.xml_tree import Element, children, local_name

MAX_REPEATED = 100
MAX_DEPTH = 40
HANGING = frozenset(
    {"frame", "custom-shape", "g", "rect", "ellipse", "text-box", "line", "connector", "path"}
)
SKIPPED = frozenset(
    {
        "tracked-changes",
        "annotation",
        "forms",
        "sequence-decls",
        "variable-decls",
        "ruby-text",
        "note-citation",
    }
)
_COLOURED = frozenset({"frame", "custom-shape", "page", "rect", "ellipse", "path", "table-cell"})


class OdfInline:
    """Reads words; numbers the notes of the document from 1."""

    def __init__(self, styles: OdfStyles) -> None:
        self._styles = styles
        self._notes = 0

    def words(self, element: Element, notes: list[str], depth: int) -> str:
        """The words of a paragraph; what its notes say is added to `notes`."""
        pieces = [words_of(element.text)]
        for child in element:
            name = local_name(child)
            if name == "s":
                told = child.get(f"{TEXT}c") or "1"
                pieces.append(
                    " " * (min(int(told), MAX_REPEATED) if told.isdecimal() and len(told) < 6 else 1)
                )
            elif name in ("tab", "line-break"):
                pieces.append("\n" if name == "line-break" else " ")
            elif name == "note":
                pieces.append(self._note(child, notes, depth))
            elif name == "annotation":
                notes += filter(None, [self.comment(child, depth)])
            elif name and name not in SKIPPED and name not in HANGING and depth < 6 * MAX_DEPTH:
                words = self.words(child, notes, depth + 1)
                style = child.get(f"{TEXT}style-name")
                if self._styles.is_raised(style):
                    words = raised(words, "".join(pieces)[-1:])
                unseen = name.startswith("hidden-") or self._styles.is_hidden(style, on_page=on_page(element))
                pieces.append(hide(words_of(words)) if unseen else words)
            pieces.append(words_of(child.tail))
        return "".join(pieces)

    def _note(self, note: Element, notes: list[str], depth: int) -> str:
        self._notes += 1
        body = note.find(f"{TEXT}note-body")
        if body is not None:
            notes.append(f"[^{self._notes}]: {self.cell(body, depth + 1)}")
        return f"[^{self._notes}]"

    def comment(self, annotation: Element, depth: int) -> str:
        """What somebody said about the words of a paragraph, or about a slide, on one line."""
        around = next(
            (above for above in annotation.iterancestors() if local_name(above) in ("p", "h")), None
        )
        seen = around is not None and self._is_seen(around)
        place = place_of(annotation, around, self._is_seen) if around is not None and seen else ""
        return comment_line(annotation, place, lambda said: self.cell(said, depth + 1))

    def _is_seen(self, element: Element) -> bool:
        name = local_name(element)
        if name in SKIPPED or name in HANGING or name == "note" or name.startswith("hidden-"):
            return False
        return not self._styles.is_hidden(element.get(f"{TEXT}style-name"), on_page=on_page(element))

    def rows(self, table: Element, depth: int) -> list[list[str]]:
        """The rows; a merged cell is repeated, so that each row can be read by itself."""
        grid: list[list[str]] = []
        for row in _table_rows(table):
            words: list[str] = []
            across = 0
            for cell in children(row):
                content, across = self._cell_words(cell, words, grid, across, depth)
                words += [content] * _repeated(cell, "number-columns-repeated")
            grid += [words] * (_repeated(row, "number-rows-repeated") if any(words) else 1)
        return grid

    def _cell_words(
        self, cell: Element, left: list[str], above: list[list[str]], across: int, depth: int
    ) -> tuple[str, int]:
        """The words of a cell, and how many covered cells to its right belong to it."""
        if local_name(cell) != "covered-table-cell":
            return self.cell(cell, depth + 1), _repeated(cell, "number-columns-spanned") - 1
        if across > 0 and left:
            return left[-1], across - 1
        column = len(left)
        return (above[-1][column] if above and column < len(above[-1]) else ""), 0

    def cell(self, cell: Element, depth: int) -> str:
        """The words of a cell or a note on one line."""
        pieces: list[str] = []
        for element in children(cell) if depth < MAX_DEPTH else ():
            if local_name(element) in ("p", "h"):
                notes: list[str] = []
                pieces += [self.words(element, notes, depth), *map(_aside, notes)]
                for frame in element.iter(f"{DRAW}frame"):
                    pieces.append(description(frame.findtext(f"{SVG}desc") or frame.findtext(f"{SVG}title")))
            elif local_name(element) not in SKIPPED:
                pieces.append(self.cell(element, depth + 1))
        return " ".join(filter(None, (" ".join(piece.split()) for piece in pieces)))


def _aside(note: str) -> str:
    """In a line with other words a comment is set apart; a note has its number."""
    return note if note.startswith("[^") else f"({note})"


def on_page(element: Element) -> bool:
    """Whether an element stands on the page itself and not in a shape or a cell."""
    return not any(local_name(above) in _COLOURED for above in element.iterancestors())


def _table_rows(table: Element) -> Iterator[Element]:
    for element in children(table):
        if element.tag == f"{TABLE}table-row":
            yield element
        elif local_name(element) in ("table-header-rows", "table-rows", "table-row-group"):
            yield from _table_rows(element)


def _repeated(element: Element, name: str) -> int:
    """How often a row or a cell is meant, 100 times at most."""
    told = element.get(f"{TABLE}{name}") or "1"
    return max(1, min(MAX_REPEATED, int(told))) if told.isdecimal() and len(told) < 8 else 1
