"""Every index finds the ten nearest vectors, however few of them a person may see."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from kb.search.engine.dense import DenseIndex
from kb.search.engine.dense_milvus import MilvusIndex
from kb.search.engine.milvus_store import MilvusStore
from kb.search.engine.protocols import VectorIndex, VectorRows
from tests.search.milvus_server import MilvusServer

DIMENSION = 96
COUNT = 4000
COLLECTIONS = 100
LONE = 500  # the collection that holds one document alone
Floats = npt.NDArray[np.float32]

ALLOWED = {
    "all, without a filter": None,
    "100%": frozenset([*range(COLLECTIONS), LONE]),
    "50%": frozenset(range(0, COLLECTIONS, 2)),
    "10%": frozenset(range(0, COLLECTIONS, 10)),
    "1%": frozenset([37]),
    "one document": frozenset([LONE]),
}


def text_like(rng: np.random.Generator, count: int) -> npt.NDArray[np.float16]:
    """Topics within topics, and a few strong directions that all share, as in embeddings of real text."""
    strength = np.arange(1, DIMENSION + 1) ** -0.5
    world = np.random.default_rng(1)
    fields = 0.6 * world.standard_normal((12, DIMENSION)) + 0.5
    topics = fields[world.integers(0, 12, 300)] + 0.6 * world.standard_normal((300, DIMENSION))
    vectors = (topics[rng.integers(0, 300, count)] + 0.7 * rng.standard_normal((count, DIMENSION))) * strength
    unit: npt.NDArray[np.float16] = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype("<f2")
    return unit


@pytest.fixture(scope="module")
def rows() -> VectorRows:
    """Documents of ten chunks; the last one has a collection of its own."""
    numbers = np.arange(COUNT)
    collections = numbers // 10 % COLLECTIONS
    collections[-10:] = LONE
    ids = np.stack([numbers + 7, numbers // 10, collections], axis=1).astype(np.int64)
    return VectorRows(ids, text_like(np.random.default_rng(2), COUNT))


@pytest.fixture(scope="module", params=["faiss", "milvus"])
def index(request: pytest.FixtureRequest, rows: VectorRows) -> VectorIndex:
    kinds: dict[str, Callable[[], VectorIndex]] = {
        "faiss": lambda: DenseIndex(DIMENSION),
        "milvus": lambda: _in_milvus(request.getfixturevalue("milvus")),
    }
    made = kinds[request.param]()
    made.add(rows)
    return made


def _in_milvus(server: MilvusServer) -> VectorIndex:
    return MilvusIndex(DIMENSION, MilvusStore(server.new_address(), DIMENSION))


@pytest.mark.parametrize("allowed", ALLOWED)
def test_the_ten_nearest_are_those_of_numpy(index: VectorIndex, rows: VectorRows, allowed: str) -> None:
    collections = ALLOWED[allowed]
    seen = np.isin(rows.ids[:, 2], list(collections)) if collections else np.ones(COUNT, bool)
    for question in text_like(np.random.default_rng(3), 5).astype(np.float32):
        cosines = np.where(seen, rows.vectors.astype(np.float32) @ question, -2)
        expected = rows.ids[np.argsort(-cosines, kind="stable")[:10], 0].tolist()
        hits = index.search(question, 10, collections)
        assert {chunk for chunk, _ in hits} == set(expected)
        assert [cosine for _, cosine in hits] == pytest.approx(np.sort(cosines)[::-1][:10], abs=1e-5)


def test_more_hits_wanted_than_there_are_gives_all(index: VectorIndex, rows: VectorRows) -> None:
    [question] = text_like(np.random.default_rng(4), 1).astype(np.float32)
    assert len(index.search(question, COUNT + 500, None)) == COUNT
    assert len(index.search(question, COUNT, frozenset([LONE]))) == 10
