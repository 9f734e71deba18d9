"""The search server's call for entailment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from kb.exceptions import InvalidInputError, SearchUnavailableError
from kb.search.client import Entailed, SearchClient
from kb.search.keeper import State
from kb.search.replicas import SearchServers
from tests.search.serving import PATIENT_S, TOKEN, Running, StillKeeper, ready_keeper

PAIR = ("The desk opens at nine.", "It opens at nine.")


@dataclass
class Reader:
    """Says what it is told to, and remembers what it was asked."""

    said: list[float] = field(default_factory=lambda: [0.75])
    backlog_s: float = 0.0
    model_id: str = "reader@1"
    device: str = "cpu"
    asked: list[list[tuple[str, str]]] = field(default_factory=list)

    def probabilities(self, pairs: list[tuple[str, str]]) -> list[float]:
        self.asked.append(pairs)
        return self.said


@pytest.fixture
def reader() -> Reader:
    return Reader()


@pytest.fixture
def client(reader: Reader) -> Iterator[SearchClient]:
    with (
        closing(Running(ready_keeper(), entailment=lambda: reader)) as server,
        closing(SearchClient(server.url, TOKEN, PATIENT_S)) as made,
    ):
        yield made


def test_pairs_are_judged_in_one_call(client: SearchClient, reader: Reader) -> None:
    reader.said = [0.75, 0.25]

    assert client.entails([PAIR, ("a", "b")]) == Entailed("reader@1", (0.75, 0.25))
    assert reader.asked == [[PAIR, ("a", "b")]]
    assert client.health().support_model == "reader@1"
    assert SearchServers([client]).entails([PAIR, PAIR]).model == "reader@1"


def test_what_is_no_number_proves_nothing(client: SearchClient, reader: Reader) -> None:
    reader.said = [float("nan"), float("inf")]

    assert client.entails([PAIR, PAIR]).probabilities == (0.0, 0.0)


@pytest.mark.parametrize("pairs", [[], [("", "b")], [("a", "")], [("a",)], [PAIR] * 65, [("x" * 4001, "b")]])
def test_pairs_that_cannot_be_judged_are_refused(client: SearchClient, pairs: Any, reader: Reader) -> None:
    with pytest.raises(InvalidInputError, match="pairs"):
        client.entails(pairs)
    assert reader.asked == []


def test_who_would_wait_too_long_is_sent_away(client: SearchClient, reader: Reader) -> None:
    reader.backlog_s = 60.0

    with pytest.raises(SearchUnavailableError):
        client.entails([PAIR])
    assert reader.asked == []


def test_an_answer_of_another_length_is_no_answer(client: SearchClient, reader: Reader) -> None:
    reader.said = [0.9]

    with pytest.raises(SearchUnavailableError):
        client.entails([PAIR, PAIR])


def test_without_a_model_nothing_can_be_judged() -> None:
    with (
        closing(Running(ready_keeper())) as server,
        closing(SearchClient(server.url, TOKEN, PATIENT_S)) as client,
    ):
        assert client.health().support_model == ""
        with pytest.raises(SearchUnavailableError):
            client.entails([PAIR])


def test_the_model_is_not_asked_for_before_the_index_is_there() -> None:
    """It is loaded by the keeper, with the index; a request must not wait for that."""

    def early() -> Reader:
        raise AssertionError("asked for too early")

    keeper = StillKeeper(State("loading"))
    with (
        closing(Running(keeper, entailment=early)) as server,
        closing(SearchClient(server.url, TOKEN, PATIENT_S)) as client,
    ):
        assert client.health().status == "loading"
        with pytest.raises(SearchUnavailableError):
            client.entails([PAIR])


def test_without_the_token_nothing_is_told(reader: Reader) -> None:
    with closing(Running(ready_keeper(), entailment=lambda: reader)) as server:
        response = httpx.post(f"{server.url}/entails", json={"pairs": [list(PAIR)]}, timeout=PATIENT_S)

    assert response.status_code == 401
    assert reader.asked == []
