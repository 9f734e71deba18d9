"""Charts of Office documents: their title, and the numbers they were drawn from as a table."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.parsers.ooxml import A, C, words_of
from ingest.parsers.xml_tree import Element

MAX_POINTS = 2_000


@dataclass(frozen=True)
class Chart:
    """A chart's words; the first row of the table names its series."""

    title: str
    rows: list[list[str]]


def read_chart(root: Element) -> Chart:
    """Read a chart part; what it shows is kept in it beside the reference to the sheet."""
    title = "".join(words_of(run.text) for run in root.iterfind(f"{C}chart/{C}title//{A}t"))
    names: list[str] = []
    columns: list[dict[int, str]] = []
    labels: dict[int, str] = {}
    for series in root.iter(f"{C}ser"):
        names.append(" ".join(_points(series.find(f"{C}tx")).values()))
        columns.append(_points(_first(series, "val", "yVal")))
        for index, label in _points(_first(series, "cat", "xVal")).items():
            labels.setdefault(index, label)
    indices = sorted({index for column in (labels, *columns) for index in column})[:MAX_POINTS]
    rows = [[labels.get(index, ""), *(column.get(index, "") for column in columns)] for index in indices]
    return Chart(title, [["", *names], *rows] if rows else [])


def _first(series: Element, *names: str) -> Element | None:
    return next((found for name in names if (found := series.find(f"{C}{name}")) is not None), None)


def _points(data: Element | None) -> dict[int, str]:
    """The cached values by their index; of labels in levels the innermost."""
    if data is None:
        return {}
    level = data.find(f".//{C}lvl")
    holder = data if level is None else level
    points = {}
    for point in holder.iter(f"{C}pt"):
        index = point.get("idx") or ""
        if index.isdecimal():
            points[int(index)] = shown_number(words_of(point.findtext(f"{C}v")))
    if not points and (direct := data.findtext(f"{C}v")):
        points[0] = words_of(direct)
    return points


def shown_number(value: str) -> str:
    """A number without the digits that come from binary fractions: 2.9 for 2.8999999999999999."""
    if len(value) < 12 or "." not in value or not value.replace(".", "", 1).lstrip("-").isdecimal():
        return value
    return f"{float(value):.12g}"
