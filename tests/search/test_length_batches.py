"""Texts of many callers, computed in batches of similar length."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from kb.search.engine.length_batches import LengthBatches


def batches_of(texts: Sequence[str], most: int = 4, streams: int = 1) -> list[list[str]]:
    seen: list[list[str]] = []

    def compute(batch: list[str]) -> list[int]:
        seen.append(batch)
        return [len(text) for text in batch]

    waiting = LengthBatches[str](len, most, streams)
    results = waiting.add(texts)
    waiting.compute_all(compute)
    assert [result.result(0) for result in results] == [len(text) for text in texts]
    return seen


def test_texts_of_a_length_are_computed_together_whatever_their_order() -> None:
    texts = ["a" * 9, "b", "c" * 8, "dd", "e" * 9, "f", "g" * 8, "hh"]
    assert sorted(map(sorted, batches_of(texts))) == [
        ["a" * 9, "c" * 8, "e" * 9, "g" * 8],
        ["b", "dd", "f", "hh"],
    ]


def test_who_came_first_is_in_the_first_batch_whatever_is_like_the_others() -> None:
    assert "x" * 100 in batches_of(["x" * 100, *["y"] * 20])[0]


def test_few_texts_are_shared_out_to_all_streams() -> None:
    assert [len(batch) for batch in batches_of(["a", "b", "c", "d"], most=8, streams=2)] == [2, 1, 1]


def test_an_error_is_told_to_all_of_its_batch_and_the_next_is_computed() -> None:
    def compute(batch: list[str]) -> list[str]:
        if "bad" in batch:
            raise ValueError("bad")
        return batch

    waiting = LengthBatches[str](len, 2, 1)
    results = waiting.add(["bad", "is", "longest of all", "longer than all"])
    waiting.compute_all(compute)
    for result in results[:2]:
        with pytest.raises(ValueError, match="bad"):
            result.result(0)
    assert results[3].result(0) == "longer than all"


def test_every_caller_gets_its_own_results_while_many_compute() -> None:
    waiting = LengthBatches[str](len, 3, 4)

    def ask(number: int) -> bool:
        texts = [str(number) * (1 + at % 7) for at in range(50)]
        results = waiting.add(texts)
        waiting.compute_all(lambda batch: [text.upper() for text in batch])
        return [result.result(60) for result in results] == texts

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(ask, range(10, 60)))
