"""The client against llama.cpp's own server: a process that is not ours, with the built-in model."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from kb.conf import BUILT_IN
from kb.exceptions import LLMUnavailableError, PromptTooLongError
from kb.llm.client import Delta, Done, OpenAIClient, Opened, Queued
from kb.llm.cores import usable_cores
from kb.llm.model_file import find_model
from tests.llm.native import NativeServer

QUESTION = [
    {"role": "system", "content": "Answer in one sentence."},
    {"role": "user", "content": "Where do fish live?"},
]
_CELLS = 1024


@pytest.fixture(scope="module")
def native() -> Iterator[NativeServer]:
    with NativeServer(find_model(BUILT_IN).path, usable_cores(), slots=2, cells=_CELLS) as server:
        yield server


async def parts(
    client: OpenAIClient, content: str = "", max_tokens: int = 12
) -> list[Queued | Opened | Delta | Done]:
    asked = [{"role": "user", "content": content}] if content else QUESTION
    return [part async for part in client.stream(asked, max_tokens=max_tokens)]


async def test_answer_is_streamed_and_counted(native: NativeServer) -> None:
    found = await parts(OpenAIClient(native.url, "", 60))

    words = [part.text for part in found if isinstance(part, Delta)]
    assert len(words) > 3
    assert "".join(words).strip()
    done = found[-1]
    assert isinstance(done, Done)
    assert done.finish_reason in ("stop", "length")
    assert done.usage.prompt_tokens > 10
    assert 3 < done.usage.completion_tokens <= 12


async def test_same_question_again_is_the_same_answer_and_cached(native: NativeServer) -> None:
    client = OpenAIClient(native.url, "", 60)
    first, again = [await parts(client) for _ in range(2)]

    def text(found: list[Queued | Opened | Delta | Done]) -> str:
        return "".join(part.text for part in found if isinstance(part, Delta))

    assert text(first) == text(again)
    assert isinstance(again[-1], Done)
    assert again[-1].usage.cached_tokens > 0


async def test_prompt_that_is_too_long_is_told_as_such(native: NativeServer) -> None:
    with pytest.raises(PromptTooLongError):
        await parts(OpenAIClient(native.url, "", 60), content="fish " * (_CELLS + 200))


async def test_it_tells_that_it_is_well(native: NativeServer) -> None:
    assert (await OpenAIClient(native.url, "", 60).health())["status"] == "ok"


async def test_server_that_is_killed_in_the_middle_is_unavailable_and_then_down() -> None:
    """Case 42."""
    with NativeServer(find_model(BUILT_IN).path, usable_cores(), slots=1, cells=_CELLS) as server:
        client = OpenAIClient(server.url, "", 20)
        seen = 0
        with pytest.raises(LLMUnavailableError):
            async for part in client.stream(QUESTION[1:], max_tokens=900):
                seen += isinstance(part, Delta)
                if seen == 3:
                    # From a thread: the client must notice by itself.
                    threading.Thread(target=server.kill).start()
        assert seen >= 3
        assert (await client.health())["status"] == "down"
