"""Which years a source speaks of: its own, or where it names none, those of what it stands in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from kb.rag.statements import Statement
from kb.rag.window import Window

_YEAR = re.compile(r"(?<!\d)(?<!\d[.,])(?:1[5-9]|20)\d\d(?![.,]?\d)")


def years_of(window: Window) -> frozenset[int]:
    """The years that a sentence about these statements may name.

    What the statements or the headings above them name leaves no other. Where they name none, the year of
    their paragraph or of the title may be meant, and only then one from farther off: but not one that another
    heading gives to its own part.
    """
    statements = window.statements
    if own := named(statements) | frozenset(year for item in statements for year in _above(item)):
        return own
    title = frozenset(int(item) for item in window.context if item.isdigit() and len(item) == 4)
    return (named(_paragraph(window)) | title) or named(
        item for item in window.everything if item.block != "h" and not _above(item)
    )


def named(statements: Iterable[Statement]) -> frozenset[int]:
    """The years that statements name, with the words that they hang on."""
    return frozenset(year for statement in statements for year in statement.reading.years)


def _above(statement: Statement) -> frozenset[int]:
    return frozenset(int(year) for heading in statement.headings for year in _YEAR.findall(heading))


def _paragraph(window: Window) -> Iterator[Statement]:
    """The statements between the blank lines around the window."""
    text, first, last = window.passage_text, window.statements[0], window.statements[-1]
    begin = text.rfind("\n\n", 0, first.start) + 1
    end = text.find("\n\n", last.end)
    for statement in window.everything:
        if statement.block != "h" and begin <= statement.start and (end < 0 or statement.end <= end):
            yield statement
