"""Zip archives: each file a document of its own; bombs, odd names and nests refused (cases 9 and 11)."""

from __future__ import annotations

import io
import json
import resource
import struct
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command

from ingest import archive_services
from ingest.archive_services import submit_upload
from ingest.archives import ArchiveRefusedError
from ingest.pipeline import run_job
from ingest.services import Upload
from kb.accounts.models import User
from kb.conf import config
from kb.library.kinds import ARCHIVE
from kb.library.models import Collection, Document, Status
from kb.library.overview import present_documents
from kb.library.services import delete_document
from tests.factories import browser_of

pytestmark = pytest.mark.django_db


def zipped(files: Mapping[str, bytes | str], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


@pytest.fixture
def take(collection: Collection, owner: User) -> Any:
    """Upload an archive, and do what a worker does with it; the archive's row."""

    def call(data: bytes, name: str = "policies.zip", **fields: Any) -> Document:
        archive = submit_upload(collection, owner, Upload(io.BytesIO(data), name, **fields)).document
        assert archive.kind == ARCHIVE
        run_job(archive.job.pk)
        archive.refresh_from_db()
        return archive

    return call


def codes(archive: Document) -> dict[str, str]:
    """By the path of each file of an archive, why it was refused."""
    return dict(archive.members.values_list("path", "code"))


def files_of(collection: Collection) -> dict[str, Document]:
    """The documents of a collection that are there, by their external ids."""
    return {row.external_id: row for row in present_documents([collection])}


def stored_files() -> list[Path]:
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def test_each_file_becomes_a_document_under_the_archives_name(take: Any, collection: Collection) -> None:
    files = {"travel.md": "# Travel", "hr/leave.txt": "Leave", "hr/": "", "__MACOSX/._x": "x"}
    taken = take(zipped(files), metadata={"owner": "HR"})
    rows = files_of(collection)
    assert rows.keys() == {"policies.zip/travel.md", "policies.zip/hr/leave.txt"}
    leave = rows["policies.zip/hr/leave.txt"]
    assert (leave.file_name, leave.metadata, leave.created_by) == (
        "leave.txt",
        {"owner": "HR"},
        taken.created_by,
    )
    assert codes(taken) == dict.fromkeys(rows, "")
    # Its files have taken its place.
    assert (taken.status, taken.superseded_at is not None) == (Status.READY, True)


def test_same_archive_again_changes_only_what_changed(take: Any) -> None:
    take(zipped({"a.md": "# A", "b.md": "# B"}))
    again = take(zipped({"a.md": "# A", "b.md": "# B, changed"}))
    assert list(again.members.values_list("created", flat=True)) == [False, True]
    assert Document.objects.filter(external_id="policies.zip/b.md", version=2).exists()


def test_same_bytes_are_the_same_archive_and_bring_back_what_was_deleted(
    take: Any, collection: Collection
) -> None:
    data = zipped({"a.md": "# A", "b.md": "# B"})
    first = take(data)
    delete_document(files_of(collection)["policies.zip/a.md"])
    again = take(data)
    assert again.pk == first.pk
    assert list(again.members.values_list("path", "created")) == [
        ("policies.zip/a.md", True),
        ("policies.zip/b.md", False),
    ]
    assert files_of(collection).keys() == {"policies.zip/a.md", "policies.zip/b.md"}


def test_same_files_in_another_archive_are_duplicates(take: Any, collection: Collection) -> None:
    data = zipped({"a.md": "# A"})
    take(data)
    [member] = take(data, "copy.zip").members.all()
    assert (member.duplicate, member.document.external_id) == (True, "policies.zip/a.md")
    assert len(files_of(collection)) == 1


def test_unpacked_archive_leaves_no_second_copy_behind(
    take: Any, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        archive = take(zipped({"a.md": "# A"}))
    [kept] = stored_files()
    assert kept.read_bytes() == b"# A"
    assert not kept.match(archive.stored_file)


def test_archives_in_archives_are_opened_to_a_depth(take: Any) -> None:
    """Case 11."""
    data = zipped({"deep.txt": "deep"})
    for level in range(4):
        data = zipped({f"{level}.zip": data, f"{level}.txt": f"level {level}"})
    taken = take(data)
    assert codes(taken) == {
        "policies.zip/3.txt": "",
        "policies.zip/3.zip/2.txt": "",
        "policies.zip/3.zip/2.zip/1.txt": "",
        "policies.zip/3.zip/2.zip/1.zip": "too_deep",
    }


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd.txt",
        "/etc/passwd.txt",
        "..\\..\\boot.txt",
        "C:\\a\\b.txt",
        "\u202etxt.exe.txt",
        "x/" * 900 + "y.txt",
    ],
)
def test_odd_names_are_made_inert(take: Any, collection: Collection, name: str) -> None:
    """Case 9."""
    take(zipped({name: "words"}))
    [document] = files_of(collection).values()
    assert document.external_id.startswith("policies.zip/") or name.startswith("x/")
    assert ".." not in document.external_id.split("/")
    assert "\u202e" not in document.external_id + document.file_name
    assert len(document.external_id) <= 500
    assert all(Path(settings.MEDIA_ROOT) in path.parents for path in stored_files())


def bomb(size: int = 600 << 20) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("zeros.txt", "w") as file:
        for _ in range(size >> 20):
            file.write(bytes(1 << 20))
    return out.getvalue()


def lying() -> bytes:
    """An archive that says ten bytes of a file of 3 MiB."""
    data = bytearray(zipped({"a.txt": bytes(3 << 20)}))
    true = struct.pack("<I", 3 << 20)
    return bytes(data.replace(true, struct.pack("<I", 10)))


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
    started = time.monotonic()
    yield
    assert time.monotonic() - started < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


def test_total_size_is_bounded(take: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Case 11."""
    from dataclasses import replace

    monkeypatch.setattr(archive_services, "config", replace(config, archive_mb=1))
    with pytest.raises(ArchiveRefusedError, match="more than may be taken in"):
        take(zipped({f"{n}.bin": bytes(600_000) for n in range(2)}, zipfile.ZIP_STORED))


def test_damaged_and_protected_members_say_so_and_the_others_are_taken(take: Any) -> None:
    data = bytearray(zipped({"bad.txt": b"words" * 99, "good.txt": b"other words"}, zipfile.ZIP_STORED))
    at = data.index(b"words")
    data[at : at + 5] = b"WORDS"  # the checksum does not fit any more
    locked = bytearray(zipped({"locked.txt": b"secret"}))
    locked[locked.index(b"PK\1\2") + 8] |= 1
    taken = take(bytes(data))
    assert codes(taken) == {"policies.zip/bad.txt": "unreadable", "policies.zip/good.txt": ""}
    # It stays where people look for what failed.
    assert (taken.status, taken.failure_code, taken.superseded_at) == (
        Status.FAILED,
        "archive_incomplete",
        None,
    )
    assert taken.failure_reason.startswith(
        "1 of 2 files could not be taken in; the others were. policies.zip/bad"
    )
    assert codes(take(bytes(locked), "locked.zip")) == {"locked.zip/locked.txt": "encrypted"}


def test_link_in_an_archive_is_not_followed(take: Any) -> None:
    info = zipfile.ZipInfo("shadow.txt")
    info.external_attr = 0o120777 << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(info, "/etc/shadow")
    archive = take(out.getvalue())
    assert codes(archive) == {"policies.zip/shadow.txt": "link"}
    assert list(Document.objects.all()) == [archive]


def test_office_document_is_a_document_and_not_an_archive(collection: Collection, owner: User) -> None:
    data = zipped({"[Content_Types].xml": "<Types/>", "word/document.xml": "<w/>"})
    taken = submit_upload(collection, owner, Upload(io.BytesIO(data), "letter.zip"))
    assert taken.document.kind != ARCHIVE


def test_api_answers_as_for_any_document_and_lists_every_member(collection: Collection, owner: User) -> None:
    browser = browser_of(owner)
    file = SimpleUploadedFile("policies.zip", zipped({"a.md": "# A", "x.zip": b"PK no archive"}))
    answer = browser.post(f"/api/v1/collections/{collection.pk}/documents/", {"file": file})
    assert answer.status_code == 202
    archive = Document.objects.get()
    assert answer["Location"] == f"/api/v1/documents/{archive.pk}/"
    body = answer.json()
    assert (body["document"]["id"], body["document"]["status"]) == (archive.pk, "queued")
    assert body["job"]["state"] == "queued"
    run_job(archive.job.pk)
    members = browser.get(f"{answer['Location']}members/").json()
    made = Document.objects.get(external_id="policies.zip/a.md")
    assert members["count"] == 2
    assert members["results"][0] == {
        "path": "policies.zip/a.md",
        "document": made.pk,
        "created": True,
        "duplicate": False,
        "code": "",
        "reason": "",
    }
    refused = browser.get(f"{answer['Location']}members/", {"refused": "true"}).json()["results"]
    assert [(row["path"], row["code"]) for row in refused] == [("policies.zip/x.zip", "unreadable")]


def test_api_refuses_a_bomb_with_a_reason(collection: Collection, owner: User) -> None:
    """Case 11."""
    file = SimpleUploadedFile("bomb.zip", bomb(40 << 20))
    answer = browser_of(owner).post(f"/api/v1/collections/{collection.pk}/documents/", {"file": file})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "archive_refused")


def test_command_takes_archives_too(tmp_path: Path, owner: User, capsys: pytest.CaptureFixture[str]) -> None:
    info = zipfile.ZipInfo("link.md")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "policies.zip", "w") as archive:
        archive.writestr("a.md", "# A")
        archive.writestr(info, "/etc/shadow")
    with pytest.raises(SystemExit):
        call_command("ingest", str(tmp_path), collection="Policies", as_user=owner.username, json=True)
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (summary["queued"], summary["failed"]) == (1, 1)
    assert summary["failures"][0]["path"] == "policies.zip/link.md"
