"""Tables of a page made plain: Markdown has no merged cells, no tables in tables and none for layout."""

from __future__ import annotations

import copy

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString

MAX_SPAN = 100
# Merged cells are written into each place that they cover; beyond this many, only into the first.
MAX_COPIES = 20_000
_LONG_CELL_CHARS = 500
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_LAYOUT_ROLES = frozenset({"presentation", "none"})


def flatten_tables(page: BeautifulSoup) -> None:
    """Unwrap tables that only place things, put inner tables as words into their cell, repeat merged cells.

    A merged cell is repeated so that each row can be read by itself.
    """
    for table in page.find_all("table"):
        if _is_layout(table):
            _unwrap(table)
    copies = MAX_COPIES
    for table in reversed(page.find_all("table")):
        if table.find_parent(("td", "th")) is not None:
            table.replace_with(f" {' '.join(table.get_text(' ').split())} ")
        else:
            _put_in_order(table)
            copies -= _repeat_merged(table, copies)
            _escape_bars(table)


def _rows(table: Tag) -> list[Tag]:
    """The rows of a table, without those of tables inside of it."""
    found: list[Tag] = []
    for child in table.children:
        if isinstance(child, Tag):
            if child.name == "tr":
                found.append(child)
            elif child.name in ("thead", "tbody", "tfoot"):
                found += _rows(child)
    return found


def _cells(row: Tag) -> list[Tag]:
    return [child for child in row.children if isinstance(child, Tag) and child.name in ("td", "th")]


def _is_layout(table: Tag) -> bool:
    if table.get("role") in _LAYOUT_ROLES:
        return True
    cells = [cell for row in _rows(table) for cell in _cells(row)]
    if len(cells) <= 1:
        return True
    if table.find("table") is None and table.find(_HEADINGS) is None:
        return False
    longest = max(len(cell.get_text()) for cell in cells)
    return longest > max(_LONG_CELL_CHARS, len(table.get_text()) / 2)


def _unwrap(table: Tag) -> None:
    for row in _rows(table):
        for cell in _cells(row):
            cell.name = "div"
        row.name = "div"
    for section in table.find_all(("thead", "tbody", "tfoot"), recursive=False):
        section.name = "div"
    table.name = "div"


def _put_in_order(table: Tag) -> None:
    """The rows alone, the foot last, wherever the source has it; what else there is comes before."""
    rows = _rows(table)
    feet = [row for row in rows if row.parent is not None and row.parent.name == "tfoot"]
    heads = [row for row in rows if row.parent is not None and row.parent.name == "thead"]
    ends = {id(row) for row in [*heads, *feet]}
    ordered = [*heads, *(row for row in rows if id(row) not in ends), *feet]
    for row in rows:
        row.extract()
    others = [node for node in table.children if not isinstance(node, Tag) or node.name != "colgroup"]
    for node in others:
        before = BeautifulSoup("", "html.parser").new_tag("p")
        table.insert_before(before)
        before.append(node)
    table.clear()
    table.extend(ordered)


def _repeat_merged(table: Tag, budget: int) -> int:
    """Write merged cells into each place that they cover, while there is budget; how many were written."""
    if table.find(("td", "th"), attrs={"rowspan": True}) is None and (
        table.find(("td", "th"), attrs={"colspan": True}) is None
    ):
        return 0
    written = 0
    # By column, a cell that reaches down from above and how many more rows it covers.
    hanging: dict[int, tuple[Tag, int]] = {}
    for row in _rows(table):
        cells = _cells(row)
        placed: list[Tag] = []
        while cells or len(placed) in hanging:
            column = len(placed)
            if column in hanging:
                cell, left = hanging.pop(column)
                if left > 1:
                    hanging[column] = (cell, left - 1)
                placed.append(copy.copy(cell))
                written += 1
                continue
            cell = cells.pop(0)
            across, down = _span(cell, "colspan"), _span(cell, "rowspan")
            if written + across * down > budget:
                across = down = 1
            placed += [cell, *(copy.copy(cell) for _ in range(across - 1))]
            written += across - 1
            if down > 1:
                hanging.update({column + step: (cell, down - 1) for step in range(across)})
        for cell in placed:
            cell.attrs = {}
        row.clear()
        row.extend(placed)
    return written


def _span(cell: Tag, name: str) -> int:
    told = str(cell.get(name) or "1").strip()
    return min(MAX_SPAN, max(1, int(told))) if told.isdecimal() and len(told) < 6 else 1


def _escape_bars(table: Tag) -> None:
    for string in table.find_all(string=lambda text: text is not None and "|" in text):
        if type(string) is NavigableString and string.find_parent(("td", "th")) is not None:
            string.replace_with(string.replace("|", r"\|"))
