"""Several search servers asked as one."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from kb.exceptions import InvalidInputError, SearchUnavailableError
from kb.search.client import SearchClient
from kb.search.errors import IndexLoadingError
from kb.search.keeper import State
from kb.search.replicas import SearchServers
from tests.search.serving import PATIENT_S, TOKEN, Running, StillKeeper


@pytest.fixture
def second(keeper: StillKeeper) -> Iterator[Running]:
    """A second server over the same index."""
    with closing(Running(keeper, 0)) as running:
        yield running


class CountingClient(SearchClient):
    """Counts what it is asked."""

    def __init__(self, url: str) -> None:
        super().__init__(url, TOKEN, PATIENT_S)
        self.asked = 0

    def search(self, *arguments: object, **named: object) -> object:  # type: ignore[override]
        self.asked += 1
        return super().search(*arguments, **named)  # type: ignore[arg-type]


def test_search_from_several_event_loops(server: Running) -> None:
    async def ask(servers: SearchServers) -> int:
        replies = await asyncio.gather(*(servers.asearch("hotel", [1], 10, 10) for _ in range(8)))
        return sum(len(reply.hits) for reply in replies)

    with closing(SearchServers([SearchClient(server.url, TOKEN, PATIENT_S)])) as servers:
        assert [asyncio.run(ask(servers)) for _ in range(2)] == [24, 24]


def test_servers_take_turns_and_give_the_same_hits(server: Running, second: Running) -> None:
    clients = [CountingClient(server.url), CountingClient(second.url)]
    with closing(SearchServers(clients)) as servers:
        replies = [servers.search("hotel", [1], 10, 10) for _ in range(10)]
    assert [client.asked for client in clients] == [5, 5]
    assert len({reply.hits for reply in replies}) == 1


def test_when_one_ends_the_other_answers_and_the_ended_one_rests(server: Running, second: Running) -> None:
    now = [0.0]
    clients = [CountingClient(server.url), CountingClient(second.url)]
    with closing(SearchServers(clients, clock=lambda: now[0])) as servers:
        server.close()
        for _ in range(6):
            assert len(servers.search("hotel", [1], 10, 10).hits) == 3
        assert clients[0].asked == 1
        now[0] = 60.0
        for _ in range(2):
            servers.search("hotel", [1], 10, 10)
        assert clients[0].asked == 2


def test_a_server_that_loads_is_passed_over(second: Running) -> None:
    with (
        closing(Running(StillKeeper(State("loading")), 0)) as first,
        closing(
            SearchServers([SearchClient(url, TOKEN, PATIENT_S) for url in (first.url, second.url)])
        ) as servers,
    ):
        assert [len(servers.search("hotel", [1], 10, 10).hits) for _ in range(4)] == [3] * 4


def test_when_none_answers_it_is_said(server: Running, second: Running, keeper: StillKeeper) -> None:
    keeper.state, keeper.encoder = State("loading"), None
    clients = [SearchClient(url, TOKEN, PATIENT_S) for url in (server.url, second.url)]
    with closing(SearchServers(clients)) as servers:
        with pytest.raises(IndexLoadingError):
            servers.search("hotel", [1], 10, 10)
        server.close()
        second.close()
        with pytest.raises(SearchUnavailableError):
            servers.search("hotel", [1], 10, 10)


def test_a_bad_request_is_not_tried_elsewhere(server: Running, second: Running) -> None:
    clients = [CountingClient(server.url), CountingClient(second.url)]
    with closing(SearchServers(clients)) as servers, pytest.raises(InvalidInputError):
        servers.search("hotel", [1], 0, 10)
    assert sum(client.asked for client in clients) == 1


def test_the_busy_one_is_left_alone(server: Running, second: Running) -> None:
    held = threading.Event()

    class SlowClient(CountingClient):
        def search(self, *arguments: object, **named: object) -> object:  # type: ignore[override]
            reply = super().search(*arguments, **named)
            held.wait(PATIENT_S)
            return reply

    clients = [SlowClient(server.url), CountingClient(second.url)]
    with closing(SearchServers(clients)) as servers:
        waiting = [threading.Thread(target=servers.search, args=("hotel", [1], 10, 10)) for _ in range(2)]
        for thread in waiting:
            thread.start()
        while sum(thread.is_alive() for thread in waiting) > 1:  # until the quick one has answered
            time.sleep(0.001)
        for _ in range(4):
            servers.search("hotel", [1], 10, 10)
        held.set()
        for thread in waiting:
            thread.join()
    assert clients[0].asked == 1
