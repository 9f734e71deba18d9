"""What hangs on the sheets of an XLSX file beside the cells: comments, charts and text boxes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ingest.parsers.charts import Chart, read_chart
from ingest.parsers.ooxml import A, C, Package, R, S, words_of
from ingest.parsers.sheet_cells import column_number
from ingest.parsers.xml_tree import Element, children, local_name

# How Excel repeats a thread of comments for older programs.
_REPEATED = "tc={"
# The reader of cells keeps a place of 32 bytes for each between the first and the last.
MAX_AREA_CELLS = 12_000_000
_NEAR_COLUMNS = 26
_LAST_ROW = re.compile(rb'\br="(\d{1,7})"')
_FAR_COLUMN = re.compile(rb'\br="([A-Z]{2,3})\d{1,7}"[^<>/]*>')
_TAG_BYTES = 500


@dataclass
class SheetExtras:
    """Of one sheet, in the order of the file."""

    comments: list[str] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


def sheet_parts(package: Package) -> dict[str, str]:
    """The part of each sheet by its name; empty for a file that is no XLSX."""
    main = package.main_part("xl/workbook.xml")
    root = package.xml(main) if main.endswith(".xml") else None
    if root is None:
        return {}
    relations = package.relations(main)
    return {
        sheet.get("name") or "": relations.get(sheet.get(f"{R}id") or "", ("", ""))[1]
        for sheet in root.iterfind(f"{S}sheets/{S}sheet")
    }


def extras_of(package: Package) -> dict[str, SheetExtras]:
    """By the name of the sheet; empty for a file that is no XLSX."""
    parts = sheet_parts(package)
    people = _people(package, package.main_part("xl/workbook.xml")) if parts else {}
    return {name: _extras(package, part, people) for name, part in parts.items()}


def far_apart(package: Package) -> bool:
    """Whether cells of a sheet are so far apart that all the room between them would not fit into memory."""
    for name in package.names():
        if not (name.startswith("xl/worksheets/") and name.endswith(".xml")):
            continue
        data = package.data(name) or b""
        # Rows and cells that only have a format take no place.
        last = max(data.rfind(b"<v"), data.rfind(b"<is"))
        begin = data.rfind(b"<row", 0, max(0, last))
        rows = _LAST_ROW.findall(data[begin : begin + _TAG_BYTES]) if last > begin >= 0 else []
        columns = max(
            (column_number(letters) for letters in set(_FAR_COLUMN.findall(data))), default=_NEAR_COLUMNS
        )
        if rows and int(rows[0]) * columns > MAX_AREA_CELLS:
            return True
    return False


def _extras(package: Package, part: str, people: dict[str, str]) -> SheetExtras:
    extras = SheetExtras()
    for kind, target in package.relations(part).values():
        root = package.xml(target) if kind in ("comments", "threadedComment", "drawing") else None
        if root is None:
            continue
        if kind == "comments":
            extras.comments += _comments(root)
        elif kind == "threadedComment":
            extras.comments += _threads(root, people)
        else:
            extras.texts += list(_shape_texts(root))
            extras.charts += list(_charts(package, target, root))
    return extras


def _people(package: Package, main: str) -> dict[str, str]:
    found = {}
    for part in package.related(main, "person"):
        root = package.xml(part)
        for person in children(root) if root is not None else ():
            found[person.get("id") or ""] = words_of(person.get("displayName"))
    return found


def _comments(root: Element) -> Iterator[str]:
    authors = [words_of(author.text) for author in root.iterfind(f"{S}authors/{S}author")]
    for comment in root.iterfind(f"{S}commentList/{S}comment"):
        index = comment.get("authorId") or ""
        known = index.isdecimal() and len(index) < 6 and int(index) < len(authors)
        author = authors[int(index)] if known else ""
        if author.startswith(_REPEATED):
            continue
        # A reading aid (w:rPh) repeats words in another script.
        runs = comment.iterfind(f"{S}text/{S}r/{S}t")
        words = words_of(comment.findtext(f"{S}text/{S}t")) + "".join(words_of(run.text) for run in runs)
        yield _said(author, comment.get("ref"), words)


def _threads(root: Element, people: dict[str, str]) -> Iterator[str]:
    for comment in children(root):
        words = next((words_of(child.text) for child in children(comment) if local_name(child) == "text"), "")
        yield _said(people.get(comment.get("personId") or "", ""), comment.get("ref"), words)


def _said(author: str, cell: str | None, words: str) -> str:
    # Excel puts the name of the author before what is said, too.
    words = words.strip().removeprefix(f"{author}:").strip()
    return f"Comment on {words_of(cell)}{f' by {author}' if author else ''}: {words}" if words else ""


def _shape_texts(root: Element) -> Iterator[str]:
    for body in root.iter():
        if local_name(body) == "txBody":
            lines = ("".join(words_of(run.text) for run in line.iter(f"{A}t")) for line in body.iter(f"{A}p"))
            yield "\n".join(lines)


def _charts(package: Package, part: str, root: Element) -> Iterator[Chart]:
    relations = package.relations(part)
    for reference in root.iter(f"{C}chart"):
        chart = package.xml(relations.get(reference.get(f"{R}id") or "", ("", ""))[1])
        if chart is not None:
            yield read_chart(chart)
