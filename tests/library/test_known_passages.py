"""By which collections' choice the model keeps what it made of passages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ingest import purge
from kb.accounts.models import User
from kb.conf import config
from kb.library import known_passages
from kb.library.known_passages import may_be_kept
from kb.library.models import Document
from kb.library.services import create_collection, delete_document
from kb.llm.kept_rows import KeptRows, rows_folder
from tests.factories import make_document

pytestmark = pytest.mark.django_db


@pytest.fixture
def documents(owner: User) -> tuple[int, int]:
    """Of a collection where it was chosen, and of one where it was not."""
    chosen = create_collection(owner, "Chosen", known_passages=True)
    other = create_collection(owner, "Other")
    return make_document(chosen, "Text.", title="A").pk, make_document(other, "Text.", title="B").pk


def choose(monkeypatch: pytest.MonkeyPatch, setting: str) -> None:
    monkeypatch.setattr(known_passages, "config", replace(config, llm_known_passages=setting))


def test_each_collection_chooses_for_its_passages(
    documents: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(monkeypatch, "auto")
    chosen, other = documents
    assert may_be_kept({chosen})
    assert not may_be_kept({other})
    assert not may_be_kept({chosen, other})
    assert not may_be_kept(set())


@pytest.mark.parametrize(("setting", "kept"), [("on", True), ("off", False)])
def test_the_installation_may_choose_for_all(
    documents: tuple[int, int], monkeypatch: pytest.MonkeyPatch, setting: str, kept: bool
) -> None:
    choose(monkeypatch, setting)
    assert [may_be_kept({one}) for one in documents] == [kept, kept]


def test_purge_forgets_what_the_model_made_of_passages(
    documents: tuple[int, int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(purge, "config", replace(config, data_dir=tmp_path))
    kept = KeptRows(rows_folder(tmp_path), "model", 1000)
    kept.put("key", bytearray(10))
    purge.purge_deleted()
    assert kept.get("key") is not None
    delete_document(Document.objects.get(pk=documents[0]))
    purge.purge_deleted()
    assert kept.get("key") is None
