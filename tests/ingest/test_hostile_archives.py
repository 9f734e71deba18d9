"""Archives that attack: refused at the door by their own list, else whole when measured (case 11)."""

from __future__ import annotations

import resource
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from ingest import archive_services
from ingest.archives import ArchiveRefusedError
from kb.accounts.models import User
from kb.conf import config
from kb.library.models import Collection, Document, Status
from tests.factories import browser_of
from tests.ingest.zip_files import bomb, lying, stored_files, zipped

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (bomb, "times its size"),
        (lambda: zipped({f"{number}.txt": "" for number in range(2001)}), "more files"),
        (lambda: zipped({f"{number}.txt": "" for number in range(10_000)}), "files"),
        (lambda: zipped({"folder/": ""}), "no files"),
        (lambda: zipped({"a.md": "# A"})[:-30], "damaged"),
    ],
    ids=["bomb", "many", "ten thousand", "nothing", "cut short"],
)
def test_what_its_own_list_betrays_is_refused_at_the_door(take: Any, data: Any, words: str) -> None:
    """Case 11."""
    raw = data()
    with in_seconds_and_memory_flat(), pytest.raises(ArchiveRefusedError, match=words):
        take(raw)
    assert not Document.objects.exists()
    assert not stored_files()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (lambda: zipped({"ok.md": "# Fine", "bomb.zip": bomb()}), "times its size"),
        (
            lambda: zipped({"ok.md": "# Fine", "many.zip": zipped(dict.fromkeys(map(str, range(2000)), ""))}),
            "more",
        ),
        (lying, "larger than the archive says"),
        (lambda: zipped({"empty.zip": zipped({})}), "no files"),
    ],
    ids=["nested bomb", "nested many", "lying sizes", "nothing in a nest"],
)
def test_what_only_unpacking_shows_is_refused_whole(
    take: Any, collection: Collection, data: Any, words: str
) -> None:
    """Case 11."""
    raw = data()
    with in_seconds_and_memory_flat():
        archive = take(raw)
    assert (archive.status, archive.failure_code) == (Status.FAILED, "archive_refused")
    assert words in archive.failure_reason
    assert list(Document.objects.all()) == [archive]
    assert len(stored_files()) == 1


@contextmanager
def in_seconds_and_memory_flat() -> Iterator[None]:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    yield
    assert time.process_time() - started < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


def test_total_size_is_bounded(take: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Case 11."""
    monkeypatch.setattr(archive_services, "config", replace(config, archive_mb=1))
    with pytest.raises(ArchiveRefusedError, match="more than may be taken in"):
        take(zipped({f"{n}.bin": bytes(600_000) for n in range(2)}, zipfile.ZIP_STORED))


def test_api_refuses_a_bomb_with_a_reason(collection: Collection, owner: User) -> None:
    """Case 11."""
    file = SimpleUploadedFile("bomb.zip", bomb(40 << 20))
    answer = browser_of(owner).post(f"/api/v1/collections/{collection.pk}/documents/", {"file": file})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "archive_refused")
