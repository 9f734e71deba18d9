"""The cross-encoder of this installation, and the words that it reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import django.db

from kb.conf import Config
from kb.exceptions import SearchUnavailableError
from kb.search.engine.reranker import load_reranker
from kb.search.engine.reranking import Reranking
from kb.search.live import live_texts
from kb.search.tail import close_connection


def make_reranking(config: Config) -> Reranking | None:
    """None when no model is named.

    Raises:
        ConfigurationError: the named model cannot be used; the message says what to do.
    """
    if not config.reranker_model:
        return None
    return Reranking(load_reranker(config.reranker_model, config.device), passage_texts)


def passage_texts(chunk_ids: Sequence[int], collections: frozenset[int] | None) -> Mapping[int, str]:
    """Implements `kb.search.engine.reranking.PassageTexts`, from the database."""
    try:
        return live_texts(chunk_ids, collections)
    except django.db.Error as error:
        raise SearchUnavailableError("The database cannot be read.") from error
    finally:
        close_connection()
