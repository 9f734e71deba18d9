"""Questions of several threads in one batch."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import pytest

from kb.search.engine.query_batches import QueryBatches

WAIT_S = 60


class SlowEncoder:
    """Gives each text its length; the first batch waits until it is let go."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.begun = threading.Event()
        self.go_on = threading.Event()

    def split_share(self, text: str) -> float:
        return 0.0

    def embed_queries(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        self.batches.append(list(texts))
        self.begun.set()
        assert self.go_on.wait(WAIT_S)
        if "broken" in texts:
            raise ValueError("broken")
        return np.array([[len(text)] for text in texts], np.float32)


def ask_behind_one(encoder: SlowEncoder, texts: Sequence[str], most: int) -> list[object]:
    """Ask for "first", and for the others while that is computed; what each gets, or its error."""
    batches = QueryBatches(encoder, most)

    def ask(text: str) -> object:
        try:
            return float(batches.embed_queries([text])[0, 0])
        except ValueError as error:
            return str(error)

    with ThreadPoolExecutor(len(texts) + 1) as pool:
        first = pool.submit(ask, "first")
        assert encoder.begun.wait(WAIT_S)
        others = [pool.submit(ask, text) for text in texts]
        while len(batches._gathering._waiting) < len(texts):
            pass
        encoder.go_on.set()
        return [each.result(WAIT_S) for each in (first, *others)]


def test_those_who_wait_are_computed_together_and_each_gets_its_own() -> None:
    encoder = SlowEncoder()
    texts = ["a" * length for length in range(1, 9)]
    assert ask_behind_one(encoder, texts, most=16) == [5, *range(1, 9)]
    assert [len(batch) for batch in encoder.batches] == [1, 8]


def test_a_batch_has_a_bound() -> None:
    encoder = SlowEncoder()
    texts = ["a" * length for length in range(1, 9)]
    assert ask_behind_one(encoder, texts, most=3) == [5, *range(1, 9)]
    assert [len(batch) for batch in encoder.batches] == [1, 3, 3, 2]


def test_an_error_reaches_those_of_its_batch_and_nobody_else() -> None:
    texts = ["broken", "ab", "abc"]
    assert ask_behind_one(SlowEncoder(), texts, most=2) == [5, "broken", "broken", 3]


@pytest.mark.parametrize("count", [1, 5])
def test_several_texts_of_one_caller_keep_their_order(count: int) -> None:
    encoder = SlowEncoder()
    encoder.go_on.set()
    texts = ["a" * length for length in range(count, 0, -1)]
    assert QueryBatches(encoder, 2).embed_queries(texts)[:, 0].tolist() == [*range(count, 0, -1)]
