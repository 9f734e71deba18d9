"""The search server's HTTP face: JSON on loopback, for this installation's own processes."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import hmac
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, ParamSpec, Protocol, TypeVar

import django.db
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from kb.exceptions import KBError, SearchUnavailableError, ServiceUnavailableError, TooLargeError
from kb.search.engine.types import SearchResult
from kb.search.errors import IndexLoadingError
from kb.search.keeper import State
from kb.search.opening import LoadedEncoder
from kb.search.requests import MAX_BODY_BYTES, SearchRequest, parse_encode, parse_search
from kb.search.tail import Tailer, close_connection

logger = logging.getLogger(__name__)

Given = ParamSpec("Given")
Made = TypeVar("Made")
Endpoint = Callable[[Request], Awaitable[Response]]

_THREADS = 16
_MAX_WAITING = 256
_IDS_PER_PART = 10_000
# The supervisor kills what has not ended ten seconds after SIGTERM; whoever waits here is told earlier.
_STOP_S = 2.5


class Keeper(Protocol):
    """Who owns the index; see `kb.search.keeper.IndexKeeper`."""

    @property
    def state(self) -> State: ...

    @property
    def encoder(self) -> LoadedEncoder | None: ...

    def start(self) -> None: ...

    def rebuild(self) -> None: ...

    def stop(self, timeout_s: float) -> bool: ...


class SearchServer:
    """The endpoints. Searches run in threads: encoder and indexes release the interpreter lock."""

    def __init__(self, keeper: Keeper, token: str) -> None:
        self._keeper = keeper
        self._authorization = f"Bearer {token}".encode()
        # More than cores: those that wait for the encoder are embedded together.
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="search")
        self._waiting = 0

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/search", self._guarded(self._search), methods=["POST"]),
                Route("/encode", self._guarded(self._encode), methods=["POST"]),
                Route("/ids", self._guarded(self._ids), methods=["GET"]),
                Route("/rebuild", self._guarded(self._rebuild), methods=["POST"]),
                Route("/health", self._health, methods=["GET"]),
            ],
            lifespan=self._lifespan,
            exception_handlers={HTTPException: _http_error},
        )

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        self._keeper.start()
        yield
        if not await asyncio.to_thread(self._keeper.stop, _STOP_S):
            logger.warning("Stopping without a last snapshot; the log will be replayed from the one before.")
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _guarded(self, endpoint: Endpoint) -> Endpoint:
        """Check the token; turn every error into JSON with a true status."""

        @functools.wraps(endpoint)
        async def guarded(request: Request) -> Response:
            if not self._is_authorized(request):
                return _error(401, "not_authenticated", "The token is missing or wrong.")
            try:
                return await endpoint(request)
            except KBError as error:
                return _error(error.http_status, error.code, error.message)
            except Exception:
                logger.exception("A request failed: %s", request.url.path)
                return _error(500, KBError.code, KBError.default_message)

        return guarded

    def _is_authorized(self, request: Request) -> bool:
        given = request.headers.get("authorization", "").encode()
        return hmac.compare_digest(given, self._authorization)

    async def _search(self, request: Request) -> Response:
        wanted = parse_search(await _body(request))
        tailer = self._tailer()
        seq = tailer.position.seq
        result = await self._in_thread(_run, tailer, wanted)
        hits = [dataclasses.asdict(hit) for hit in result.hits]
        return JSONResponse({"hits": hits, "seq": seq, "timings_ms": result.timings_ms})

    async def _encode(self, request: Request) -> Response:
        texts = parse_encode(await _body(request))
        tailer, encoder = self._tailer(), self._keeper.encoder
        if encoder is None:
            raise IndexLoadingError
        vectors = await self._in_thread(tailer.engine.embed_queries, texts)
        if self._keeper.encoder is not encoder:
            raise IndexLoadingError  # the model was changed meanwhile: whose vectors these are is unknown
        return JSONResponse({"model": encoder.model_id, "vectors": vectors})

    async def _in_thread(
        self, call: Callable[Given, Made], *given: Given.args, **named: Given.kwargs
    ) -> Made:
        """Raises ServiceUnavailableError when too many wait already."""
        if self._waiting >= _MAX_WAITING:
            raise ServiceUnavailableError("Too many searches are waiting.")
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, functools.partial(call, *given, **named))
        finally:
            self._waiting -= 1

    async def _ids(self, request: Request) -> Response:
        tailer = self._tailer()
        seq, ids = await asyncio.to_thread(_ids_at, tailer)
        head = {"generation": tailer.generation_id, "seq": seq, "count": len(ids)}
        return StreamingResponse(_lines(head, ids), media_type="application/x-ndjson")

    async def _rebuild(self, request: Request) -> Response:
        self._tailer()  # an index that is being loaded is refused: the order could come too late for it
        self._keeper.rebuild()
        return JSONResponse({"status": "accepted"}, 202)

    async def _health(self, request: Request) -> Response:
        state, encoder = self._keeper.state, self._keeper.encoder
        trouble = state.tailer.engine.trouble if state.tailer is not None else ""
        body: dict[str, Any] = {"status": "failed" if trouble else state.status}
        if self._is_authorized(request):
            if reason := trouble or state.reason:
                body["reason"] = reason
            if encoder is not None:
                body["model"], body["device"] = encoder.model_id, encoder.device
                body["encoder_backend"] = encoder.backend
                body |= encoder.comparison.facts()
            if state.tailer is not None:
                body |= await asyncio.to_thread(_progress, state.tailer)
        return JSONResponse(body)

    def _tailer(self) -> Tailer:
        """Raises SearchUnavailableError while the index is not there."""
        state = self._keeper.state
        if state.tailer is not None:
            return state.tailer
        if state.status == "loading":
            raise IndexLoadingError
        raise SearchUnavailableError(state.reason)


def _run(tailer: Tailer, wanted: SearchRequest) -> SearchResult:
    return tailer.engine.search(wanted.query, wanted.collections, wanted.limit, wanted.candidates)


def _ids_at(tailer: Tailer) -> tuple[int, list[int]]:
    with tailer.lock:
        return tailer.position.seq, sorted(tailer.engine.chunk_ids())


def _lines(head: dict[str, int], ids: list[int]) -> Iterator[str]:
    yield json.dumps(head) + "\n"
    for start in range(0, len(ids), _IDS_PER_PART):
        yield "".join(f"{chunk_id}\n" for chunk_id in ids[start : start + _IDS_PER_PART])


def _progress(tailer: Tailer) -> dict[str, Any]:
    progress: dict[str, Any] = {
        "generation": tailer.generation_id,
        "seq": tailer.position.seq,
        "chunks": tailer.engine.count,
        "vector_search": tailer.engine.vector_search,
    }
    if reranker := tailer.engine.reranker:
        progress["reranker"] = reranker
    try:
        progress["lag"] = tailer.lag()
    except django.db.Error:
        pass  # how far the log is, only the database knows; searching goes on without it
    finally:
        close_connection()
    return progress


async def _body(request: Request) -> bytes:
    parts = bytearray()
    async for part in request.stream():
        parts += part
        if len(parts) > MAX_BODY_BYTES:
            raise TooLargeError("The request is too large.")
    return bytes(parts)


def _error(status: int, code: str, message: str) -> Response:
    headers = {"Retry-After": "1"} if status == 503 else None
    return JSONResponse({"error": {"code": code, "message": message}}, status, headers)


def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return _error(status, "not_found" if status == 404 else "invalid", "There is no such call.")
