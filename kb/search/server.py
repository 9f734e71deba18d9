"""The search server's HTTP face: JSON on loopback, for this installation's own processes."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import itertools
import json
import logging
import math
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, ParamSpec, Protocol, TypeVar

import django.db
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from kb.exceptions import KBError, SearchUnavailableError, ServiceUnavailableError
from kb.internal_http import Guard, read_body
from kb.search.engine.entailment import Entailment
from kb.search.engine.types import SearchResult
from kb.search.errors import IndexLoadingError
from kb.search.keeper import State
from kb.search.opening import LoadedEncoder
from kb.search.requests import (
    MAX_BODY_BYTES,
    SearchRequest,
    parse_cosines,
    parse_encode,
    parse_entails,
    parse_search,
)
from kb.search.tail import Tailer, close_connection

logger = logging.getLogger(__name__)

Given = ParamSpec("Given")
Made = TypeVar("Made")

_THREADS = 16
_MAX_WAITING = 256
_IDS_PER_PART = 10_000
# The supervisor kills what has not ended ten seconds after SIGTERM; whoever waits here is told earlier.
_STOP_S = 2.5
# A sentence whose proof takes longer stays unproved: the reader is waiting for the next one.
_PROOF_PATIENCE_S = 5.0


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
    """The endpoints. Searches run in threads: encoder and indexes release the interpreter lock.

    Args:
        entailment: the model that judges whether a text says a sentence; the keeper has called it before the
            index is there.
    """

    def __init__(
        self, keeper: Keeper, token: str, entailment: Callable[[], Entailment | None] = lambda: None
    ) -> None:
        self._keeper = keeper
        self._entailment = entailment
        self._guard = Guard(token, _error)
        # More than cores: those that wait for the encoder are embedded together.
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="search")
        self._waiting = 0

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/search", self._guard(self._search), methods=["POST"]),
                Route("/encode", self._guard(self._encode), methods=["POST"]),
                Route("/cosines", self._guard(self._cosines), methods=["POST"]),
                Route("/entails", self._guard(self._entails), methods=["POST"]),
                Route("/ids", self._guard(self._ids), methods=["GET"]),
                Route("/rebuild", self._guard(self._rebuild), methods=["POST"]),
                Route("/health", self._health, methods=["GET"]),
            ],
            lifespan=self._lifespan,
            exception_handlers={HTTPException: self._guard.unknown},
        )

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        self._keeper.start()
        yield
        if not await asyncio.to_thread(self._keeper.stop, _STOP_S):
            logger.warning("Stopping without a last snapshot; the log will be replayed from the one before.")
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _search(self, request: Request) -> Response:
        wanted = parse_search(await read_body(request, MAX_BODY_BYTES))
        tailer = self._tailer()
        seq = tailer.position.seq
        result = await self._in_thread(_run, tailer, wanted)
        hits = [dataclasses.asdict(hit) for hit in result.hits]
        return JSONResponse({"hits": hits, "seq": seq, "timings_ms": result.timings_ms})

    async def _encode(self, request: Request) -> Response:
        texts = parse_encode(await read_body(request, MAX_BODY_BYTES))
        tailer, encoder = self._tailer(), self._keeper.encoder
        if encoder is None:
            raise IndexLoadingError
        vectors = await self._in_thread(tailer.engine.embed_queries, texts)
        if self._keeper.encoder is not encoder:
            raise IndexLoadingError  # the model was changed meanwhile: whose vectors these are is unknown
        return JSONResponse({"model": encoder.model_id, "vectors": vectors})

    async def _cosines(self, request: Request) -> Response:
        wanted = parse_cosines(await read_body(request, MAX_BODY_BYTES))
        cosines = await self._in_thread(self._tailer().engine.cosines, wanted.query, wanted.texts)
        return JSONResponse({"cosines": cosines})

    async def _entails(self, request: Request) -> Response:
        pairs = parse_entails(await read_body(request, MAX_BODY_BYTES))
        self._tailer()  # with the index the model is there too
        model = self._entailment()
        if model is None:
            raise SearchUnavailableError("This search server runs without KB_SUPPORT_MODEL.")
        if model.backlog_s > _PROOF_PATIENCE_S:
            raise ServiceUnavailableError("Too many sentences wait for their proof.")
        found = await self._in_thread(model.probabilities, pairs)
        # What is no number proves nothing.
        probabilities = [each if math.isfinite(each) else 0.0 for each in found]
        return JSONResponse({"model": model.model_id, "probabilities": probabilities})

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
        seq, documents = await asyncio.to_thread(_documents_at, tailer)
        head = {"generation": tailer.generation_id, "seq": seq, "count": len(documents)}
        return StreamingResponse(_lines(head, documents), media_type="application/x-ndjson")

    async def _rebuild(self, request: Request) -> Response:
        self._tailer()  # an index that is being loaded is refused: the order could come too late for it
        self._keeper.rebuild()
        return JSONResponse({"status": "accepted"}, 202)

    async def _health(self, request: Request) -> Response:
        state, encoder = self._keeper.state, self._keeper.encoder
        trouble = state.tailer.engine.trouble if state.tailer is not None else ""
        body: dict[str, Any] = {"status": "failed" if trouble else state.status}
        if self._guard.admits(request):
            if reason := trouble or state.reason:
                body["reason"] = reason
            if encoder is not None:
                body["model"], body["device"] = encoder.model_id, encoder.device
                body["encoder_backend"] = encoder.backend
                body |= encoder.comparison.facts()
            if state.tailer is not None:
                body |= await asyncio.to_thread(_progress, state.tailer)
                if (model := self._entailment()) is not None:
                    body["support_model"] = model.model_id
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


def _documents_at(tailer: Tailer) -> tuple[int, dict[int, int]]:
    with tailer.lock:
        return tailer.position.seq, tailer.engine.chunks()


def _lines(head: dict[str, int], documents: dict[int, int]) -> Iterator[str]:
    """The head, then a line for each chunk: its id and its document's."""
    yield json.dumps(head) + "\n"
    pairs = iter(documents.items())
    while part := list(itertools.islice(pairs, _IDS_PER_PART)):
        yield "".join(f"{chunk_id} {document_id}\n" for chunk_id, document_id in part)


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


def _error(error: KBError) -> Response:
    headers = {"Retry-After": "1"} if error.http_status == 503 else None
    body = {"error": {"code": error.code, "message": error.message}}
    return JSONResponse(body, error.http_status, headers)
