"""The model process's HTTP: the part of OpenAI's API that answers questions, and /health."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kb.exceptions import KBError
from kb.internal_http import Guard, read_body
from kb.llm.errors import ModelLoadingError
from kb.llm.replies import error_response, models_object
from kb.llm.requests import MAX_BODY_BYTES, parse_chat, parse_score
from kb.llm.responses import ScoredContinuations, StreamedAnswer, WholeAnswer
from kb.llm.station import Station
from kb.llm.types import Sampling

# How long the engine may take to notice that the process ends; within the supervisor's patience.
_STOP_S = 0.9


class LLMServer:
    """The endpoints.

    Args:
        station: started and stopped with the application.
        token: that every caller of /v1 and /metrics must bear.
    """

    def __init__(self, station: Station, token: str) -> None:
        self._station = station
        self._guard = Guard(token, error_response)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/chat/completions", self._guard(self._chat), methods=["POST"]),
                Route("/v1/score", self._guard(self._score), methods=["POST"]),
                Route("/v1/models", self._guard(self._models), methods=["GET"]),
                Route("/metrics", self._guard(self._metrics), methods=["GET"]),
                Route("/health", self._health, methods=["GET"]),
            ],
            lifespan=self._lifespan,
            exception_handlers={HTTPException: self._guard.unknown},
        )

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        self._station.start()
        yield
        await self._station.stop(_STOP_S)

    async def _chat(self, request: Request) -> Response:
        wanted = await asyncio.to_thread(parse_chat, await read_body(request, MAX_BODY_BYTES))
        prompt, sampling = await self._station.prepare(wanted)
        name = self._station.engine.info.name
        job = self._station.enter(prompt, sampling, wanted.user)
        if not wanted.stream:
            return WholeAnswer(job, name)
        return StreamedAnswer(job, name, include_usage=wanted.include_usage)

    async def _score(self, request: Request) -> Response:
        wanted = parse_score(await read_body(request, MAX_BODY_BYTES))
        prompt = await self._station.prepare_score(wanted)
        job = self._station.enter(prompt, Sampling(), wanted.user)
        return ScoredContinuations(job, self._station.engine.info.name, wanted.continuations)

    async def _models(self, request: Request) -> Response:
        return JSONResponse(models_object(self._station.engine.info))

    async def _metrics(self, request: Request) -> Response:
        return Response(self._station.metrics_text(), media_type=CONTENT_TYPE_LATEST)

    async def _health(self, request: Request) -> Response:
        """200 as long as the process lives. What it runs, only those who bear the token may know."""
        facts: dict[str, Any] = {}
        try:
            info = self._station.engine.info
            status = "ok"
            facts = {"model": info.name, "device": info.device, "context_tokens": info.context_tokens}
            facts["slots"] = self._station.engine.slots
            if info.note:
                facts["note"] = info.note
        except ModelLoadingError:
            status = "loading"
        except KBError as error:
            status, facts = "failed", {"reason": error.message}
        line = self._station.line
        facts |= {"active": line.active, "waiting": line.waiting}
        return JSONResponse({"status": status, **(facts if self._guard.admits(request) else {})})
