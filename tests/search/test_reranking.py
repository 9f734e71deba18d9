"""The second look, through the real engine."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from kb.search.engine.dense import DenseIndex
from kb.search.engine.engine import SearchEngine
from kb.search.engine.lexical import LexicalIndex
from kb.search.engine.reranker import load_reranker
from kb.search.engine.reranking import PATIENCE_S, PassageTexts, Reranking, reordered
from tests.search.engine_parts import DIMENSION, WordEncoder, found, row
from tests.search.tiny_cross_encoder import save_cross_encoder

WAIT_S = 60
PUBLIC, SECRET = 1, 2
BODIES = {
    1: "the mine is open",
    2: "the mine is open and has gold",
    3: "a mine with gold gold gold gold",
    4: "closed since E-4012 was raised in the mine",
    5: "gold gold gold gold gold gold gold",
}


class Bodies:
    """The words of chunks, as a dictionary; those in `gone` are not there any more."""

    def __init__(self, gone: Sequence[int] = ()) -> None:
        self.gone = set(gone)

    def __call__(self, chunk_ids: Sequence[int], collections: frozenset[int] | None) -> Mapping[int, str]:
        return {chunk_id: BODIES[chunk_id] for chunk_id in chunk_ids if chunk_id not in self.gone}


class Witness:
    """A reranker that likes long passages, and remembers what it was shown."""

    model_id, device = "witness@1", "cpu"

    def __init__(self, backlog_s: float = 0.0) -> None:
        self.backlog_s = backlog_s
        self.shown: list[str] = []

    def logits(self, query: str, passages: Sequence[str]) -> list[float]:
        self.shown += passages
        return [float(len(passage)) for passage in passages]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_cross_encoder(tmp_path_factory.mktemp("models") / "tiny")


def engine_with(folder: Path, reranking: Reranking | None) -> SearchEngine:
    made = SearchEngine(WordEncoder(), DenseIndex(DIMENSION), LexicalIndex(folder / "lexical"), reranking)
    for chunk_id, body in BODIES.items():
        made.replace_document(chunk_id, SECRET if chunk_id == 5 else PUBLIC, [row(chunk_id, body)])
    made.commit()
    return made


def tiny_reranking(folder: Path, texts: PassageTexts, most: int = 24) -> Reranking:
    return Reranking(load_reranker(str(folder), "cpu"), texts, most)


def test_cross_encoder_decides_the_order(tmp_path: Path, tiny: Path) -> None:
    engine = engine_with(tmp_path, tiny_reranking(tiny, Bodies()))

    result = engine.search("the mine is open", None, 10, 10)

    assert found(result)[:3] == [5, 3, 2]
    logits = [hit.rerank_logit for hit in result.hits]
    assert None not in logits
    assert logits == sorted(logits, reverse=True)  # type: ignore[type-var]
    assert set(result.timings_ms) == {"encode", "dense", "lexical", "fuse", "rerank", "total"}
    assert result.timings_ms["rerank"] > 0
    assert engine.reranker.startswith("tiny@")


def test_without_a_model_nothing_is_reordered(tmp_path: Path) -> None:
    engine = engine_with(tmp_path, None)

    result = engine.search("the mine is open", None, 10, 10)

    assert found(result)[0] == 1
    assert {hit.rerank_logit for hit in result.hits} == {None}
    assert "rerank" not in result.timings_ms
    assert engine.reranker == ""


def test_what_is_named_to_the_letter_keeps_its_place(tmp_path: Path, tiny: Path) -> None:
    engine = engine_with(tmp_path, tiny_reranking(tiny, Bodies()))

    result = engine.search("What does E-4012 mean for the gold?", None, 10, 10)

    assert 4 in found(result)[:3]
    assert found(result)[:2] == [5, 3]


def test_cross_encoder_never_sees_what_may_not_be_read(tmp_path: Path) -> None:
    witness = Witness()
    engine = engine_with(tmp_path, Reranking(witness, Bodies()))

    hits = found(engine.search("gold in the mine", frozenset({PUBLIC}), 10, 10))

    assert 5 not in hits
    assert sorted(witness.shown) == sorted(BODIES[chunk_id] for chunk_id in (1, 2, 3, 4))


def test_only_the_best_are_read_and_the_others_follow_as_they_were(tmp_path: Path) -> None:
    before = found(engine_with(tmp_path / "plain", None).search("the mine is open", None, 10, 10))
    witness = Witness()
    engine = engine_with(tmp_path / "reranked", Reranking(witness, Bodies(), most=2))

    result = engine.search("the mine is open", None, 10, 10)

    assert sorted(witness.shown) == sorted(BODIES[chunk_id] for chunk_id in before[:2])
    assert found(result)[2:] == before[2:]
    assert [hit.rerank_logit is None for hit in result.hits] == [False, False, True, True, True]


def test_chunk_whose_words_are_gone_comes_after_those_that_were_read(tmp_path: Path, tiny: Path) -> None:
    engine = engine_with(tmp_path, tiny_reranking(tiny, Bodies(gone=[5])))

    hits = engine.search("the mine is open", None, 10, 10).hits

    assert (hits[-1].chunk_id, hits[-1].rerank_logit) == (5, None)


def test_who_would_wait_too_long_gets_the_fused_order(tmp_path: Path) -> None:
    before = found(engine_with(tmp_path / "plain", None).search("the mine is open", None, 10, 10))
    witness = Witness(backlog_s=PATIENCE_S + 1)
    engine = engine_with(tmp_path / "busy", Reranking(witness, Bodies()))

    result = engine.search("the mine is open", None, 10, 10)

    assert found(result) == before
    assert {hit.rerank_logit for hit in result.hits} == {None}
    assert witness.shown == []


def test_logit_that_is_not_a_number_counts_as_none(tmp_path: Path) -> None:
    class Lost(Witness):
        def logits(self, query: str, passages: Sequence[str]) -> list[float]:
            return [float("nan") if "gold" in passage else 1.0 for passage in passages]

    engine = engine_with(tmp_path, Reranking(Lost(), Bodies()))

    hits = engine.search("the mine is open", None, 10, 10).hits

    assert [hit.rerank_logit for hit in hits] == [1.0, 1.0, None, None, None]


def test_changes_are_committed_while_passages_are_read(tmp_path: Path) -> None:
    reading, go_on = threading.Event(), threading.Event()

    class Slow(Witness):
        def logits(self, query: str, passages: Sequence[str]) -> list[float]:
            reading.set()
            assert go_on.wait(WAIT_S)
            return super().logits(query, passages)

    engine = engine_with(tmp_path, Reranking(Slow(), Bodies()))
    results: list[list[int]] = []
    searching = threading.Thread(
        target=lambda: results.append(found(engine.search("gold mine", None, 10, 10)))
    )
    searching.start()
    assert reading.wait(WAIT_S)
    engine.remove_document(1)
    committing = threading.Thread(target=engine.commit)
    committing.start()
    committing.join(WAIT_S)
    committed = not committing.is_alive()
    go_on.set()
    searching.join(WAIT_S)
    committing.join(WAIT_S)

    assert committed
    assert engine.count == 4
    assert len(results[0]) == 5, "the search sees what was there when it began"


def test_equal_logits_keep_the_order() -> None:
    assert reordered([4, 2, 9, 1], {2: 1.0, 9: 1.0}) == [2, 9, 4, 1]
    assert reordered([4, 2], {}) == [4, 2]
