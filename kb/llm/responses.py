"""Answers that end with their readers: whoever leaves frees the slot."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from kb.exceptions import LLMUnavailableError
from kb.llm.job import Job, Moved, Still
from kb.llm.replies import Reply, comment, error_object, error_response, event, score_object
from kb.llm.types import Failed, Finished, Piece, Scores

# A waiting reader hears from us at least this often.
PATIENCE_S = 5.0


class JobResponse(Response, ABC):
    """A response that is made while it is sent.

    Starlette's own streaming response notices a reader who left only when it has something to send, and
    during the evaluation of a prompt there is nothing.
    """

    def __init__(self, job: Job, model: str) -> None:
        super().__init__()
        self._job = job
        self._reply = Reply(model)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with _cancelled_with_reader(self._job, receive):
            await self.answer(scope, receive, send)

    @abstractmethod
    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None: ...


class WholeAnswer(JobResponse):
    """One JSON object when the answer is complete."""

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        pieces = []
        async for happened in self._job.events(PATIENCE_S):
            if isinstance(happened, Piece):
                pieces.append(happened.text)
            elif isinstance(happened, Failed):
                await error_response(happened.error)(scope, receive, send)
            elif isinstance(happened, Finished):
                await self._ending("".join(pieces), happened)(scope, receive, send)

    def _ending(self, text: str, finished: Finished) -> Response:
        if finished.reason == "cancelled":
            return error_response(_broken_off())
        return JSONResponse(self._reply.whole(text, finished, self._job.times))


class StreamedAnswer(JobResponse):
    """Server-sent events, piece by piece; comments tell the place in the line."""

    def __init__(self, job: Job, model: str, *, include_usage: bool) -> None:
        super().__init__(job, model)
        self._include_usage = include_usage
        self._opened = False

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        async for data in self._events():
            await send({"type": "http.response.body", "body": data, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _events(self) -> AsyncIterator[bytes]:
        async for happened in self._job.events(PATIENCE_S):
            match happened:
                case Moved(position) | Still(position) if position > 0:
                    yield comment(f"queued {position}")
                case Piece(text):
                    yield self._opening() + self._reply.text(text)
                case Failed(error):
                    yield event(error_object(error))
                case Finished(reason="cancelled"):
                    yield event(error_object(_broken_off()))
                case Finished():
                    closing = self._reply.closing(
                        happened, self._job.times, include_usage=self._include_usage
                    )
                    yield self._opening() + closing

    def _opening(self) -> bytes:
        """What comes before the first piece, once."""
        if self._opened:
            return b""
        self._opened = True
        return self._reply.opening(self._job.begun if self._include_usage else None)


class ScoredContinuations(JobResponse):
    """One JSON object."""

    def __init__(self, job: Job, model: str, texts: Sequence[str]) -> None:
        super().__init__(job, model)
        self._model = model
        self._texts = texts

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        scores = Scores(())
        async for happened in self._job.events(PATIENCE_S):
            if isinstance(happened, Scores):
                scores = happened
            elif isinstance(happened, Failed):
                await error_response(happened.error)(scope, receive, send)
            elif isinstance(happened, Finished):
                await self._ending(scores, happened)(scope, receive, send)

    def _ending(self, scores: Scores, finished: Finished) -> Response:
        if finished.reason == "cancelled":
            return error_response(_broken_off())
        return JSONResponse(score_object(self._model, self._texts, scores, finished, self._job.times))


def _broken_off() -> LLMUnavailableError:
    """Nobody reads it, unless it is the server itself that ends."""
    return LLMUnavailableError("The language model server is stopping.")


@asynccontextmanager
async def _cancelled_with_reader(job: Job, receive: Receive) -> AsyncIterator[None]:
    watch = asyncio.create_task(_cancel_on_disconnect(job, receive))
    try:
        yield
    finally:
        watch.cancel()
        job.cancel()  # changes nothing where the answer is complete


async def _cancel_on_disconnect(job: Job, receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    job.cancel()
