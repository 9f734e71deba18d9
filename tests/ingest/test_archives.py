"""Zip archives: each file a document of its own; bombs, odd names and nests refused (cases 9 and 11)."""

from __future__ import annotations

import io
import json
import resource
import struct
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command

from ingest import archive_services
from ingest.archive_services import ArchiveSubmission, submit_upload
from ingest.archives import ArchiveRefusedError
from ingest.services import Submission, Upload
from kb.accounts.models import User
from kb.conf import config
from kb.library.models import Collection, Document
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
    def call(data: bytes, name: str = "policies.zip", **fields: Any) -> ArchiveSubmission:
        taken = submit_upload(collection, owner, Upload(io.BytesIO(data), name, **fields))
        assert isinstance(taken, ArchiveSubmission)
        return taken

    return call


def stored_files() -> list[Path]:
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def test_each_file_becomes_a_document_under_the_archives_name(take: Any) -> None:
    taken = take(zipped({"travel.md": "# Travel", "hr/leave.txt": "Leave", "hr/": "", "__MACOSX/._x": "x"}))
    rows = {row.external_id: row for row in Document.objects.all()}
    assert rows.keys() == {"policies.zip/travel.md", "policies.zip/hr/leave.txt"}
    assert rows["policies.zip/hr/leave.txt"].file_name == "leave.txt"
    assert {member.path for member in taken.members} == rows.keys()


def test_same_archive_again_changes_only_what_changed(take: Any) -> None:
    take(zipped({"a.md": "# A", "b.md": "# B"}))
    again = take(zipped({"a.md": "# A", "b.md": "# B, changed"}))
    assert [member.submission.created for member in again.members] == [False, True]
    assert Document.objects.filter(external_id="policies.zip/b.md", version=2).exists()


def test_archives_in_archives_are_opened_to_a_depth(take: Any) -> None:
    """Case 11."""
    data = zipped({"deep.txt": "deep"})
    for level in range(4):
        data = zipped({f"{level}.zip": data, f"{level}.txt": f"level {level}"})
    taken = take(data)
    paths = {member.path: member.error.code if member.error else "" for member in taken.members}
    assert paths == {
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
def test_odd_names_are_made_inert(take: Any, name: str) -> None:
    """Case 9."""
    take(zipped({name: "words"}))
    document = Document.objects.get()
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
        (lambda: zipped({"ok.md": "# Fine", "bomb.zip": bomb()}), "times its size"),
        (bomb, "times its size"),
        (lambda: zipped({f"{number}.txt": "" for number in range(2001)}), "more files"),
        (lambda: zipped({f"{number}.txt": "" for number in range(10_000)}), "files"),
        (lying, "larger than the archive says"),
        (lambda: zipped({"folder/": ""}), "no files"),
        (lambda: zipped({"a.md": "# A"})[:-30], "damaged"),
    ],
    ids=["nested bomb", "bomb", "many", "ten thousand", "lying sizes", "nothing", "cut short"],
)
def test_attacks_are_refused_whole_in_seconds_and_memory_flat(take: Any, data: Any, words: str) -> None:
    """Case 11."""
    raw = data()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    with pytest.raises(ArchiveRefusedError, match=words):
        take(raw)
    assert time.process_time() - started < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024
    assert not Document.objects.exists()
    assert not stored_files()


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
    assert [(member.path, member.error and member.error.code) for member in taken.members] == [
        ("policies.zip/bad.txt", "unreadable"),
        ("policies.zip/good.txt", None),
    ]
    [member] = take(bytes(locked), "locked.zip").members
    assert member.error is not None and member.error.code == "encrypted"


def test_link_in_an_archive_is_not_followed(take: Any) -> None:
    info = zipfile.ZipInfo("shadow.txt")
    info.external_attr = 0o120777 << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(info, "/etc/shadow")
    [member] = take(out.getvalue()).members
    assert member.error is not None and member.error.code == "link"
    assert not Document.objects.exists()


def test_office_document_is_a_document_and_not_an_archive(collection: Collection, owner: User) -> None:
    data = zipped({"[Content_Types].xml": "<Types/>", "word/document.xml": "<w/>"})
    taken = submit_upload(collection, owner, Upload(io.BytesIO(data), "letter.zip"))
    assert isinstance(taken, Submission)


def test_api_reports_every_member(collection: Collection, owner: User) -> None:
    file = SimpleUploadedFile("policies.zip", zipped({"a.md": "# A", "x.zip": b"PK no archive"}))
    answer = browser_of(owner).post(f"/api/v1/collections/{collection.pk}/documents/", {"file": file})
    assert answer.status_code == 202
    body = answer.json()
    assert body["archive"] == "policies.zip"
    assert body["members"][0] == {
        "path": "policies.zip/a.md",
        "document": Document.objects.get().pk,
        "created": True,
    }


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
