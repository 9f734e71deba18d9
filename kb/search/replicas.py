"""Several search servers that follow one log, asked as one.

Any of them gives the same hits: each holds the whole index, and the database decides what is shown. So a
request goes to the one with the least to do, and to another when that one does not answer.
"""

from __future__ import annotations

import asyncio
import functools
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from kb.conf import config
from kb.exceptions import SearchUnavailableError
from kb.search.client import Encoded, Entailed, Health, SearchClient, SearchReply
from kb.secrets import internal_token

Answer = TypeVar("Answer")

_THREADS = 64
_REST_S = 2.0  # a server that failed is asked last for so long


class _Server:
    """A server, how many requests it is busy with, and until when it rests after a failure."""

    def __init__(self, client: SearchClient) -> None:
        self.client = client
        self.busy = 0
        self.rests_until = 0.0


class SearchServers:
    """One or more servers. Safe to share between threads and event loops.

    Args:
        clock: seconds, monotonic.
    """

    def __init__(self, clients: Sequence[SearchClient], clock: Callable[[], float] = time.monotonic) -> None:
        self._servers = [_Server(client) for client in clients]
        self._clock = clock
        self._lock = threading.Lock()
        self._turn = 0
        # Its own threads: a server that hangs must not use up the threads that everything else shares.
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="search-client")

    def search(self, query: str, collections: Iterable[int], limit: int, candidates: int) -> SearchReply:
        """As `SearchClient.search`, by the first server that answers.

        Raises:
            InvalidInputError: the request is refused.
            SearchUnavailableError: no server answers; it says what the last one said.
        """
        wanted = list(collections)
        return self._ask(lambda client: client.search(query, wanted, limit, candidates))

    async def asearch(
        self, query: str, collections: Iterable[int], limit: int, candidates: int
    ) -> SearchReply:
        """As `search`, without blocking the event loop."""
        # An asynchronous HTTP client would be bound to one loop, and Django makes a new one per sync view.
        call = functools.partial(self.search, query, list(collections), limit, candidates)
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    def encode(self, texts: Sequence[str]) -> Encoded:
        """As `SearchClient.encode`, by the first server that answers."""
        return self._ask(lambda client: client.encode(texts))

    def cosines(self, query: str, texts: Sequence[str]) -> list[float]:
        """As `SearchClient.cosines`, by the first server that answers."""
        return self._ask(lambda client: client.cosines(query, texts))

    def entails(self, pairs: Sequence[tuple[str, str]]) -> Entailed:
        """As `SearchClient.entails`, by the first server that answers."""
        return self._ask(lambda client: client.entails(pairs))

    def healths(self) -> list[Health]:
        """Of every server that answers."""
        found = []
        for server in self._servers:
            with suppress(SearchUnavailableError):
                found.append(server.client.health())
        return found

    def close(self) -> None:
        for server in self._servers:
            server.client.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _ask(self, call: Callable[[SearchClient], Answer]) -> Answer:
        failure: SearchUnavailableError | None = None
        for server in self._in_order():
            with self._lock:
                server.busy += 1
            try:
                answer = call(server.client)
            except SearchUnavailableError as error:
                failure = error
                server.rests_until = self._clock() + _REST_S
            else:
                server.rests_until = 0.0
                return answer
            finally:
                with self._lock:
                    server.busy -= 1
        raise failure or SearchUnavailableError

    def _in_order(self) -> list[_Server]:
        """Those that work before those that failed just now, the least busy first, equal ones in turn."""
        with self._lock:
            self._turn += 1
            turned = [
                self._servers[(at + self._turn) % len(self._servers)] for at in range(len(self._servers))
            ]
            now = self._clock()
            return sorted(turned, key=lambda server: (server.rests_until > now, server.busy))


@functools.cache
def search_client() -> SearchServers:
    """This process's client of the configured search servers.

    Raises:
        SearchUnavailableError: no address is known, as before the first `manage.py up`.
    """
    if not config.search_urls:
        raise SearchUnavailableError
    return SearchServers([SearchClient(url, internal_token()) for url in config.search_urls])


def searched_generations() -> set[int]:
    """The generations that search servers answer from; none where nobody answers."""
    if not config.search_urls:
        return set()
    return {health.generation for health in search_client().healths() if health.generation is not None}
