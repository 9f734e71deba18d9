"""Zip archives: each file a document of its own; odd names made inert, nests opened to a depth."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command

from ingest.archive_services import submit_upload
from ingest.pipeline import run_job
from ingest.services import Upload
from kb.accounts.models import User
from kb.library.kinds import ARCHIVE
from kb.library.models import Collection, Document, Status
from kb.library.overview import present_documents
from kb.library.services import delete_document
from tests.factories import browser_of
from tests.ingest.zip_files import stored_files, zipped, zipped_by_others

pytestmark = pytest.mark.django_db


def codes(archive: Document) -> dict[str, str]:
    """By the path of each file of an archive, why it was refused."""
    return dict(archive.members.values_list("path", "code"))


def files_of(collection: Collection) -> dict[str, Document]:
    """The documents of a collection that are there, by their external ids."""
    return {row.external_id: row for row in present_documents([collection])}


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


@pytest.mark.parametrize(
    ("names", "encoding"),
    [
        (["Résumé über Größe.md", "日本語の文書.md"], "utf-8"),
        (["契約書についての説明.md", "代表者の一覧表.md"], "cp932"),
        (["合同的说明.md", "年度报告书.md"], "gb18030"),
        (["Договор аренды.md", "Отчёт за год.md"], "cp866"),
        (["Größe der Räume.md", "Übersicht.md"], "cp437"),
        (["Größe der Räume.md", "Übersicht.md"], "cp1252"),
    ],
)
def test_names_that_say_no_encoding_are_read(
    take: Any, collection: Collection, names: list[str], encoding: str
) -> None:
    take(zipped_by_others(names, encoding))
    assert files_of(collection).keys() == {f"policies.zip/{name}" for name in names}


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
