"""PDF: pages, paragraphs and headings from printed lines."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter

from ingest.parsers.base import ParsedDocument, ParseError
from ingest.parsers.pdf import PdfParser
from ingest.parsers.pdf_layout import document_style, page_paragraphs
from ingest.parsers.pdf_lines import Line
from tests.ingest.pdf_files import Pdf, encrypted, pictures

FIRST = "Every journey is booked in the travel portal before it begins, and never by telephone."


def shown(parsed: ParsedDocument) -> list[tuple[str, int, str]]:
    return [(block.kind, block.level, parsed.text[block.start : block.end]) for block in parsed.blocks]


def policy() -> Pdf:
    return (
        Pdf()
        .page()
        .line("Travel Policy", 24)
        .line("1. Booking", 16, gap=20)
        .lines("Every journey is booked in the travel portal before it begins, and never", "by telephone.")
        .lines("The portal shows rates in force. Short stays need no appro-", "val by the lead.")
        .line("Exceptions", 10, "B", gap=12)
        .lines("- late trains and everything else that nobody could have known before the", "  journey")
        .lines("- strikes", gap=0)
        .page()
        .line("2. Refunds", 16)
        .lines("Refunds take 14 days.")
    )


def test_printed_lines_become_paragraphs_and_headings(tmp_path: Path) -> None:
    parsed = PdfParser().parse(policy().write(tmp_path / "p.pdf"))
    assert shown(parsed) == [
        ("heading", 1, "# Travel Policy"),
        ("heading", 2, "## 1. Booking"),
        ("paragraph", 0, FIRST),
        ("paragraph", 0, "The portal shows rates in force. Short stays need no approval by the lead."),
        ("heading", 3, "### Exceptions"),
        ("list_item", 1, "- late trains and everything else that nobody could have known before the journey"),
        ("list_item", 1, "- strikes"),
        ("heading", 2, "## 2. Refunds"),
        ("paragraph", 0, "Refunds take 14 days."),
    ]
    assert parsed.format == "markdown"


def test_pages_are_spans_of_the_text(tmp_path: Path) -> None:
    pdf = policy()
    pdf.page()
    parsed = PdfParser().parse(pdf.page().lines("Last page.").write(tmp_path / "p.pdf"))
    pages = [parsed.text[start:end] for start, end in parsed.pages]
    assert pages[0].startswith("# Travel Policy")
    assert pages[0].endswith("- strikes")
    assert pages[1:] == ["## 2. Refunds\n\nRefunds take 14 days.", "", "Last page."]
    assert "\n\n".join(page for page in pages if page) == parsed.text
    assert parsed.metadata.pop("created")
    assert parsed.metadata == {"page_count": 4, "page_images": True, "pages_without_text": [3]}


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("Travel Policy 2024", "Travel Policy 2024"),
        ("Microsoft Word - policy_v3.docx", None),
        ("untitled", None),
        ("policy.pdf", None),
        ("", None),
    ],
)
def test_title_in_the_properties_counts_when_a_person_wrote_it(
    tmp_path: Path, written: str, title: str | None
) -> None:
    pdf = policy()
    pdf.pdf.set_title(written)
    assert PdfParser().parse(pdf.write(tmp_path / "p.pdf")).title == title


def test_properties_are_metadata(tmp_path: Path) -> None:
    made = Pdf().page().lines("Flights are booked in Voyago.")
    made.pdf.set_author("Ann Example, Bob B")
    made.pdf.set_subject("Travel")
    made.pdf.set_keywords("flights, hotels")
    made.pdf.set_lang("en-GB")
    made.pdf.set_creation_date(datetime(2024, 3, 1, 10, tzinfo=UTC))
    parsed = PdfParser().parse(made.write(tmp_path / "p.pdf"))
    told = {name: parsed.metadata.get(name) for name in ("author", "subject", "keywords", "language")}
    assert told == {
        "author": "Ann Example, Bob B",
        "subject": "Travel",
        "keywords": "flights, hotels",
        "language": "en-GB",
    }
    assert str(parsed.metadata["created"]).startswith("2024-03-01T10:00:00")


@pytest.mark.parametrize("author", ["(anonymous)", "anonymous", "Administrator", ""])
def test_author_that_a_program_made_up_is_none(tmp_path: Path, author: str) -> None:
    made = Pdf().page().lines("Flights are booked in Voyago.")
    made.pdf.set_author(author)
    made.pdf.set_title("(anonymous)")
    parsed = PdfParser().parse(made.write(tmp_path / "p.pdf"))
    assert "author" not in parsed.metadata
    assert parsed.title != "(anonymous)"


def test_outline_titles_are_headings(tmp_path: Path) -> None:
    plain = Pdf().page().lines("Scope:").lines("Who may go.").write(tmp_path / "plain.pdf")
    writer = PdfWriter(clone_from=PdfReader(plain))
    parent = writer.add_outline_item(title="Not in the text", page_number=0)
    writer.add_outline_item(title="SCOPE", page_number=0, parent=parent)
    with (tmp_path / "p.pdf").open("wb") as file:
        writer.write(file)
    parsed = PdfParser().parse(tmp_path / "p.pdf")
    assert shown(parsed) == [("heading", 2, "## Scope:"), ("paragraph", 0, "Who may go.")]


def test_password_is_asked_for(tmp_path: Path) -> None:
    """Case 14."""
    path = encrypted(policy().bytes(), "secret", tmp_path / "p.pdf")
    with pytest.raises(ParseError, match="password") as refused:
        PdfParser().parse(path)
    assert refused.value.code == "encrypted"


def test_file_that_only_restricts_printing_is_read(tmp_path: Path) -> None:
    parsed = PdfParser().parse(encrypted(policy().bytes(), "", tmp_path / "p.pdf"))
    assert parsed.text.startswith("# Travel Policy")


def test_pictures_of_pages_need_text_recognition(tmp_path: Path) -> None:
    """Case 14."""
    with pytest.raises(ParseError, match="OCR") as refused:
        PdfParser().parse(pictures(2).write(tmp_path / "p.pdf"))
    assert refused.value.code == "no_text_layer"


def test_pages_with_nothing_on_them_are_called_empty(tmp_path: Path) -> None:
    """Case 14."""
    with pytest.raises(ParseError, match="blank") as refused:
        PdfParser().parse(Pdf().page().page().write(tmp_path / "p.pdf"))
    assert refused.value.code == "empty"


@pytest.mark.parametrize("keep", [9, 200, 700])
def test_truncated_file_is_read_as_far_as_it_goes_or_refused(tmp_path: Path, keep: int) -> None:
    """Case 14."""
    path = tmp_path / "p.pdf"
    path.write_bytes(policy().bytes()[:keep])
    with pytest.raises(ParseError) as refused:
        PdfParser().parse(path)
    assert refused.value.code in ("unreadable", "empty")


def test_too_many_pages_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ParseError, match="2 pages; 1 is the limit") as refused:
        PdfParser(max_pages=1).parse(policy().write(tmp_path / "p.pdf"))
    assert refused.value.code == "too_many_pages"


def paragraphs_of(*lines: Line) -> list[str]:
    return [paragraph.text for paragraph in page_paragraphs(lines, document_style([lines], {}))]


def column(*texts: str, x: float = 72, top: float = 700) -> list[Line]:
    return [Line(text, x, top - 12 * number, 10) for number, text in enumerate(texts)]


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        ("a system of high avail-", "ability and more", "a system of high availability and more"),
        ("words that are well-", "known in every land", "words that are well-known in every land"),
        ("the letters of A-", "Z in every order", "the letters of A-Z in every order"),
        ("soft hy\u00ad", "phens disappear here", "soft hyphens disappear here"),
    ],
)
def test_hyphens_at_line_ends_follow_the_documents_own_words(first: str, second: str, joined: str) -> None:
    known = Line("Well-known words are here, and more.", 72, 100, 10)
    assert paragraphs_of(*column(first, second), known)[0] == joined


@pytest.mark.parametrize(
    ("lines", "joined"),
    [
        # Both halves are words of the document.
        (["It is a long-", "term plan.", "The term is long."], "It is a long-term plan."),
        # Halves at other line ends are no words of it.
        (
            ["An avail-", "ability and an avail-", "ability again."],
            "An availability and an availability again.",
        ),
        # No program leaves a letter alone.
        (["Write us an e-", "mail today."], "Write us an e-mail today."),
        # A document that never breaks words does not break this one either.
        (
            ["It is well-", "known and cost-", "efficient, being well-known."],
            "It is well-known and cost-efficient, being well-known.",
        ),
        # One that does, does.
        (["The infor-", "mation is cor-", "rect information."], "The information is correct information."),
    ],
)
def test_hyphens_at_line_ends_that_the_document_does_not_repeat(lines: list[str], joined: str) -> None:
    assert " ".join(paragraphs_of(*column(*lines))).startswith(joined)


def test_sentence_goes_on_in_the_next_column() -> None:
    left = column("The rate of a night in a hotel", "is paid up to the limit that")
    right = column("the table below gives for it.", "Other costs are not paid.", x=300)
    assert paragraphs_of(*left, *right) == [
        "The rate of a night in a hotel is paid up to the limit that the table below gives for it. "
        "Other costs are not paid."
    ]


def test_short_lines_stay_lines() -> None:
    """An address or the rows of a table."""
    body = Line("A line of the running text that is as long as the page is wide.", 72, 100, 10)
    address = column("ACME Ltd", "1 Main Street", "Rome")
    assert paragraphs_of(*address, body)[0] == "ACME Ltd\n1 Main Street\nRome"
