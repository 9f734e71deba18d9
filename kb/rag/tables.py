"""Cells of a table: a value stands in the row and in the column that a sentence names."""

from __future__ import annotations

from collections.abc import Sequence

from kb.rag.reading import Reading, read
from kb.rag.statements import Statement
from kb.rag.window import Window
from kb.rag.wordlists import STOP_WORDS
from kb.rag.words import stem, tokens


def cell_differs(claim: Reading, window: Window) -> bool:
    """Whether a number or a word of the claim stands in another cell of its table than the claim says.

    A claim names a row by the words of its first cell, and a column by those words of its head that no other
    head has. Where it names none, any will do.
    """
    said = frozenset(stem(token) for token in claim.all_tokens)
    return any(
        _other_cell(claim, said, _table(window, statement))
        for statement in window.statements
        if statement.cells
    )


def _table(window: Window, row: Statement) -> list[Statement]:
    return [item for item in window.everything if item.cells and item.lead == row.lead]


def _other_cell(claim: Reading, said: frozenset[str], table: Sequence[Statement]) -> bool:
    labels = [_label(row.cells[0]) for row in table]
    named = [label for label in labels if label and label <= said]
    rows = [at for at, label in enumerate(labels) if label in named and not any(label < x for x in named)]
    columns = _named_columns(said, table[0].columns)
    if not rows and not columns:
        return False
    chosen = rows or range(len(table))
    naming = {word for at in rows for word in labels[at]}.union(
        *(_stems(table[0].columns[at]) for at in columns)
    )
    if any(
        item.value not in naming and _number_elsewhere(item.value, table, chosen, columns)
        for item in claim.quantities
        if not item.implied
    ):
        return True
    return bool(rows and columns) and any(
        _word_elsewhere(word, table, rows, columns) for word in frozenset(claim.stems) - naming
    )


def _number_elsewhere(
    value: str, table: Sequence[Statement], rows: Sequence[int], columns: Sequence[int]
) -> bool:
    """Whether a number stands in this table, but in none of these cells; a column without numbers is none."""
    values = [[_values(cell) for cell in row.cells] for row in table]
    if not any(value in cell for row in values for cell in row[1:]):
        return False
    columns = [at for at in columns if any(values[row][at] for row in rows)] or range(1, len(values[0]))
    return not any(value in values[row][at] for row in rows for at in columns)


def _word_elsewhere(
    word: str, table: Sequence[Statement], rows: Sequence[int], columns: Sequence[int]
) -> bool:
    """Whether a word stands in the named rows or columns, but neither where they cross nor as a name."""
    cells = [[_stems(cell) for cell in row.cells] for row in table]
    heads = _stems(" ".join(table[0].columns))
    if word in heads or any(word in row[0] for row in cells):
        return False
    if any(word in cells[row][at] for row in rows for at in columns):
        return False
    return any(word in cell for row in rows for cell in cells[row]) or any(
        word in row[at] for row in cells for at in columns
    )


def _named_columns(said: frozenset[str], heads: Sequence[str]) -> list[int]:
    stems = [_stems(head) for head in heads]
    own = [
        words.difference(*(other for place, other in enumerate(stems) if place != at))
        for at, words in enumerate(stems)
    ]
    return [at for at, words in enumerate(own) if at and words and words <= said]


def _label(cell: str) -> frozenset[str]:
    """What names a row; a mere number may be a rank, but four digits are a year."""
    stems = _stems(cell)
    return stems if any(not word.isdigit() or len(word) == 4 for word in stems) else frozenset()


def _stems(text: str) -> frozenset[str]:
    """Of the content words, or where there are none, of all: "Pro" is a plan, and German for "per"."""
    words = tokens(text)
    content = [word for word in words if word not in STOP_WORDS]
    return frozenset(stem(word) for word in content or words if content or len(word) > 1)


def _values(cell: str) -> frozenset[str]:
    return frozenset(item.value for item in read(cell).quantities if not item.implied)
