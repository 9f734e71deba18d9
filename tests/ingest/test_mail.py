"""E-mail: headers, bodies, and attachments as sections of the message."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

import pytest

from ingest.parsers import detect
from ingest.parsers.base import ParsedDocument, ParseError
from ingest.parsers.mail import MAX_ATTACHMENTS, Attachment, Mail, mail_document
from tests.ingest.pdf_files import Pdf


def message(body: str = "Please sign by Friday.", subject: str = "Contract") -> EmailMessage:
    made = EmailMessage()
    made["Subject"] = subject
    made["From"] = "Ann Ács <ann@example.org>"
    made["To"] = "Bo <bo@example.org>, legal@example.org"
    made["Date"] = "Tue, 05 Mar 2024 09:30:00 +0100"
    made.set_content(body)
    return made


def parsed(tmp_path: Path, made: EmailMessage | bytes) -> ParsedDocument:
    path = tmp_path / "stored"
    path.write_bytes(made if isinstance(made, bytes) else made.as_bytes())
    return detect(path, "mail.eml").parse(path)


def test_headers_are_text_and_metadata(tmp_path: Path) -> None:
    found = parsed(tmp_path, message())
    assert found.title == "Contract"
    assert found.text == (
        "# Contract\n\nFrom: Ann Ács <ann@example.org>  \nTo: Bo <bo@example.org>, legal@example.org  \n"
        "Date: 2024-03-05 09:30 +0100\n\nPlease sign by Friday."
    )
    assert found.metadata["sent_at"] == "2024-03-05T09:30:00+01:00"
    assert found.metadata["from"] == "Ann Ács <ann@example.org>"


def test_page_of_the_message_keeps_its_table(tmp_path: Path) -> None:
    made = message("City Rate Rome 120")
    table = "<table><tr><th>City</th><th>Rate</th></tr><tr><td>Rome</td><td>120</td></tr></table>"
    made.add_alternative(f"<html><body>{table}<p style='display:none'>x</p></body></html>", subtype="html")
    text = parsed(tmp_path, made).text
    assert "| Rome | 120 |" in text
    assert "City Rate Rome" not in text


def test_attachments_of_every_kind_are_sections(tmp_path: Path) -> None:
    made = message()
    pdf = Pdf().page().line("Clause 7", 20).lines("The notice period is three months.")
    made.add_attachment(pdf.bytes(), maintype="application", subtype="pdf", filename="contract.pdf")
    made.add_attachment(b"\0\1\2", maintype="application", subtype="octet-stream", filename="blob.bin")
    made.add_attachment("# Notes\n\nCall legal.", filename="notes.md")
    found = parsed(tmp_path, made)
    headings = [
        (block.level, found.text[block.start : block.end])
        for block in found.blocks
        if block.kind == "heading"
    ]
    assert headings == [
        (1, "# Contract"),
        (2, "## Attachment: contract.pdf"),
        (3, "# Clause 7"),
        (2, "## Attachment: notes.md"),
        (3, "# Notes"),
    ]
    assert [(entry["name"], entry["read"]) for entry in found.metadata["attachments"]] == [
        ("contract.pdf", True),
        ("blob.bin", False),
        ("notes.md", True),
    ]
    assert "three months" in found.text and "Call legal." in found.text


def test_messages_in_messages_end_somewhere(tmp_path: Path) -> None:
    """Case 13."""
    made = message("The innermost words.", "Level 0")
    for level in range(1, 9):
        outer = message(f"Words of level {level}.", f"Level {level}")
        outer.add_attachment(made)
        made = outer
    text = parsed(tmp_path, made).text
    assert "Words of level 8." in text and "Words of level 6." in text
    assert "Words of level 5." not in text


def test_more_attachments_than_a_person_sends_are_not_read(tmp_path: Path) -> None:
    """Case 11."""
    found = mail_document(
        Mail(subject="Many", attachments=[Attachment(f"{n}.txt", b"words") for n in range(500)])
    )
    assert len(found.metadata["attachments"]) == MAX_ATTACHMENTS


@pytest.mark.parametrize(
    "raw",
    [
        b"Subject: =?utf-8?b?####?=\nFrom: <<<>\nDate: now\nContent-Type: text/plain; charset=no\n\nWords.",
        b"Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain\n\nWords that break off",
        b"Subject: Words of a multipart without parts\nContent-Type: multipart/mixed\n\n",
        b"Subject: \xff\xfe\nContent-Transfer-Encoding: base64\n\nV29yZHM=\n",
        b"Just words without a header.\n",
    ],
)
def test_odd_messages_are_read_as_far_as_they_go(tmp_path: Path, raw: bytes) -> None:
    assert "ords" in parsed(tmp_path, raw).text


def test_message_of_nothing_is_refused(tmp_path: Path) -> None:
    """Case 14."""
    with pytest.raises(ParseError) as refused:
        parsed(tmp_path, b"From: a@example.org\nTo: b@example.org\n\n\n")
    assert refused.value.code == "empty"


def test_real_outlook_messages_are_read(eval_data: Path) -> None:
    for path in sorted((eval_data / "robust-files" / "poi").glob("*.msg")):
        assert detect(path, path.name).parse(path).text
