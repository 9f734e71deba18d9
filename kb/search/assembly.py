"""The search process put together from the configuration; the only place here that loads heavy libraries."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path

from kb.conf import Config
from kb.search.encoders import encoder_for, first_encoder
from kb.search.engine.backends import make_vector_index
from kb.search.engine.encoder import Encoder
from kb.search.engine.engine import SearchEngine
from kb.search.engine.entailment import Entailment, load_entailment
from kb.search.engine.lexical import LexicalIndex
from kb.search.engine.protocols import QueryEncoder, Vector
from kb.search.engine.query_batches import QueryBatches
from kb.search.engine.reranking import Reranking
from kb.search.engine.types import MilvusAddress
from kb.search.generations import named_model
from kb.search.keeper import IndexKeeper
from kb.search.milvus import milvus_address
from kb.search.models import IndexGeneration
from kb.search.opening import IndexOpener
from kb.search.rerankers import make_reranking
from kb.search.wakeups import Wakeups

FindEntailment = Callable[[], Entailment | None]


def entailment_of(config: Config) -> FindEntailment:
    """Loads the model that judges entailment at the first call; None when none is named.

    The call raises ConfigurationError when the named model cannot be used; the message says what to do.
    """

    @functools.cache  # errors are not kept
    def find() -> Entailment | None:
        return load_entailment(config.support_model, config.device) if config.support_model else None

    return find


def make_keeper(config: Config, redis_url: str, entailment: FindEntailment) -> IndexKeeper[Encoder]:
    """Everything below `data_dir/search/` belongs to it.

    Args:
        entailment: of `entailment_of`; called before an index is made.
    """
    folder = config.data_dir.absolute() / "search"
    reranking = functools.cache(functools.partial(make_reranking, config))  # errors are not kept
    load = functools.partial(_load, config, reranking, entailment)
    opener = IndexOpener(
        folder, named_model(config.embedding_model), load, functools.partial(_engine_of, config, reranking)
    )
    return IndexKeeper(opener, Wakeups(redis_url))


def _load(
    config: Config,
    reranking: Callable[[], Reranking | None],
    entailment: FindEntailment,
    generation: IndexGeneration | None,
) -> Encoder:
    # What is named and cannot be used is an error at the start, before an index is made.
    reranking()
    entailment()
    return first_encoder(config) if generation is None else encoder_for(generation, config)


def make_engine(
    encoder: QueryEncoder,
    dimension: int,
    device: str,
    folder: Path,
    milvus: MilvusAddress | None = None,
    reranking: Reranking | None = None,
) -> SearchEngine:
    """An empty engine that works in the folder, which is its alone."""
    dense = make_vector_index(dimension, device, milvus)
    return SearchEngine(encoder, dense, LexicalIndex(folder / "lexical"), reranking)


def _engine_of(
    config: Config, reranking: Callable[[], Reranking | None], encoder: Encoder, folder: Path
) -> SearchEngine:
    milvus = milvus_address(config, encoder.model_id)
    queries = QueryBatches(encoder)
    return make_engine(queries, encoder.dimension, config.device, folder, milvus, reranking())


def make_unsearched_engine(config: Config, model_id: str, dimension: int, folder: Path) -> SearchEngine:
    """An engine whose contents are looked at; without an encoder it starts at once and cannot be searched."""
    return make_engine(_NoEncoder(), dimension, "cpu", folder, milvus_address(config, model_id))


_NO_ENCODER = "This engine was made without an encoder."


class _NoEncoder:
    def embed_queries(self, texts: Sequence[str]) -> Vector:
        raise RuntimeError(_NO_ENCODER)

    def split_share(self, text: str) -> float:
        raise RuntimeError(_NO_ENCODER)
