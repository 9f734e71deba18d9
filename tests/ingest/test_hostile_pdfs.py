"""PDFs that loop or explode, made here: each ends within its limits in text or a reason."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.parsers.base import ParsedDocument, ParseError
from ingest.sandbox import Sandbox
from tests.ingest.pdf_files import Pdf

TIMEOUT_S = 10
MEMORY_MB = 256


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(timeout_s=TIMEOUT_S, memory_mb=MEMORY_MB) as made:
        yield made


def pdf(*objects: bytes) -> bytes:
    """A file of these objects, numbered from 1; the first is the catalogue."""
    out = bytearray(b"%PDF-1.7\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(out)


def stream(data: bytes, extra: bytes = b"") -> bytes:
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), extra, data)


FORM = b"/Type /XObject /Subtype /Form /BBox [0 0 300 20] /Resources << %s >>"
PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R /Resources << %s >> >>"
FONTS = b"/Font << /F 5 0 R >>"
CATALOGUE = b"<< /Type /Catalog /Pages 2 0 R >>"
FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"


def one_page(content: bytes, *more: bytes, resources: bytes = FONTS) -> bytes:
    pages = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
    return pdf(CATALOGUE, pages, PAGE % resources, content, FONT, *more)


def exploding(times: int = 1) -> bytes:
    """A content stream that unpacks to 512 MiB, twice the memory there is."""
    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(b"q Q " * (1 << 18)) for _ in range(512)) + packer.flush()
    for _ in range(times - 1):
        data = zlib.compress(data, 9)
    filters = b"/Filter [" + b"/FlateDecode " * times + b"]"
    return one_page(stream(data, filters))


def forms_in_forms() -> bytes:
    """Forms that draw the next one ten times each: 10 to the power of 12 drawings."""
    draw = b"/X Do " * 10
    forms = [stream(draw, FORM % (b"/XObject << /X %d 0 R >>" % (number + 1))) for number in range(6, 18)]
    last = stream(b"BT /F 9 Tf (words) Tj ET", FORM % FONTS)
    return one_page(stream(draw), *forms, last, resources=b"/XObject << /X 6 0 R >>")


def loop_of_forms() -> bytes:
    itself = b"/XObject << /X 6 0 R >>"
    return one_page(stream(b"/X Do"), stream(b"/X Do", FORM % itself), resources=itself)


def loop_of_pages() -> bytes:
    return pdf(CATALOGUE, b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 1000000000 /Parent 2 0 R >>")


def loop_of_titles() -> bytes:
    data = one_page(
        stream(b"BT /F 12 Tf 72 700 Td (Words of the page.) Tj ET"),
        b"<< /Type /Outlines /First 7 0 R /Last 7 0 R >>",
        b"<< /Title (A) /Next 7 0 R /First 7 0 R /Parent 7 0 R /Dest [3 0 R /Fit] >>",
    )
    return data.replace(b"/Catalog", b"/Catalog /Outlines 6 0 R")


def deep_arrays() -> bytes:
    return one_page(stream(b"BT /F 12 Tf (words) Tj ET")).replace(
        b"/Count 1", b"/Count 1 /X " + b"[" * 100_000 + b"]" * 100_000
    )


def huge_page() -> bytes:
    return one_page(stream(b"BT /F 12 Tf (words) Tj ET")).replace(b"0 0 600 800", b"0 0 1e30 9e99")


def million_letters() -> bytes:
    return one_page(
        stream(b"BT /F 12 Tf 72 700 Td " + b"(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa) Tj " * 60_000 + b"ET")
    )


HOSTILE = {
    "bomb": exploding,
    "bomb in bombs": lambda: exploding(3),
    "forms in forms": forms_in_forms,
    "loop of forms": loop_of_forms,
    "loop of pages": loop_of_pages,
    "loop of titles": loop_of_titles,
    "deep arrays": deep_arrays,
    "huge page": huge_page,
    "letters": million_letters,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_file_ends_within_its_limits_and_the_next_one_is_read(
    sandbox: Sandbox, tmp_path: Path, name: str
) -> None:
    """Case 13."""
    path = tmp_path / "hostile.pdf"
    path.write_bytes(HOSTILE[name]())
    started = time.monotonic()
    try:
        found: ParsedDocument | None = sandbox.parse(path, path.name)
    except ParseError as error:
        found = None
        assert error.reason.endswith(".") and len(error.reason) > 30
    assert time.monotonic() - started < TIMEOUT_S + 60  # a machine may stand still for seconds
    assert found is None or found.text.strip()
    innocent = Pdf().page().lines("The next document.").write(tmp_path / "next.pdf")
    assert sandbox.parse(innocent, "next.pdf").text == "The next document."


def test_words_beside_a_loop_are_read(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "loop.pdf"
    path.write_bytes(loop_of_titles())
    assert sandbox.parse(path, path.name).text == "Words of the page."


def test_what_is_filled_into_a_form_is_read(sandbox: Sandbox, tmp_path: Path) -> None:
    field = (
        b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (a) /Rect [72 600 300 620] /F 4 /AP << /N 7 0 R >> >>"
    )
    look = stream(b"BT /F 12 Tf 2 5 Td (Ann Example) Tj ET", FORM % FONTS)
    data = one_page(stream(b"BT /F 12 Tf 72 700 Td (Name of the employee) Tj ET"), field, look)
    path = tmp_path / "form.pdf"
    path.write_bytes(data.replace(b"/Type /Page ", b"/Type /Page /Annots [6 0 R] "))
    assert "Ann Example" in sandbox.parse(path, path.name).text
