"""Office files of a few lines, made by the tests themselves."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

from ingest.parsers.base import ParsedDocument, Parser

OOXML = "http://schemas.openxmlformats.org"
RELATIONS = f"{OOXML}/officeDocument/2006/relationships"
W = f'xmlns:w="{OOXML}/wordprocessingml/2006/main"'
R = f'xmlns:r="{RELATIONS}"'
A = f'xmlns:a="{OOXML}/drawingml/2006/main"'
P = f'xmlns:p="{OOXML}/presentationml/2006/main"'
S = f'xmlns="{OOXML}/spreadsheetml/2006/main"'
M = f'xmlns:m="{OOXML}/officeDocument/2006/math"'
TYPES = f'<Types xmlns="{OOXML}/package/2006/content-types"/>'
CORE = (
    '<cp:coreProperties xmlns:cp="x" xmlns:dc="y" xmlns:dcterms="z"><dc:title>{title}</dc:title>'
    "<dc:creator>Jane Doe</dc:creator><dcterms:created>2024-03-01T10:00:00Z</dcterms:created>"
    "<dc:language>en-GB</dc:language></cp:coreProperties>"
)
_OASIS = "urn:oasis:names:tc:opendocument:xmlns"
ODF = " ".join(
    f'xmlns:{prefix}="{_OASIS}:{name}:1.0"'
    for prefix, name in (
        *(
            ("office", "office"),
            ("text", "text"),
            ("table", "table"),
            ("draw", "drawing"),
            ("style", "style"),
        ),
        *(("fo", "xsl-fo-compatible"), ("svg", "svg-compatible"), ("presentation", "presentation")),
        *(("chart", "chart"), ("meta", "meta")),
    )
)
Parts = Mapping[str, str | bytes]


def archive(path: Path, parts: Parts) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return path


def relations(*entries: tuple[str, str, str]) -> str:
    """Of entries (id, kind, target)."""
    rows = "".join(
        f'<Relationship Id="{identity}" Type="{RELATIONS}/{kind}" Target="{target}"/>'
        for identity, kind, target in entries
    )
    return f'<Relationships xmlns="{OOXML}/package/2006/relationships">{rows}</Relationships>'


def docx_parts(body: str, parts: Parts | None = None, *more: tuple[str, str, str]) -> dict[str, str | bytes]:
    return {
        "[Content_Types].xml": TYPES,
        "_rels/.rels": relations(("m", "officeDocument", "word/document.xml")),
        "word/document.xml": f"<w:document {W} {R} {M}><w:body>{body}</w:body></w:document>",
        "word/_rels/document.xml.rels": relations(*more),
        **(parts or {}),
    }


def pptx_parts(*slides: str, parts: Parts | None = None) -> dict[str, str | bytes]:
    """Each slide as what stands in its p:spTree, or with its own p:sld around it."""
    ids = "".join(f'<p:sldId id="{number}" r:id="s{number}"/>' for number in range(len(slides)))
    made: dict[str, str | bytes] = {
        "[Content_Types].xml": TYPES,
        "_rels/.rels": relations(("m", "officeDocument", "ppt/presentation.xml")),
        "ppt/presentation.xml": f"<p:presentation {P} {R}><p:sldIdLst>{ids}</p:sldIdLst></p:presentation>",
        "ppt/_rels/presentation.xml.rels": relations(
            *((f"s{number}", "slide", f"slides/slide{number}.xml") for number in range(len(slides)))
        ),
    }
    for number, slide in enumerate(slides):
        whole = slide if slide.startswith("<p:sld") else slide_of(slide)
        made[f"ppt/slides/slide{number}.xml"] = whole
    return {**made, **(parts or {})}


def slide_of(shapes: str, attributes: str = "") -> str:
    return f"<p:sld {P} {A} {R} {attributes}><p:cSld><p:spTree>{shapes}</p:spTree></p:cSld></p:sld>"


def shape(words: str, placeholder: str = "") -> str:
    lines = "".join(f"<a:p><a:r><a:t>{line}</a:t></a:r></a:p>" for line in words.split("\n"))
    kind = f'<p:ph type="{placeholder}"/>' if placeholder else ""
    return f"<p:sp><p:nvSpPr><p:cNvPr/><p:nvPr>{kind}</p:nvPr></p:nvSpPr><p:txBody>{lines}</p:txBody></p:sp>"


def xlsx_parts(
    sheets: Mapping[str, str], attributes: Mapping[str, str] | None = None, parts: Parts | None = None
) -> dict[str, str | bytes]:
    """Sheets by name, each as what stands in its worksheet."""
    rows = "".join(
        f'<sheet name="{name}" sheetId="{number}" r:id="r{number}" {(attributes or {}).get(name, "")}/>'
        for number, name in enumerate(sheets, 1)
    )
    main = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    made: dict[str, str | bytes] = {
        "[Content_Types].xml": TYPES.replace(
            "/>", f'><Override PartName="/xl/workbook.xml" ContentType="{main}"/></Types>'
        ),
        "_rels/.rels": relations(("m", "officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f"<workbook {S} {R}><sheets>{rows}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": relations(
            *(
                (f"r{number}", "worksheet", f"worksheets/sheet{number}.xml")
                for number in range(1, len(sheets) + 1)
            )
        ),
    }
    for number, content in enumerate(sheets.values(), 1):
        made[f"xl/worksheets/sheet{number}.xml"] = f"<worksheet {S} {R}>{content}</worksheet>"
    return {**made, **(parts or {})}


def sheet_data(*rows: list[str | float | None]) -> str:
    """Rows of cells from A1."""
    lines = []
    for number, row in enumerate(rows, 1):
        cells = []
        for column, value in zip("ABCDEFGHIJ", row, strict=False):
            if isinstance(value, str):
                cells.append(f'<c r="{column}{number}" t="inlineStr"><is><t>{value}</t></is></c>')
            elif value is not None:
                cells.append(f'<c r="{column}{number}"><v>{value}</v></c>')
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    return f"<sheetData>{''.join(lines)}</sheetData>"


def odf_parts(kind: str, body: str, styles: str = "", parts: Parts | None = None) -> dict[str, str | bytes]:
    """Kind: text, presentation or spreadsheet."""
    return {
        "mimetype": f"application/vnd.oasis.opendocument.{kind}",
        "content.xml": (
            f"<office:document-content {ODF}><office:automatic-styles>{styles}</office:automatic-styles>"
            f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
        ),
        **(parts or {}),
    }


def parsed(parser: Parser, path: Path) -> ParsedDocument:
    """Parse, and see that what is hidden is marked where it stands."""
    document = parser.parse(path)
    assert all(document.text[start:end].strip() for start, end in document.hidden)
    return document


def hidden_words(document: ParsedDocument) -> list[str]:
    return [document.text[start:end] for start, end in document.hidden]


def kinds(document: ParsedDocument) -> list[str]:
    return [block.kind for block in document.blocks]
