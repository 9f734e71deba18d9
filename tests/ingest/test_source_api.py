"""Sources over REST, on pages and by command: what managers do, and what nobody else may."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from ingest.sources import folder_reach, sealing
from ingest.sources.errors import SecretUnreadableError
from ingest.sources.models import Source, SourceRun
from ingest.sources.sealing import seal, sealed_anew, unseal
from kb.accounts.models import User
from kb.conf import config
from kb.library.models import Collection, Document, Grant, Role
from tests.factories import browser_of
from tests.ingest.sources import live, make_source

pytestmark = pytest.mark.django_db

SECRET = "planted-secret-Wq7"
FTP = {
    "name": "Files",
    "protocol": "ftp",
    "location": "/docs",
    "options": {"host": "93.184.216.34", "username": "sync", "password": SECRET},
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "handbook"
    made.mkdir()
    for number in range(5):
        (made / f"{number}.md").write_text(f"Page {number}")
    monkeypatch.setattr(folder_reach, "config", replace(config, source_roots=(str(tmp_path),)))
    return made


Send = Callable[..., Any]


@pytest.fixture
def send(owner: User) -> Send:
    browser = browser_of(owner)

    def call(method: str, address: str, body: object = None) -> Any:
        return getattr(browser, method)(address, body, content_type="application/json")

    return call


def test_a_source_is_connected_changed_run_and_removed(
    send: Send, collection: Collection, folder: Path
) -> None:
    given = {"name": "Shared drive", "protocol": "file", "location": str(folder), "exclude": ["0.md"]}
    seen = send("post", f"/api/v1/collections/{collection.pk}/sources/preview/", given).json()
    assert [one["path"] for one in seen["files"]] == ["1.md", "2.md", "3.md", "4.md"]
    made = send("post", f"/api/v1/collections/{collection.pk}/sources/", given)
    assert made.status_code == 201, made.content
    address = f"/api/v1/sources/{made.json()['id']}/"
    call_command("sync_sources", stdout=StringIO(), stderr=StringIO())
    (latest,) = send("get", f"{address}runs/").json()["results"]
    assert (latest["state"], latest["added"]) == ("done", 4)
    changed = send("put", address, {**given, "exclude": [], "every_minutes": 5})
    assert (changed.json()["every_minutes"], changed.json()["exclude"]) == (5, [])
    assert send("post", f"{address}run/").status_code == 202
    assert send("post", f"{address}confirm/").status_code == 409
    assert send("post", f"{address}confirm/", {"decision": "pause"}).json()["state"] == "paused"
    assert send("post", f"{address}run/").status_code == 409
    assert send("post", f"{address}confirm/", {"decision": "resume"}).json()["state"] == "active"
    assert send("delete", address).status_code == 400
    assert send("delete", f"{address}?documents=keep").status_code == 204
    assert len(live(collection)) == 4


def test_removing_may_delete_its_documents_and_no_others(
    send: Send, collection: Collection, folder: Path, owner: User
) -> None:
    source = make_source(collection, owner, location=str(folder))
    call_command("sync_sources", stdout=StringIO(), stderr=StringIO())
    other = Document.objects.first()
    assert other is not None
    Document.objects.filter(pk=other.pk).update(external_id="wiki.md")
    assert send("delete", f"/api/v1/sources/{source.pk}/?documents=delete").status_code == 204
    assert set(live(collection)) == {"wiki.md"}


def test_secrets_are_encrypted_and_never_shown(send: Send, collection: Collection) -> None:
    """Case 23."""
    made = send("post", f"/api/v1/collections/{collection.pk}/sources/", FTP)
    assert made.status_code == 201, made.content
    assert made.json()["secrets_set"] == ["password"]
    assert made.json()["options"] == {"host": "93.184.216.34", "username": "sync"}
    source = Source.objects.get()
    assert SECRET not in str(Source.objects.values())
    assert unseal(source.sealed) == {"password": SECRET}
    addresses = (
        f"/api/v1/sources/{source.pk}/",
        f"/library/sources/{source.pk}/",
        f"/library/sources/{source.pk}/edit/",
        f"/library/{collection.pk}/sources/",
    )
    for address in addresses:
        answer = send("get", address)
        assert answer.status_code == 200
        assert SECRET not in answer.content.decode()


def test_a_secret_stays_with_its_place(send: Send, collection: Collection) -> None:
    """Another manager may not have a password sent to a host of their own."""
    send("post", f"/api/v1/collections/{collection.pk}/sources/", FTP)
    source = Source.objects.get()
    same = {**FTP, "options": {"host": "93.184.216.34", "username": "sync"}, "every_minutes": 5}
    assert send("put", f"/api/v1/sources/{source.pk}/", same).json()["secrets_set"] == ["password"]
    other = {**FTP, "options": {"host": "93.184.216.35", "username": "sync"}}
    assert send("put", f"/api/v1/sources/{source.pk}/", other).json()["secrets_set"] == []


def test_entering_the_right_password_answers_that_it_could_not_be_listed(
    send: Send, collection: Collection
) -> None:
    send("post", f"/api/v1/collections/{collection.pk}/sources/", FTP)
    Source.objects.update(state="asking", question="unreadable", reason="The source refuses access.")
    changed = send("put", f"/api/v1/sources/{Source.objects.get().pk}/", FTP).json()
    assert (changed["state"], changed["reason"]) == ("active", "")


def test_another_secret_key_needs_the_previous_one_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = seal({"password": SECRET})
    monkeypatch.setattr(sealing, "secret_key", lambda data_dir: "another" * 9)
    with pytest.raises(SecretUnreadableError):
        unseal(sealed)
    monkeypatch.setattr(sealing, "config", replace(config, secret_key_previous=config.secret_key))
    anew = sealed_anew(sealed)
    monkeypatch.setattr(sealing, "config", config)
    assert unseal(anew) == {"password": SECRET}


def test_readers_editors_and_strangers_know_of_no_source(
    collection: Collection, owner: User, teammate: User, stranger: User
) -> None:
    """Cases 1 and 2."""
    source = make_source(collection, owner)
    Grant.objects.filter(user=teammate).update(role=Role.EDITOR)
    for person, status in ((teammate, 403), (stranger, 404)):
        browser = browser_of(person)
        for address in (
            f"/api/v1/collections/{collection.pk}/sources/",
            f"/api/v1/sources/{source.pk}/",
            f"/api/v1/sources/{source.pk}/runs/",
            f"/library/{collection.pk}/sources/",
            f"/library/sources/{source.pk}/",
        ):
            assert browser.get(address).status_code == status, address
        for address in ("run", "confirm", "preview"):
            assert browser.post(f"/api/v1/sources/{source.pk}/{address}/").status_code == status
        for decision in ("run", "pause", "remove-all"):
            assert browser.post(f"/library/sources/{source.pk}/{decision}/").status_code == status
    assert Source.objects.get().state == "active"


def test_names_that_are_no_text_do_not_stop_the_preview(
    send: Send, collection: Collection, owner: User, folder: Path
) -> None:
    Path(os.fsdecode(os.fsencode(folder) + b"/bad\xffname.md")).write_text("Hello")
    source = make_source(collection, owner, location=str(folder))
    answer = send("post", f"/api/v1/sources/{source.pk}/preview/")
    assert answer.status_code == 200
    assert [file["path"] for file in answer.json()["files"]] == [f"{number}.md" for number in range(5)]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"protocol": "gopher"}, "protocol"),
        ({"options": {"host": "127.0.0.1"}}, "KB_SOURCE_NETWORKS"),
        ({"protocol": "file", "options": {}, "location": "/etc"}, "KB_SOURCE_ROOTS"),
        ({"protocol": "gs", "options": {}, "location": "bucket"}, "pip install"),
        ({"options": {"host": "93.184.216.34", "key_filename": "/etc/passwd"}}, "Unknown option"),
        ({"every_minutes": 0}, "every_minutes"),
        ({"protocol": "https", "options": {}, "location": f"https://u:{SECRET}@x.example/"}, "Leave user"),
        ({"protocol": "https", "options": {}, "location": "file:///etc/passwd"}, "https://"),
    ],
)
def test_what_cannot_be_connected_is_refused_in_words(
    send: Send, collection: Collection, change: dict[str, object], words: str
) -> None:
    """Case 15."""
    answer = send("post", f"/api/v1/collections/{collection.pk}/sources/", {**FTP, **change})
    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]
    assert SECRET not in answer.content.decode()


def test_a_manager_works_on_the_pages(owner: User, collection: Collection, folder: Path) -> None:
    browser = browser_of(owner)
    listing = f"/library/{collection.pk}/sources/"
    assert "No source yet" in browser.get(listing).content.decode()
    form = {"name": "Drive", "location": str(folder), "every_minutes": "30", "grace_hours": "12"}
    tried = browser.post(f"{listing}new/file/", {**form, "test": "1"}).content.decode()
    assert "It works" in tried
    assert "0.md" in tried
    assert not Source.objects.exists()
    assert (
        "KB_SOURCE_ROOTS"
        in browser.post(f"{listing}new/file/", {**form, "location": "/etc"}).content.decode()
    )
    made = browser.post(f"{listing}new/file/", form, follow=True)
    assert "not been looked at yet" in made.content.decode()
    source = Source.objects.get()
    here = f"/library/sources/{source.pk}/"
    call_command("sync_sources", stdout=StringIO(), stderr=StringIO())
    for path in folder.iterdir():
        path.unlink()
    _asked()
    asking = browser.get(here).content.decode()
    assert "Stopped and asked" in asking
    assert "5 added" in asking
    assert browser.get(listing).content.decode().count("Asks:") == 1
    browser.post(f"{here}reject/")
    assert Source.objects.get().state == "paused"
    assert "It works" in _new_file(browser, folder, here)
    browser.post(f"{here}resume/")
    saved = browser.post(f"{here}edit/", {**form, "name": "Renamed"}, follow=True).content.decode()
    assert "Renamed" in saved
    removed = browser.post(f"{here}remove/", follow=True).content.decode()
    assert "is disconnected" in removed
    assert browser.post(f"{here}nonsense/").status_code == 404


def _asked() -> None:
    with pytest.raises(CommandError, match="--confirm"):
        call_command("sync_sources", stdout=StringIO(), stderr=StringIO())


def _new_file(browser: Client, folder: Path, here: str) -> str:
    (folder / "new.md").write_text("New")
    return browser.post(f"{here}test/").content.decode()


def test_the_command_tells_counts_and_decides(
    collection: Collection, owner: User, admin: User, folder: Path
) -> None:
    make_source(collection, owner, location=str(folder), grace_hours=0)
    out = StringIO()
    call_command("sync_sources", collection="handbook", as_json=True, stdout=out, stderr=StringIO())
    (told,) = json.loads(out.getvalue())
    assert (told["source"], told["state"], told["run"]["added"]) == ("Wiki", "active", 5)
    (folder / "0.md").unlink()
    (folder / "1.md").unlink()
    _asked()
    assert len(live(collection)) == 5
    call_command("sync_sources", source="wiki", confirm=True, stdout=StringIO(), stderr=StringIO())
    assert len(live(collection)) == 3
    assert SourceRun.objects.latest("pk").deleted == 2


def test_the_command_says_when_there_is_nothing(db: None) -> None:
    out = StringIO()
    call_command("sync_sources", stdout=out)
    assert "No source" in out.getvalue()
