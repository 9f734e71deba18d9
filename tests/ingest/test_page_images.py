"""Pictures of pages: drawn in the sandbox, kept up to a limit, shown only to those who may read."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client
from PIL import Image

from ingest import page_images
from ingest.page_images import drawing_sandbox, page_image
from ingest.parsers.base import ParseError
from ingest.parsers.pictures import fitting_scale, load_picture
from ingest.purge import purge_deleted
from kb.accounts.models import User
from kb.exceptions import NotFoundError
from kb.library.models import Collection, Document, DocumentText, Grant
from kb.library.services import delete_document
from tests.factories import browser_of, make_document
from tests.ingest.pdf_files import Pdf

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def sandbox() -> Iterator[None]:
    yield
    drawing_sandbox().close()
    drawing_sandbox.cache_clear()


@pytest.fixture
def folder(settings: object, tmp_path: Path) -> Path:
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "files"  # type: ignore[attr-defined]
    return tmp_path


@pytest.fixture
def document(collection: Collection, folder: Path) -> Document:
    pdf = Pdf().page().lines("First page.").page().lines("Second page.")
    made = make_document(
        collection, "First page.\n\nSecond page.", file_name="policy.pdf", metadata={"page_images": True}
    )
    DocumentText.objects.filter(document=made).update(pages=[[0, 11], [13, 25]])
    target = folder / "files" / made.stored_file
    target.parent.mkdir(parents=True)
    pdf.write(target)
    return made


def address(document: Document, number: int = 1) -> str:
    return f"/api/v1/documents/{document.pk}/pages/{number}.png"


def test_page_is_a_picture_that_is_asked_for_again_each_time(document: Document, owner: User) -> None:
    browser = browser_of(owner)
    answer = browser.get(address(document), headers={"Accept": "image/png"})
    assert answer["Content-Type"] == "image/png"
    assert answer["Cache-Control"] == "private, no-cache"
    assert answer["X-Content-Type-Options"] == "nosniff"
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert picture.size == (1200, 1698)
    again = browser.get(address(document), headers={"If-None-Match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert browser.get(address(document, 2))["ETag"] != answer["ETag"]


def test_revoked_grant_holds_for_the_next_picture(
    document: Document, teammate: User, collection: Collection
) -> None:
    """Case 7."""
    browser = browser_of(teammate)
    Grant.objects.get_or_create(collection=collection, user=teammate)
    etag = browser.get(address(document))["ETag"]
    Grant.objects.filter(user=teammate).delete()
    refused = browser.get(address(document), headers={"If-None-Match": etag})
    assert refused.status_code == 404
    assert refused.content == browser.get("/api/v1/documents/987654/pages/1.png").content


@pytest.mark.parametrize("number", [0, 3, 2**31])
def test_page_that_is_not_there_is_not_found(document: Document, owner: User, number: int) -> None:
    assert browser_of(owner).get(address(document, number)).status_code == 404


def test_text_has_no_pictures(document: Document, folder: Path) -> None:
    (folder / "files" / document.stored_file).write_text("words")
    document.file_name = "notes.md"
    with pytest.raises(NotFoundError):
        page_image(document, 1)
    assert not (folder / "pages").exists()


def test_page_that_cannot_be_drawn_is_tried_once(
    document: Document, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Case 13: a page that takes too long must not keep the machine busy whenever somebody looks."""

    class Stuck:
        calls = 0

        def picture(self, *_: object) -> bytes:
            self.calls += 1
            raise ParseError("timeout", "It took too long.")

    stuck = Stuck()
    monkeypatch.setattr(page_images, "drawing_sandbox", lambda: stuck)
    for _ in range(2):
        with pytest.raises(NotFoundError):
            page_image(document, 1)
    assert stuck.calls == 1


def test_pictures_on_disk_stay_within_the_limit(document: Document, folder: Path) -> None:
    page_image(document, 1)
    page_image(document, 2)
    kept = sorted((folder / "pages").glob("*/*.png"))
    assert len(kept) == 2
    page_images._make_room(folder / "pages", kept[1].stat().st_size)
    assert len(list((folder / "pages").glob("*/*.png"))) < 2


def test_pictures_go_with_their_document(document: Document, folder: Path) -> None:
    """Case 34."""
    page_image(document, 1)
    delete_document(document)
    purge_deleted()
    assert not list((folder / "pages").glob("**/*.png"))
    document.refresh_from_db()
    with pytest.raises(NotFoundError):
        page_image(document, 1)


def test_document_page_shows_each_page_beside_its_text(document: Document, owner: User) -> None:
    page = browser_of(owner).get(f"/documents/{document.pk}/").content.decode()
    for number in (1, 2):
        assert f'<img src="{address(document, number)}" alt="Page {number} as it was printed"' in page
    assert page.count('loading="lazy"') == 2


def test_part_with_the_page_that_the_address_names_is_shown(
    document: Document, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kb.library.text.PART_CHARS", 15)
    browser: Client = browser_of(owner)
    assert b'id="page-2"' not in browser.get(f"/documents/{document.pk}/").content
    assert b'id="page-2"' in browser.get(f"/documents/{document.pk}/?page=2").content


@pytest.mark.parametrize(
    "answer",
    [
        b"<svg/>",
        b"",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 100_000, 10),
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 0, 10),
    ],
)
def test_what_is_no_picture_of_a_sound_size_is_not_passed_on(answer: bytes) -> None:
    with pytest.raises(ValueError):
        load_picture(answer)


def test_scale_keeps_a_page_of_any_shape_within_the_limits() -> None:
    assert fitting_scale((595, 842), 1190) == 2
    assert fitting_scale((100, 1_000_000), 1200) == pytest.approx(0.006)
    with pytest.raises(ParseError):
        fitting_scale((0, 10), 1200)
