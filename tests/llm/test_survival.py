"""What the model server survives: its own end, its own standstill, and a thousand restless readers."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from kb.exceptions import LLMUnavailableError
from kb.llm.client import Delta, Done, OpenAIClient, Opened
from kb.llm.cores import usable_cores
from kb.llm.engine.llama import LlamaEngine, Shape
from kb.llm.model_file import find_model
from kb.llm.types import Finished
from kb.secrets import internal_token
from kb.supervise.health import Health, probe_server
from kb.supervise.ports import choose_ports
from kb.supervise.process import Place, Process, Timing
from kb.supervise.supervisor import Supervisor
from kb.supervise.warden import Warden
from tests.llm.fakes import AUTHORIZED, PATIENT_S, Running, eventually
from tests.llm.process import ENOUGH_S, ROOT
from tests.llm.session import Session

# Generous for a busy test machine, short enough to wait for.
TIMING = Timing(probe_every_s=0.5, probe_timeout_s=3.0, first_delay_s=0.1)
CONTEXT_TOKENS, SLOTS, WAITING = 512, 4, 6
REQUESTS, READERS = 1000, 14


@dataclass
class Site:
    """The supervisor with the model server alone."""

    client: OpenAIClient
    pids: list[int] = field(default_factory=list)

    def story(self) -> Any:
        messages = [{"role": "user", "content": "Write a very long story about the sea."}]
        return aclosing(self.client.stream(messages, max_tokens=1500))


@asynccontextmanager
async def supervised(data_dir: Path) -> AsyncIterator[Site]:
    (data_dir / "run").mkdir()
    port = choose_ports(["llm"], data_dir / "run")["llm"]
    url, token = f"http://127.0.0.1:{port}", internal_token()
    site = Site(OpenAIClient(f"{url}/v1", token, timeout_s=ENOUGH_S))

    async def check(pid: int) -> Health:
        if pid not in site.pids:
            site.pids.append(pid)
        return await probe_server(url, token, TIMING.probe_timeout_s)

    argv = (sys.executable, str(ROOT / "manage.py"), "llm_server", "--port", str(port))
    environment = {**os.environ, "KB_DATA_DIR": str(data_dir), "KB_LLM_CONTEXT": "2048", "KB_LLM_SLOTS": "2"}
    process = Process("llm", "model server", argv, environment, check, stop_s=1.0)
    with Warden() as warden:
        supervisor = Supervisor([[process]], Place(data_dir / "log", lambda line: None, warden, TIMING))
        try:
            await supervisor.start()
            yield site
        finally:
            await supervisor.stop()


async def answered(site: Site) -> bool:
    """Whether the model answers now."""
    try:
        messages = [{"role": "user", "content": "Hello?"}]
        parts = [part async for part in site.client.stream(messages, max_tokens=2)]
    except LLMUnavailableError:
        return False
    return isinstance(parts[-1], Done)


async def test_killed_or_stopped_in_an_answer_it_is_replaced_and_the_next_one_works(tmp_path: Path) -> None:
    """Case 42: kill -9, and a standstill in which the process lives and says nothing."""
    async with supervised(tmp_path) as site:
        for number, blow in enumerate((signal.SIGKILL, signal.SIGSTOP), start=1):
            with pytest.raises(LLMUnavailableError):
                async with site.story() as story:
                    assert isinstance(await anext(story), Opened)
                    assert isinstance(await anext(story), Delta)
                    os.kill(site.pids[-1], blow)
                    async for _ in story:
                        pass
            async with asyncio.timeout(ENOUGH_S):
                while not await answered(site):
                    await asyncio.sleep(0.2)
            assert len(set(site.pids)) == number + 1


@pytest.fixture
def engine() -> Iterator[LlamaEngine]:
    shape = Shape(CONTEXT_TOKENS, SLOTS, cache_tokens=CONTEXT_TOKENS, threads=usable_cores())
    made = LlamaEngine(find_model("built-in").path, shape)
    try:
        yield made
    finally:
        made.close(timeout_s=30)


async def restless(client: httpx.AsyncClient, url: str, chance: random.Random) -> str:
    """One request of any length, which may be left at any moment. Returns how it ended."""
    words = chance.choices(["sea", "ship", "storm", "harbour", "gull"], k=chance.randint(1, 30))
    body = {
        "messages": [{"role": "user", "content": f"Tell of {' '.join(words)}."}],
        "max_tokens": chance.randint(1, 5),
        "stream": chance.random() < 0.5,
        "user": f"reader {chance.randint(1, 9)}",
        **chance.choice([{}, {}, {"stop": ["e"]}, {"response_format": {"type": "json_object"}}]),
    }
    patience_s = chance.choice([0.01, 0.05, 0.2, ENOUGH_S, ENOUGH_S])
    try:
        async with asyncio.timeout(patience_s):
            reply = await client.post(f"{url}/v1/chat/completions", json=body, timeout=ENOUGH_S)
    except TimeoutError:
        return "left"
    return str(reply.status_code)


async def many(url: str, chances: Sequence[random.Random]) -> Counter[str]:
    async def reader(chance: random.Random) -> list[str]:
        async with httpx.AsyncClient(headers=AUTHORIZED) as client:
            return [await restless(client, url, chance) for _ in range(REQUESTS // len(chances))]

    return Counter(ending for endings in await asyncio.gather(*map(reader, chances)) for ending in endings)


@pytest.mark.timeout(600)
def test_thousand_restless_readers_leave_nothing_behind(engine: LlamaEngine) -> None:
    """Cases 25, 28 and 41: over real HTTP, with the real model, whose cache is just one long question."""
    with closing(Running(lambda stopping: engine, WAITING)) as server:
        eventually(lambda: server.station.is_ready)
        endings = asyncio.run(many(server.url, [random.Random(seed) for seed in range(READERS)]))
        eventually(lambda: (server.station.line.active, server.station.line.waiting) == (0, 0), ENOUGH_S)

        assert set(endings) == {"200", "503", "left"}
        assert min(endings.values()) > 20
        assert all(resident.is_idle for resident in engine.residents.all)
        assert engine.residents.cells_used <= CONTEXT_TOKENS
        metrics = httpx.get(f"{server.url}/metrics", headers=AUTHORIZED, timeout=PATIENT_S).text
        assert "kb_llm_active 0.0" in metrics
        assert "kb_llm_waiting 0.0" in metrics
        # llama.cpp itself has every cell free: a question that takes all of them is answered.
        session = Session(engine)
        words = "word " * (CONTEXT_TOKENS - 140)
        whole = session.answer(session.prompt(words, max_tokens=None))
        assert isinstance(whole.end, Finished)
        assert engine.residents.cells_used <= CONTEXT_TOKENS
