from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from kb.conf import load
from kb.supervise import checks


def ids(messages: object) -> list[str | None]:
    return [message.id for message in messages]  # type: ignore[attr-defined]


def test_ordinary_installation_passes(tmp_path: Path) -> None:
    config = load({"KB_DATA_DIR": str(tmp_path)})

    found = [
        *checks.data_folder(config),
        *checks.embedding_model(config),
        *checks.reranker_model(config),
        *checks.support_model(config),
        *checks.vector_index(config),
        *checks.language_model(config),
        *checks.context(config),
    ]

    assert [message for message in found if message.is_serious()] == []


def test_data_folder_that_is_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "var").touch()
    config = replace(load({}), data_dir=tmp_path / "var")

    assert ids(checks.data_folder(config)) == ["kb.E001"]


def test_data_folder_that_does_not_exist_yet_is_fine(tmp_path: Path) -> None:
    assert "kb.E001" not in ids(checks.data_folder(load({"KB_DATA_DIR": str(tmp_path / "a" / "b")})))


@pytest.mark.parametrize(("free_mb", "expected"), [(50, ["kb.E002"]), (500, ["kb.W002"]), (5000, [])])
def test_little_disk_is_a_warning_and_too_little_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_mb: int, expected: list[str]
) -> None:
    class Usage:
        free = free_mb * 2**20

    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage)

    assert ids(checks.data_folder(load({"KB_DATA_DIR": str(tmp_path)}))) == expected


def test_milvus_without_an_address_is_an_error() -> None:
    assert ids(checks.vector_index(load({"KB_VECTOR_INDEX": "milvus"}))) == ["kb.E006"]
    assert ids(checks.vector_index(load({"KB_MILVUS_URI": "http://milvus:19530"}))) == []
    both = load({"KB_VECTOR_INDEX": "milvus", "KB_MILVUS_URI": "https://kb:secret@milvus:19530/kb"})
    assert ids(checks.vector_index(both)) == []


def test_milvus_without_its_library_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kb.search.milvus.find_spec", lambda name: None)
    both = load({"KB_VECTOR_INDEX": "milvus", "KB_MILVUS_URI": "http://milvus:19530"})
    [message] = checks.vector_index(both)
    assert "pymilvus" in message.msg


def test_embedding_model_folder_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    missing = load({"KB_EMBEDDING_MODEL": str(tmp_path / "model")})
    present = load({"KB_EMBEDDING_MODEL": str(tmp_path)})
    hub = load({"KB_EMBEDDING_MODEL": "sentence-transformers/all-MiniLM-L6-v2"})

    assert ids(checks.embedding_model(missing)) == ["kb.E003"]
    assert ids(checks.embedding_model(present)) == []
    assert ids(checks.embedding_model(hub)) == []


def test_reranker_folder_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    missing = load({"KB_RERANKER_MODEL": str(tmp_path / "model")})
    present = load({"KB_RERANKER_MODEL": str(tmp_path)})

    assert ids(checks.reranker_model(missing)) == ["kb.E007"]
    assert ids(checks.reranker_model(present)) == []
    assert ids(checks.reranker_model(load({}))) == []


def test_support_model_folder_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    missing = load({"KB_SUPPORT_MODEL": str(tmp_path / "model")})
    present = load({"KB_SUPPORT_MODEL": str(tmp_path)})

    assert ids(checks.support_model(missing)) == ["kb.E008"]
    assert ids(checks.support_model(present)) == []
    assert ids(checks.support_model(load({}))) == []


def test_missing_language_model_is_only_a_warning(tmp_path: Path) -> None:
    """case 43: application and search must come up."""
    (warning,) = checks.language_model(load({"KB_LLM_MODEL": str(tmp_path / "model.gguf")}))

    assert warning.id == "kb.W004"
    assert not warning.is_serious()


def test_language_model_is_not_looked_for_when_another_endpoint_answers(tmp_path: Path) -> None:
    config = load({"KB_LLM_MODEL": str(tmp_path / "model"), "KB_LLM_URL": "http://other/v1"})

    assert ids(checks.language_model(config)) == []


def test_context_that_cannot_hold_passages_and_answer_is_an_error() -> None:
    """case 27"""
    assert ids(checks.context(load({"KB_LLM_CONTEXT": "1024", "KB_PASSAGE_TOKENS": "900"}))) == ["kb.E005"]
    assert ids(checks.context(load({"KB_LLM_CONTEXT": "4096"}))) == []
