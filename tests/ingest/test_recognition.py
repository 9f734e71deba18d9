"""Pages that are pictures: recognised where needed, page by page, and explained where that does not work."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from ingest import pipeline, recognition
from ingest.checks import text_recognition
from ingest.parsers import recognition as engine
from ingest.parsers.base import ParseError
from ingest.parsers.recognised import RecognisedPage, dump_recognised, load_page, load_recognised
from ingest.pipeline import run_job
from ingest.sandbox import Sandbox
from ingest.services import retry_document
from kb.conf import config
from kb.library.models import Document, DocumentText, Status
from tests.ingest.conftest import Submit
from tests.ingest.pdf_files import Pdf, pictures

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("encoder")]

Run = Callable[[Document], Document]
FONT = ImageFont.load_default(48)


@pytest.fixture(scope="module", autouse=True)
def sandboxes() -> Iterator[None]:
    yield
    for made in (pipeline.sandbox, recognition.recognition_sandbox):
        made().close()
        made.cache_clear()


@pytest.fixture
def run() -> Run:
    def call(document: Document) -> Document:
        run_job(document.job.pk)
        document.refresh_from_db()
        return document

    return call


def setting(monkeypatch: pytest.MonkeyPatch, **changed: object) -> None:
    monkeypatch.setattr(recognition, "config", replace(config, **changed))  # type: ignore[arg-type]


def picture(form: str, *texts: str) -> bytes:
    frames = []
    for text in texts:
        frame = Image.new("RGB", (1240, 400), "white")
        ImageDraw.Draw(frame).text((80, 120), text, fill="black", font=ImageFont.load_default(72))
        frames.append(frame)
    out = io.BytesIO()
    more = {"save_all": True, "append_images": frames[1:]} if len(frames) > 1 else {}
    frames[0].save(out, form, **more)
    return out.getvalue()


def test_only_pages_without_text_are_recognised(submit: Submit, run: Run) -> None:
    pdf = pictures(1, Pdf().page().lines("Printed words stay as they are.")).page().lines("Last page.")
    document = run(submit(pdf.bytes(), "mixed.pdf").document)
    assert document.status == Status.READY
    parsed = DocumentText.objects.get(document=document)
    pages = [parsed.text[start:end] for start, end in parsed.pages]
    assert pages == ["Printed words stay as they are.", "Scanned words 2024", "Last page."]
    assert document.metadata["ocr_engine"].startswith("tesseract ")
    assert list(document.metadata["ocr_confidence"]) == ["2"]
    assert 0.5 < document.metadata["ocr_confidence"]["2"] <= 1
    assert "pages_to_recognise" not in document.metadata


@pytest.mark.parametrize(
    ("form", "name"), [("PNG", "a.png"), ("JPEG", "a.jpg"), ("WEBP", "a.webp"), ("TIFF", "a.tif")]
)
def test_pictures_are_documents(submit: Submit, run: Run, form: str, name: str) -> None:
    document = run(submit(picture(form, "Invoice 4711 paid"), name).document)
    assert DocumentText.objects.get(document=document).text == "Invoice 4711 paid"
    assert document.chunk_count == 1


def test_each_picture_of_a_fax_is_a_page(submit: Submit, run: Run) -> None:
    document = run(submit(picture("TIFF", "Page one", "Page two"), "fax.tiff").document)
    parsed = DocumentText.objects.get(document=document)
    assert [parsed.text[start:end] for start, end in parsed.pages] == ["Page one", "Page two"]


def test_picture_without_words_says_so(submit: Submit, run: Run) -> None:
    """Case 14: never ready without a chunk."""
    document = run(submit(picture("PNG", ""), "blank.png").document)
    assert (document.status, document.failure_code) == (Status.FAILED, "empty")
    assert "found no words" in document.failure_reason


def test_switched_off_the_document_waits_and_says_how_to_go_on(
    submit: Submit, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Case 14."""
    setting(monkeypatch, ocr="off")
    document = run(submit(pictures(1).bytes(), "scan.pdf").document)
    assert document.status == Status.NEEDS_OCR
    assert "KB_OCR" in document.failure_reason and "Retry" in document.failure_reason
    setting(monkeypatch, ocr="auto")
    retry_document(document)
    assert run(document).status == Status.READY


def test_missing_language_is_named(submit: Submit, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    setting(monkeypatch, ocr_languages=("eng", "xyz"))
    document = run(submit(pictures(1).bytes(), "scan.pdf").document)
    assert document.status == Status.NEEDS_OCR
    assert "eng, xyz" in document.failure_reason


def test_text_beside_pictures_is_ready_without_recognition(
    submit: Submit, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting(monkeypatch, ocr="off")
    document = run(submit(pictures(1, Pdf().page().lines("Words.")).bytes(), "mixed.pdf").document)
    assert document.status == Status.READY
    assert document.metadata["pages_to_recognise"] == [2]


def test_page_that_takes_too_long_stays_a_picture(
    submit: Submit, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Case 13."""

    class Slow(Sandbox):
        def recognise(self, path: Path, file_name: str, number: int, *rest: object) -> RecognisedPage:
            if number == 1:
                raise ParseError("timeout", "It took too long.")
            return super().recognise(path, file_name, number, *rest)  # type: ignore[arg-type]

    with Slow(timeout_s=60) as slow:
        monkeypatch.setattr(pipeline, "recognition_sandbox", lambda: slow)
        document = run(submit(pictures(2).bytes(), "scan.pdf").document)
    assert document.status == Status.READY
    assert document.metadata["pages_to_recognise"] == [1]


def test_only_so_many_pages_are_recognised(submit: Submit, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    setting(monkeypatch, ocr_pages=1)
    document = run(submit(pictures(3).bytes(), "scan.pdf").document)
    assert document.metadata["pages_to_recognise"] == [2, 3]


def test_asked_for_by_name_and_not_there_is_an_error_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not list(text_recognition(replace(config, ocr="on")))
    [message] = text_recognition(replace(config, ocr="on", ocr_languages=("xyz",)))
    assert "xyz" in message.msg
    monkeypatch.setattr(engine, "find_spec", lambda name: None)
    assert [message.id for message in text_recognition(replace(config, ocr="on"))] == ["kb.E020"]
    assert not list(text_recognition(replace(config, ocr="auto")))


def test_stains_are_no_words() -> None:
    head = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n"
    rows = "5\t1\t1\t1\t1\t1\t10\t10\t40\t20\t91.5\tHotel\n"
    rows += "5\t1\t1\t1\t1\t2\t60\t10\t9\t20\t12\t~|\n4\t1\t1\t1\t1\t0\t0\t0\t1\t1\t-1\t\n"
    page = engine.page_of(list(engine._words(head + rows)), 3, (595, 842), "tesseract 5")
    assert ([line.text for line in page.lines], page.confidence) == (["Hotel"], 0.915)


def test_what_the_child_sends_is_not_believed() -> None:
    sound = dump_recognised([RecognisedPage(2, (), 0.5, "tesseract 5")])
    assert load_page(sound) == load_recognised(sound)[2]
    for bad in (
        b"[]",
        b"7",
        sound.replace(b"0.5", b"7.5"),
        sound.replace(b'"lines": []', b'"lines": [{}]'),
        sound.replace(b'"number": 2', b'"number": "2"'),
        sound.replace(b"0.5", b"NaN"),
    ):
        with pytest.raises(ValueError):
            load_page(bad)


def test_stamp_over_a_scan_does_not_stand_for_the_scan(submit: Submit, run: Run) -> None:
    scan = Image.new("L", (1240, 1754), 255)
    for row in range(6):
        place = (120, 300 + 120 * row)
        ImageDraw.Draw(scan).text(place, f"Scanned clause {row} of the lease", fill=0, font=FONT)
    pdf = Pdf().page()
    pdf.pdf.image(scan, 0, 0, 595)
    document = run(submit(pdf.line("RECEIVED 12 MAY").bytes(), "stamped.pdf").document)
    text = DocumentText.objects.get(document=document).text
    assert "Scanned clause 5 of the lease" in text
    assert text.count("RECEIVED 12 MAY") == 1


def test_title_on_a_photograph_stays_as_it_is(submit: Submit, run: Run) -> None:
    pdf = Pdf().page()
    pdf.pdf.image(Image.new("L", (1240, 1754), 200), 0, 0, 595)
    document = run(submit(pdf.line("Our offices in Oslo").bytes(), "photo.pdf").document)
    assert DocumentText.objects.get(document=document).text == "Our offices in Oslo"
    assert document.status == Status.READY


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_turned_scans_are_read(submit: Submit, run: Run, degrees: int) -> None:
    frame = Image.new("RGB", (1240, 700), "white")
    for row in range(4):
        text = f"The tenant pays the rent of month {row}"
        ImageDraw.Draw(frame).text((60, 80 + 130 * row), text, fill="black", font=FONT)
    out = io.BytesIO()
    frame.rotate(degrees, expand=True).save(out, "PNG")
    document = run(submit(out.getvalue(), "turned.png").document)
    assert "The tenant pays the rent of month 3" in DocumentText.objects.get(document=document).text


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_pictures_are_read_as_on_paper(submit: Submit, run: Run, mode: str) -> None:
    """Black words on transparent black."""
    seen = Image.open(io.BytesIO(picture("PNG", "Invoice 4711 paid"))).convert("L")
    frame = Image.new("RGBA", seen.size, (0, 0, 0, 0))
    frame.putalpha(seen.point(lambda value: 255 - value))
    out = io.BytesIO()
    frame.convert(mode).save(out, "PNG")
    document = run(submit(out.getvalue(), "clear.png").document)
    assert DocumentText.objects.get(document=document).text == "Invoice 4711 paid"
