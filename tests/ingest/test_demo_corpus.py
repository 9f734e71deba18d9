"""The demo corpus keeps what its questions and its README say about it."""

import io
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from pypdf import PdfReader

from ingest.demo.make_pdfs import CORPUS, SOURCES, Source, render

QUESTIONS: list[dict[str, Any]] = [
    json.loads(line) for line in (CORPUS.parent / "questions.jsonl").read_text(encoding="utf-8").splitlines()
]
ANSWERABLE = [question for question in QUESTIONS if question["answerable"]]
DOCUMENTS = sorted(path.relative_to(CORPUS).as_posix() for path in CORPUS.rglob("*") if path.is_file())

# (subject, document that holds, its words, outdated document, its words); each
# document's words include the date by which a reader can tell.
CONTRADICTIONS = [
    (
        "daily allowance",
        ("finance/travel-policy.md", ["1 March 2025", "| Germany | 54 |", "0.42"]),
        ("finance/travel-policy-2023.md", ["1 February 2023", "| Germany | 46 |", "0.36"]),
    ),
    (
        "summer leave",
        ("people/leave-policy.md", ["6 January 2025", "entered by **31 March**"]),
        ("office/office-guide.html", ["12 June 2023", "entered by <strong>30 April</strong>"]),
    ),
    (
        "long leave",
        ("people/leave-policy.md", ["More than 5 consecutive working days | 4 weeks before"]),
        ("office/office-guide.html", ["week should be entered at least two weeks before"]),
    ),
    (
        "remote days",
        ("people/remote-work.md", ["14 April 2025", "three days a week"]),
        ("people/onboarding-checklist.md", ["February 2024", "Up to two days a week"]),
    ),
    (
        "passwords",
        ("it/information-security.md", ["5 May 2025", "16 characters", "do **not** expire"]),
        ("it/vpn.md", ["9 October 2023", "at least 12 characters", "expires every 90 days"]),
    ),
    (
        "acknowledging a page",
        ("it/on-call.md", ["24 February 2025", "10 minutes"]),
        ("it/incident-response.md", ["27 May 2024", "affected | 15 minutes"]),
    ),
    (
        "logger warranty",
        ("customers/warranty.pdf", ["1 July 2025", "L8 and L8-S data loggers 36 months"]),
        ("customers/price-list-2025.pdf", ["1 January 2025", "data loggers have a warranty of 24 months"]),
    ),
]


def pdf_text(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


def document_text(doc_id: str) -> str:
    """The document's text with every run of white space folded to one space."""
    content = (CORPUS / doc_id).read_bytes()
    text = pdf_text(content) if doc_id.endswith(".pdf") else content.decode("utf-8")
    return " ".join(text.split())


def test_corpus_has_the_promised_formats() -> None:
    assert Counter(Path(doc_id).suffix for doc_id in DOCUMENTS) == {".md": 14, ".html": 4, ".pdf": 4}


def test_corpus_stays_small() -> None:
    sizes = {doc_id: (CORPUS / doc_id).stat().st_size for doc_id in DOCUMENTS}
    assert sum(sizes.values()) < 500_000
    assert [doc_id for doc_id, size in sizes.items() if doc_id.endswith(".pdf") and size >= 60_000] == []


@pytest.mark.parametrize("doc_id", DOCUMENTS)
def test_document_is_300_to_1200_words_long(doc_id: str) -> None:
    visible = re.sub(r"<style>.*?</style>|<[^>]+>", " ", document_text(doc_id))
    assert 300 <= len(re.findall(r"\w[\w.,:/@'-]*", visible)) <= 1200


@pytest.mark.parametrize("doc_id", [doc_id for doc_id in DOCUMENTS if doc_id.endswith(".md")])
def test_markdown_begins_with_front_matter(doc_id: str) -> None:
    opening, front_matter, body = (CORPUS / doc_id).read_text(encoding="utf-8").split("---\n", 2)
    assert opening == ""
    assert set(yaml.safe_load(front_matter)) == {"title", "updated", "owner"}
    assert body.lstrip().startswith("# ")


@pytest.mark.parametrize("doc_id", [doc_id for doc_id in DOCUMENTS if doc_id.endswith(".html")])
def test_html_is_a_whole_page_with_boilerplate_and_a_table(doc_id: str) -> None:
    text = document_text(doc_id)
    assert text.startswith("<!DOCTYPE html>")
    for part in ("<title>", "<nav", "<main>", "<table>", "<footer>", "</html>"):
        assert part in text


def test_question_ids_are_unique() -> None:
    assert len({question["id"] for question in QUESTIONS}) == len(QUESTIONS)


@pytest.mark.parametrize("question", ANSWERABLE, ids=lambda question: question["id"])
def test_every_accepted_answer_stands_in_its_document(question: dict[str, Any]) -> None:
    assert question["doc_id"] in DOCUMENTS
    assert question["answers"]
    text = document_text(question["doc_id"])
    for answer in question["answers"]:
        # Not inside a longer number or word: "34" must not be found in "1,340".
        assert re.search(rf"(?<![\w.,]){re.escape(answer)}(?!\w)", text), answer


def test_every_document_answers_a_question() -> None:
    assert {question["doc_id"] for question in ANSWERABLE} == set(DOCUMENTS)


def test_unanswerable_questions_name_no_document() -> None:
    unanswerable = [question for question in QUESTIONS if not question["answerable"]]
    assert len(unanswerable) == 12
    assert all(question["doc_id"] is None and question["answers"] == [] for question in unanswerable)


@pytest.mark.parametrize(
    ("subject", "holds", "outdated"), CONTRADICTIONS, ids=[row[0] for row in CONTRADICTIONS]
)
def test_planted_contradiction_is_in_both_documents(
    subject: str, holds: tuple[str, list[str]], outdated: tuple[str, list[str]]
) -> None:
    for doc_id, words in (holds, outdated):
        text = document_text(doc_id)
        assert [phrase for phrase in words if phrase not in text] == [], subject


@pytest.mark.parametrize("path", sorted(SOURCES.glob("*.md")), ids=lambda path: path.stem)
def test_committed_pdf_is_what_its_source_gives(path: Path) -> None:
    source = Source.read(path)
    rendered = render(source)
    assert rendered == render(source)
    assert pdf_text((CORPUS / source.output).read_bytes()) == pdf_text(rendered)


def test_every_pdf_has_a_source() -> None:
    outputs = {Source.read(path).output for path in SOURCES.glob("*.md")}
    assert outputs == {doc_id for doc_id in DOCUMENTS if doc_id.endswith(".pdf")}


def test_one_pdf_has_three_pages_and_a_title() -> None:
    reader = PdfReader(CORPUS / "legal/data-protection.pdf")
    assert len(reader.pages) >= 3
    assert reader.metadata is not None
    assert reader.metadata.title == "Data protection policy (LEG-002)"


def test_source_without_front_matter_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "loose.md"
    path.write_text("Some text.\n---\ntitle: x\n---\nMore text.\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"loose\.md does not begin with a front matter"):
        Source.read(path)
