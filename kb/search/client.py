"""Asking a search server. Safe to share between threads and event loops; imports nothing heavy.

urllib3 rather than httpx, which everything else here uses: for a small request on loopback it takes 0.3 ms
instead of 0.8, and there is one for every search.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import urllib3

from kb.exceptions import InvalidInputError, SearchUnavailableError
from kb.search.errors import IndexLoadingError

logger = logging.getLogger(__name__)

_TIMEOUT_S = 10.0
_CONNECT_S = 2.0
_CONNECTIONS = 64


@dataclass(frozen=True)
class Hit:
    """A found chunk. Whether the reader may see it, only the database knows.

    Attributes:
        rrf_score: reciprocal ranks fused; higher is better. The order of hits is that of the whole evidence.
        cosine: None when the dense search did not return the chunk.
        bm25: None when the lexical search did not return it.
        rerank_logit: None when no cross-encoder read it.
    """

    chunk_id: int
    rrf_score: float
    cosine: float | None
    bm25: float | None
    rerank_logit: float | None = None


@dataclass(frozen=True)
class SearchReply:
    """Hits, best first; the last event of the log that they reflect; milliseconds by step."""

    hits: tuple[Hit, ...]
    seq: int
    timings_ms: dict[str, float]


@dataclass(frozen=True)
class Encoded:
    """Vectors of short texts, L2-normalised, and the model that made them."""

    model: str
    vectors: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Entailed:
    """Probabilities that texts say sentences, and the model that gave them."""

    model: str
    probabilities: tuple[float, ...]


@dataclass(frozen=True)
class Health:
    """How the server is.

    Attributes:
        encoder_agreement: see `kb.search.engine.agreement.Agreement`; None for the reference itself.
        encoder_refused: what would be faster, and why it is not used.
        vector_search: how vectors are searched, for people to read.
        reranker: the cross-encoder's identity; empty without one.
        support_model: that of the model of entailment; empty without one.
        lag: committed events that it has not applied yet.
    """

    status: str
    reason: str = ""
    device: str = ""
    encoder_backend: str = ""
    encoder_agreement: dict[str, float] | None = None
    encoder_refused: list[str] = field(default_factory=list)
    vector_search: str = ""
    reranker: str = ""
    support_model: str = ""
    model: str = ""
    generation: int | None = None
    seq: int | None = None
    chunks: int | None = None
    lag: int | None = None


class SearchClient:
    """One server. Connections are kept and reused by all threads.

    Args:
        base_url: scheme, host and port.
        timeout_s: for connecting and for each answer; a server that hangs counts as one that is down.
    """

    def __init__(self, base_url: str, token: str, timeout_s: float = _TIMEOUT_S) -> None:
        self.base_url = base_url.rstrip("/")
        self._http = urllib3.connection_from_url(
            self.base_url,
            maxsize=_CONNECTIONS,
            timeout=urllib3.Timeout(connect=min(_CONNECT_S, timeout_s), read=timeout_s),
            retries=False,
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )

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
            if response.status == HTTPStatus.BAD_REQUEST:
                raise InvalidInputError(response.json()["error"]["message"])
            found: dict[str, Any] = response.json()
            hits = tuple(Hit(**hit) for hit in found["hits"])
            return SearchReply(hits=hits, seq=found["seq"], timings_ms=found["timings_ms"])

    def encode(self, texts: Sequence[str]) -> Encoded:
        """The texts as the vectors of queries, for comparing short texts with each other.

        Raises:
            InvalidInputError: too many texts, an empty or a too long one.
            SearchUnavailableError: the server is down, still loading, failing or too slow.
        """
        response = self._send("POST", "/encode", json.dumps({"texts": list(texts)}))
        with _understood(response):
            if response.status == HTTPStatus.BAD_REQUEST:
                raise InvalidInputError(response.json()["error"]["message"])
            found: dict[str, Any] = response.json()
            return Encoded(found["model"], tuple(tuple(vector) for vector in found["vectors"]))

    def cosines(self, query: str, texts: Sequence[str]) -> list[float]:
        """How near in meaning each of these short texts is to the question, -1 to 1.

        Raises:
            InvalidInputError: too many texts, an empty or a too long one.
            SearchUnavailableError: the server is down, still loading, failing or too slow.
        """
        response = self._send("POST", "/cosines", json.dumps({"query": query, "texts": list(texts)}))
        with _understood(response):
            if response.status == HTTPStatus.BAD_REQUEST:
                raise InvalidInputError(response.json()["error"]["message"])
            found: list[float] = response.json()["cosines"]
            return found

    def entails(self, pairs: Sequence[tuple[str, str]]) -> Entailed:
        """That the first text of each pair says the second, 0 to 1.

        Raises:
            InvalidInputError: too many pairs, an empty or a too long text.
            SearchUnavailableError: the server is down, loading, too slow, or has no model for this.
        """
        response = self._send("POST", "/entails", json.dumps({"pairs": [list(pair) for pair in pairs]}))
        with _understood(response):
            if response.status == HTTPStatus.BAD_REQUEST:
                raise InvalidInputError(response.json()["error"]["message"])
            found: dict[str, Any] = response.json()
            probabilities = tuple(float(each) for each in found["probabilities"])
            if len(probabilities) != len(pairs):
                raise ValueError("One probability for each pair was expected.")
            return Entailed(found["model"], probabilities)

    def health(self) -> Health:
        """Raises SearchUnavailableError when nobody answers."""
        response = self._send("GET", "/health")
        with _understood(response):
            return Health(**response.json())

    @contextmanager
    def chunks(self) -> Iterator[tuple[int, int, Iterator[tuple[int, int]]]]:
        """Generation, seq, and every chunk in the index at that seq with its document, streamed."""
        response = None
        try:
            response = self._http.request("GET", "/ids", preload_content=False)
            if response.status != HTTPStatus.OK:
                raise _unavailable(response)
            lines = _lines(response)
            head = json.loads(next(lines))
            yield head["generation"], head["seq"], (_pair(line) for line in lines)
        except urllib3.exceptions.HTTPError as error:
            raise SearchUnavailableError from error
        finally:
            if response is not None:
                response.close()  # what was not read must not be taken for the next answer

    def rebuild(self) -> None:
        """Order the index to be built from the database; `health` tells when it is there again."""
        response = self._send("POST", "/rebuild")
        if response.status != HTTPStatus.ACCEPTED:
            raise _unavailable(response)

    def close(self) -> None:
        self._http.close()

    def _send(self, method: str, path: str, content: str | None = None) -> urllib3.BaseHTTPResponse:
        """Send, and once again when the connection broke: a kept one may belong to a server that is gone."""
        try:
            try:
                return self._http.request(method, path, body=content)
            except urllib3.exceptions.ProtocolError:
                return self._http.request(method, path, body=content)
        except urllib3.exceptions.HTTPError as error:
            raise SearchUnavailableError from error


def _pair(line: str) -> tuple[int, int]:
    chunk_id, document_id = line.split()
    return int(chunk_id), int(document_id)


def _lines(response: urllib3.BaseHTTPResponse) -> Iterator[str]:
    """The lines of a body, as they come."""
    rest = b""
    for part in response.stream():
        *whole, rest = (rest + part).split(b"\n")
        yield from (line.decode() for line in whole)
    if rest:
        yield rest.decode()


@contextmanager
def _understood(response: urllib3.BaseHTTPResponse) -> Iterator[None]:
    """Turn an answer of failure, or of some other program on that port, into SearchUnavailableError."""
    if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR or response.status == HTTPStatus.UNAUTHORIZED:
        raise _unavailable(response)
    try:
        yield
    except (ValueError, KeyError, TypeError) as error:
        raise SearchUnavailableError from error


def _unavailable(response: urllib3.BaseHTTPResponse) -> SearchUnavailableError:
    """What the reader is told. Why it fails is for the log: it may name paths and models."""
    try:
        error = response.json()["error"]
        code, message = str(error["code"]), str(error["message"])
    except (ValueError, KeyError, TypeError):
        code, message = "", ""
    logger.warning("The search server answered %d %s %s", response.status, code, message)
    return IndexLoadingError() if code == IndexLoadingError.code else SearchUnavailableError()
