"""Markdown that is written block by block keeps its structure, its pages and what is hidden."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from ingest.parsers.markdown import markdown_blocks
from ingest.parsers.markup import MarkdownWriter, hide
from ingest.parsers.omml import latex
from tests.ingest.office_files import M, kinds

WORDS = st.text("ab|#-=`~<>*_1. \n\t\\&", min_size=1, max_size=30)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["paragraph", "heading", "item", "code", "table", "page"]), WORDS)))
def test_whatever_the_words_the_document_is_sound(blocks: list[tuple[str, str]]) -> None:
    out = MarkdownWriter()
    out.paragraph("begin")
    for kind, words in blocks:
        if kind == "heading":
            out.heading(2, words)
        elif kind == "table":
            out.table([[words, "x"], ["y", words]])
        elif kind == "page":
            out.end_page()
        else:
            getattr(out, kind)(words)
    document = out.document()
    assert kinds(document).count("table") == sum(kind == "table" for kind, _ in blocks)
    if document.pages:
        assert document.pages[0][0] == 0
        assert document.pages[-1][1] == len(document.text)
        assert all(one[1] == two[0] for one, two in zip(document.pages, document.pages[1:], strict=False))


def test_hidden_words_are_found_where_they_stand() -> None:
    out = MarkdownWriter()
    out.paragraph(f"Seen {hide('unseen')} seen.")
    out.table([["a", hide("b | c")]])
    document = out.document()
    assert [document.text[start:end] for start, end in document.hidden] == ["unseen", "b \\| c"]


def test_items_never_become_code() -> None:
    out = MarkdownWriter()
    out.item("deep", 5)
    out.item("deeper", 7, "3.")
    out.item("top")
    assert out.document().text == "- deep\n    3. deeper\n- top"


def test_empty_rows_and_columns_are_left_out() -> None:
    out = MarkdownWriter()
    out.table([["", "", ""], ["a", "", "b"], ["", "", ""], ["c"]])
    assert out.document().text == "| a | b |\n| --- | --- |\n| c |  |"


def test_table_of_a_million_cells_takes_no_million_tokens() -> None:
    """Case 29."""
    text = "| a | b | c | d | e |\n|---|---|---|---|---|\n" + "| 1 | 2 | 3 | 4 | 5 |\n" * 100_000 + "\nEnd."
    started = time.process_time()
    blocks = markdown_blocks(text)
    assert [block.kind for block in blocks] == ["table", "paragraph"]
    assert time.process_time() - started < 15


@pytest.mark.parametrize(
    ("omml", "wanted"),
    [
        ("<m:rad><m:deg/><m:e><m:r><m:t>x</m:t></m:r></m:e></m:rad>", r"\sqrt{x}"),
        ("<m:d><m:e><m:r><m:t>x</m:t></m:r></m:e></m:d>", r"\left(x\right)"),
        (
            '<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr><m:sub><m:r><m:t>i</m:t></m:r></m:sub><m:sup/>'
            "<m:e><m:r><m:t>x≤2</m:t></m:r></m:e></m:nary>",
            r"\sum_{i} x \leq 2",
        ),
        (
            "<m:func><m:fName><m:r><m:t>log</m:t></m:r></m:fName><m:e><m:r><m:t>α</m:t></m:r></m:e></m:func>",
            r"\log \alpha",
        ),
        (
            "<m:m><m:mr><m:e><m:r><m:t>a</m:t></m:r></m:e><m:e><m:r><m:t>b</m:t></m:r></m:e></m:mr></m:m>",
            r"\begin{matrix}a & b\end{matrix}",
        ),
        ("<m:acc><m:e><m:r><m:t>x</m:t></m:r></m:e></m:acc>", r"\hat{x}"),
    ],
)
def test_formulas_of_office_are_latex(omml: str, wanted: str) -> None:
    assert latex(etree.fromstring(f"<m:oMath {M}>{omml}</m:oMath>")) == wanted
