"""Typesets `pdf_sources/*.md` into the PDF documents of the demo corpus.

Run `python -m ingest.demo.make_pdfs` after editing a source, and commit the
result. The dates inside a PDF come from its source, never from the clock, so
an unchanged source gives an unchanged file.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Self

import yaml
from fpdf import FPDF, FontFace
from fpdf.enums import Align, TableBordersLayout, XPos, YPos
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

HERE = Path(__file__).resolve().parent
SOURCES = HERE / "pdf_sources"
CORPUS = HERE / "corpus"

FONT = "Helvetica"
INK = (34, 38, 43)
ACCENT = (22, 78, 99)
FAINT = (110, 118, 126)
RULE = (190, 200, 206)
TINT = (236, 242, 245)
MARGIN_MM = 20
LINE_MM = 4.9
LIST_INDENT_MM = 6
BODY_PT = 10
BULLET = "\u2022"
TOP_HEADING = 2

MARKDOWN = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True)
class Source:
    """A document as it was written; `output` is relative to the corpus."""

    title: str
    number: str
    updated: date
    owner: str
    output: str
    body: str

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a source file.

        Raises:
            ValueError: the file does not begin with a YAML front matter.
            TypeError: the front matter lacks a field or has an unknown one.
        """
        opening, front_matter, body = path.read_text(encoding="utf-8").split("---\n", 2)
        if opening:
            raise ValueError(f"{path.name} does not begin with a front matter")
        return cls(body=body, **yaml.safe_load(front_matter))


class PolicyPDF(FPDF):
    """A4 pages with the document's number above and the page number below."""

    def __init__(self, source: Source) -> None:
        super().__init__(format="A4")
        self.source = source
        # The reading fonts of every viewer; this encoding has the bullet and the dashes.
        self.core_fonts_encoding = "cp1252"
        self.set_margin(MARGIN_MM)
        self.set_auto_page_break(auto=True, margin=MARGIN_MM)
        self.set_title(f"{source.title} ({source.number})")
        self.set_author("Skerrow Instruments Ltd")
        self.set_lang("en-IE")
        self.set_creation_date(datetime.combine(source.updated, time(9), UTC))

    def header(self) -> None:
        self.set_y(12)
        self.set_font(FONT, size=8.5)
        self.set_text_color(*FAINT)
        self.cell(w=self.epw / 2, text="Skerrow Instruments")
        self.cell(w=self.epw / 2, text=f"{self.source.number} · {self.source.title}", align=Align.R)
        self.set_y(MARGIN_MM)

    def footer(self) -> None:
        self.set_y(-14)
        self.set_font(FONT, size=8.5)
        self.set_text_color(*FAINT)
        self.cell(w=self.epw, text=f"Page {self.page_no()} of {{nb}}", align=Align.C)


def render(source: Source) -> bytes:
    """Typeset one source; the text can be selected and extracted."""
    pdf = PolicyPDF(source)
    pdf.add_page()
    _write_title(pdf, source)
    for block in SyntaxTreeNode(MARKDOWN.parse(source.body)).children:
        _write_block(pdf, block, indent_mm=0)
    return bytes(pdf.output())


def _write_title(pdf: FPDF, source: Source) -> None:
    pdf.set_text_color(*ACCENT)
    pdf.set_font(FONT, style="B", size=21)
    pdf.cell(h=10, text=source.title, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.set_text_color(*FAINT)
    pdf.set_font(FONT, size=9.5)
    edition = f"{source.number} · {source.updated.day} {source.updated:%B %Y} · {source.owner}"
    pdf.cell(h=6, text=edition, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.set_draw_color(*ACCENT)
    pdf.line(pdf.l_margin, pdf.y + 2, pdf.l_margin + pdf.epw, pdf.y + 2)
    pdf.ln(6)


def _write_block(pdf: FPDF, block: SyntaxTreeNode, indent_mm: float) -> None:
    match block.type:
        case "heading":
            _write_heading(pdf, block)
        case "paragraph":
            _write_text(pdf, block, indent_mm)
            pdf.ln(2)
        case "bullet_list" | "ordered_list":
            _write_list(pdf, block, indent_mm)
            pdf.ln(2)
        case "table":
            _write_table(pdf, block)
        case _:
            raise ValueError(f"no typesetting for {block.type}")


def _write_heading(pdf: FPDF, block: SyntaxTreeNode) -> None:
    # A heading alone at the foot of a page would part from its text.
    if pdf.will_page_break(24):
        pdf.add_page()
    pdf.ln(3)
    level = int(block.tag.removeprefix("h"))
    text = block.children[0].content
    pdf.start_section(text, level=level - TOP_HEADING)
    pdf.set_font(FONT, style="B", size=13 if level == TOP_HEADING else 11)
    pdf.set_text_color(*ACCENT)
    pdf.multi_cell(w=0, h=7, text=text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.ln(1)


def _write_text(pdf: FPDF, block: SyntaxTreeNode, indent_mm: float) -> None:
    pdf.set_font(FONT, size=BODY_PT)
    pdf.set_text_color(*INK)
    pdf.set_x(pdf.l_margin + indent_mm)
    text = _fpdf_markup(block)
    pdf.multi_cell(
        w=0, h=LINE_MM, text=text, align=Align.L, markdown=True, new_x=XPos.LMARGIN, new_y=YPos.NEXT
    )


def _write_list(pdf: FPDF, block: SyntaxTreeNode, indent_mm: float) -> None:
    for position, item in enumerate(block.children, start=1):
        marker = f"{position}." if block.type == "ordered_list" else BULLET
        if pdf.will_page_break(LINE_MM):
            pdf.add_page()
        pdf.set_font(FONT, size=BODY_PT)
        pdf.set_text_color(*INK)
        pdf.set_x(pdf.l_margin + indent_mm)
        pdf.cell(w=LIST_INDENT_MM, h=LINE_MM, text=marker)
        for part in item.children:
            if part.type == "paragraph":
                _write_text(pdf, part, indent_mm + LIST_INDENT_MM)
            else:
                _write_block(pdf, part, indent_mm + LIST_INDENT_MM)
        pdf.ln(0.6)


def _write_table(pdf: FPDF, block: SyntaxTreeNode) -> None:
    grid = [row.children for section in block.children for row in section.children]
    rows = [[_fpdf_markup(cell) for cell in row] for row in grid]
    aligns = [Align.R if "right" in str(cell.attrs.get("style")) else Align.L for cell in grid[0]]
    pdf.set_font(FONT, size=BODY_PT - 0.5)
    pdf.set_text_color(*INK)
    pdf.set_draw_color(*RULE)
    with pdf.table(
        rows,
        align=Align.L,
        borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        col_widths=_column_widths(pdf, rows),
        headings_style=FontFace(emphasis="BOLD", color=ACCENT, fill_color=TINT),
        line_height=LINE_MM,
        markdown=True,
        padding=(0.8, 2),
        text_align=tuple(aligns),
    ):
        pass
    pdf.ln(3)


def _column_widths(pdf: FPDF, rows: list[list[str]]) -> tuple[float, ...]:
    """Relative widths: by the longest cell, but no column takes more than half a line."""
    return tuple(
        min(max(pdf.get_string_width(cell) for cell in column) + 6, pdf.epw / 2)
        for column in zip(*rows, strict=True)
    )


def _fpdf_markup(node: SyntaxTreeNode) -> str:
    """Inline Markdown in the dialect of fpdf2: **bold** and __italics__."""
    inner = "".join(_fpdf_markup(child) for child in node.children)
    match node.type:
        case "text" | "code_inline":
            return node.content
        case "softbreak":
            return " "
        case "strong":
            return f"**{inner}**"
        case "em":
            return f"__{inner}__"
        case _:
            return inner


def main() -> None:
    for path in sorted(SOURCES.glob("*.md")):
        source = Source.read(path)
        target = CORPUS / source.output
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(render(source))


if __name__ == "__main__":
    main()
