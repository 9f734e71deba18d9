"""A model server as benchmarks start it, and people who read from it."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from kb.conf import config
from tests.llm.process import Process

KEY = "of the benchmark"
Messages = Sequence[Mapping[str, str]]


class ModelServer:
    """The product's own, with its default settings, at an address that it keeps when it is started again."""

    def __init__(self, data_dir: Path, **settings: Any) -> None:
        self.data_dir = data_dir
        self._settings = {**settings, "KB_LLM_API_KEY": KEY}
        self._process = Process(data_dir, **self._settings)
        self.url = self._process.url
        self.until_ready()

    @property
    def pid(self) -> int:
        return self._process.popen.pid

    def until_ready(self) -> dict[str, Any]:
        self._process.headers = {"Authorization": f"Bearer {KEY}"}
        return self._process.until("ok")

    def restart(self) -> None:
        """Nothing is cached in the new process."""
        port = self._process.port
        self._process.kill()
        self._process = Process(self.data_dir, port=port, **self._settings)
        self.until_ready()

    def close(self) -> None:
        self._process.kill()


@contextmanager
def model_folder() -> Iterator[Path]:
    """A data folder for a model server. What this installation has made of the model, and measured, is used
    again: it is neither made at each start nor another one at each side."""
    with tempfile.TemporaryDirectory() as folder:
        made = config.data_dir.absolute() / "models"
        made.mkdir(parents=True, exist_ok=True)
        (Path(folder) / "models").symlink_to(made)
        yield Path(folder)


@contextmanager
def model_server(data_dir: Path | None = None, **settings: str) -> Iterator[ModelServer]:
    """In a folder of its own, unless one is given."""
    with model_folder() as folder:
        server = ModelServer(data_dir or folder, **settings)
        try:
            yield server
        finally:
            server.close()


def client_of(url: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {KEY}"}
    return httpx.AsyncClient(base_url=url, headers=headers, timeout=600, trust_env=False)


@dataclass
class Answer:
    """When its words came, in seconds by one clock."""

    asked_s: float
    words_s: list[float] = field(default_factory=list)

    @property
    def first_ms(self) -> float:
        return (self.words_s[0] - self.asked_s) * 1000


async def read(
    client: httpx.AsyncClient, messages: Messages | str, max_tokens: int, answer: Answer | None = None
) -> Answer:
    """Note when each piece of the answer comes; a piece is a token, but for letters of several.

    Args:
        messages: or the question alone.
    """
    answer = answer or Answer(time.perf_counter())
    asked = [{"role": "user", "content": messages}] if isinstance(messages, str) else list(messages)
    body = {"messages": asked, "max_tokens": max_tokens, "temperature": 0, "stream": True}
    async with client.stream("POST", "/v1/chat/completions", json=body) as response:
        response.raise_for_status()
        async for line in response.aiter_lines():
            if line.startswith("data: {") and _is_word(json.loads(line[6:])):
                answer.words_s.append(time.perf_counter())
    return answer


def _is_word(chunk: Mapping[str, Any]) -> bool:
    return any(choice["delta"].get("content") for choice in chunk["choices"])


def rate(answers: Sequence[Answer]) -> float:
    """Tokens per second of all together, from the first word of any to the last of all."""
    words = [word_s for answer in answers for word_s in answer.words_s]
    return (len(words) - len(answers)) / (max(words) - min(words))
