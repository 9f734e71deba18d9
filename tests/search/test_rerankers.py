"""What a cross-encoder gets to read, from the database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import django.db
import pytest
from django.db import connection

from kb.conf import load
from kb.exceptions import ConfigurationError, SearchUnavailableError
from kb.library.models import Chunk, Collection, Document
from kb.search.rerankers import make_reranking, passage_texts
from tests.search.documents import Publish
from tests.search.tiny_cross_encoder import save_cross_encoder


def ids_of(document: Document) -> list[int]:
    return list(Chunk.objects.filter(document=document).order_by("ordinal").values_list("pk", flat=True))


def test_title_headings_and_text_are_read(publish: Publish, collection: Collection) -> None:
    document = publish(["Hotels are booked in Concur.", "Trains too."])
    Chunk.objects.filter(document=document).update(heading_path=["Travel", "Booking"])
    first, second = ids_of(document)

    assert passage_texts([first], frozenset({collection.pk})) == {
        first: "Travel › Booking\nHotels are booked in Concur."
    }
    assert set(passage_texts([first, second], None)) == {first, second}


def test_deleted_and_foreign_chunks_are_left_out(
    publish: Publish, delete: Callable[[Document], None], collection: Collection
) -> None:
    """Case 34: what was deleted, and what the index might find in the wrong collection, is never read."""
    kept, gone = publish(["kept"]), publish(["gone"])
    chunk_ids = ids_of(kept) + ids_of(gone)
    delete(gone)

    assert set(passage_texts(chunk_ids, frozenset({collection.pk}))) == set(ids_of(kept))
    assert passage_texts(chunk_ids, frozenset({collection.pk + 1})) == {}
    assert passage_texts(chunk_ids, frozenset()) == {}


def test_unreadable_database_is_told_as_search_being_away(db: None) -> None:
    with (
        connection.execute_wrapper(Mock(side_effect=django.db.OperationalError("gone"))),
        pytest.raises(SearchUnavailableError),
    ):
        passage_texts([1], None)


def test_only_a_named_model_is_loaded(tmp_path: Path) -> None:
    assert make_reranking(load({})) is None
    named = make_reranking(load({"KB_RERANKER_MODEL": str(save_cross_encoder(tmp_path / "tiny"))}))
    assert named is not None
    assert named.model_id.startswith("tiny@")
    with pytest.raises(ConfigurationError, match="KB_RERANKER_MODEL"):
        make_reranking(load({"KB_RERANKER_MODEL": str(tmp_path / "other")}))
