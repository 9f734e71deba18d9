"""Asking the search server. Safe to share between threads and event loops; imports nothing heavy."""

from __future__ import annotations

import asyncio
import functools
import json
import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from kb.conf import config
from kb.exceptions import InvalidInputError, SearchUnavailableError
from kb.search.errors import IndexLoadingError
from kb.secrets import internal_token

logger = logging.getLogger(__name__)

_TIMEOUT_S = 10.0
_CONNECTIONS = 64


@dataclass(frozen=True)
class Hit:
    """A found chunk. Whether the reader may see it, only the database knows.

    Attributes:
        rrf_score: reciprocal ranks fused; higher is better. The order of hits is that of the whole evidence.
        cosine: None when the dense search did not return the chunk.
        bm25: None when the lexical search did not return it.
    """

    chunk_id: int
    rrf_score: float
    cosine: float | None
    bm25: float | None


@dataclass(frozen=True)
class SearchReply:
    """Hits, best first; the last event of the log that they reflect; milliseconds by step."""

    hits: tuple[Hit, ...]
    seq: int
    timings_ms: dict[str, float]


@dataclass(frozen=True)
class Health:
    """How the server is. `lag` counts committed events that it has not applied yet."""

    status: str
    reason: str = ""
    device: str = ""
    encoder_backend: str = ""
    model: str = ""
    generation: int | None = None
    seq: int | None = None
    chunks: int | None = None
    lag: int | None = None


class SearchClient:
    """One server. Connections are kept and reused by all threads.

    Args:
        timeout_s: for connecting and for each answer; a server that hangs counts as one that is down.
    """

    def __init__(self, base_url: str, token: str, timeout_s: float = _TIMEOUT_S) -> None:
        self._http = httpx.Client(
            base_url=base_url,
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            timeout=timeout_s,
            limits=httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS),
            trust_env=False,  # a proxy for the world outside must not see internal traffic
        )
        # Its own threads: a server that hangs must not use up the threads that everything else shares.
        self._threads = ThreadPoolExecutor(_CONNECTIONS, thread_name_prefix="search-client")

    def search(self, query: str, collections: Iterable[int], limit: int, candidates: int) -> SearchReply:
        """The best chunks in these collections; no collections, no hits.

        Args:
            limit: hits wanted at most.
            candidates: how many of each ranking, dense and lexical, are fused.

        Raises:
            InvalidInputError: the server refuses the request; its message says why.
            SearchUnavailableError: the server is down, still loading, failing or too slow.
        """
        body = {"query": query, "collections": list(collections), "limit": limit, "candidates": candidates}
        response = self._send("POST", "/search", json.dumps(body))
        with _understood(response):
            if response.status_code == httpx.codes.BAD_REQUEST:
                raise InvalidInputError(response.json()["error"]["message"])
            found: dict[str, Any] = response.json()
            hits = tuple(Hit(**hit) for hit in found["hits"])
            return SearchReply(hits=hits, seq=found["seq"], timings_ms=found["timings_ms"])

    async def asearch(
        self, query: str, collections: Iterable[int], limit: int, candidates: int
    ) -> SearchReply:
        """As `search`, without blocking the event loop."""
        # An asynchronous HTTP client would be bound to one loop, and Django makes a new one per sync view.
        call = functools.partial(self.search, query, list(collections), limit, candidates)
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    def health(self) -> Health:
        """Raises SearchUnavailableError when nobody answers."""
        response = self._send("GET", "/health")
        with _understood(response):
            return Health(**response.json())

    @contextmanager
    def chunk_ids(self) -> Iterator[tuple[int, int, Iterator[int]]]:
        """Generation, seq and the ids of every chunk in the index at that seq, streamed."""
        try:
            with self._http.stream("GET", "/ids") as response:
                if response.status_code != httpx.codes.OK:
                    response.read()
                    raise _unavailable(response)
                lines = response.iter_lines()
                head = json.loads(next(lines))
                yield head["generation"], head["seq"], (int(line) for line in lines)
        except httpx.HTTPError as error:
            raise SearchUnavailableError from error

    def rebuild(self) -> None:
        """Order the index to be built from the database; `health` tells when it is there again."""
        response = self._send("POST", "/rebuild")
        if response.status_code != httpx.codes.ACCEPTED:
            raise _unavailable(response)

    def close(self) -> None:
        self._http.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _send(self, method: str, path: str, content: str | None = None) -> httpx.Response:
        """Send, and once again when the connection broke: a kept one may belong to a server that is gone."""
        try:
            try:
                return self._http.request(method, path, content=content)
            except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
                return self._http.request(method, path, content=content)
        except httpx.HTTPError as error:
            raise SearchUnavailableError from error


@contextmanager
def _understood(response: httpx.Response) -> Iterator[None]:
    """Turn an answer of failure, or of some other program on that port, into SearchUnavailableError."""
    if response.is_server_error or response.status_code == httpx.codes.UNAUTHORIZED:
        raise _unavailable(response)
    try:
        yield
    except (ValueError, KeyError, TypeError) as error:
        raise SearchUnavailableError from error


def _unavailable(response: httpx.Response) -> SearchUnavailableError:
    """What the reader is told. Why it fails is for the log: it may name paths and models."""
    try:
        error = response.json()["error"]
        code, message = str(error["code"]), str(error["message"])
    except (ValueError, KeyError, TypeError):
        code, message = "", ""
    logger.warning("The search server answered %d %s %s", response.status_code, code, message)
    return IndexLoadingError() if code == IndexLoadingError.code else SearchUnavailableError()


@functools.cache
def search_client() -> SearchClient:
    """This process's client of the configured search server.

    Raises:
        SearchUnavailableError: no address is known, as before the first `manage.py up`.
    """
    if not config.search_url:
        raise SearchUnavailableError
    return SearchClient(config.search_url, internal_token())


def searched_generation() -> int | None:
    """The generation that the search server answers from; None when nobody answers."""
    try:
        return search_client().health().generation
    except SearchUnavailableError:
        return None
