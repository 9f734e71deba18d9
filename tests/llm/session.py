"""Asking a real engine, and waiting for it."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kb.llm.cores import usable_cores
from kb.llm.engine.batches import ALIGNMENT
from kb.llm.engine.llama import LlamaEngine, Shape
from kb.llm.types import ChatMessage, EngineEvent, Failed, Finished, Generation, Piece, Prompt, Sampling

CONTEXT_TOKENS = 1024
SYSTEM = ChatMessage(
    "system",
    "Answer from these passages. [1] Travel is booked in the tool called Wayfarer, at least a week ahead. "
    "[2] Hotels may be booked outside of Wayfarer when it lists none within two kilometres of the venue. "
    "[3] Receipts above 75 EUR are kept for six years and handed in within ten working days.",
)


@dataclass
class Answer:
    text: str
    end: Finished


class Session:
    """Asks the engine and waits for the answers."""

    def __init__(self, engine: LlamaEngine) -> None:
        self.engine = engine

    def prompt(self, *contents: str, max_tokens: int | None = 24) -> Prompt:
        messages = [SYSTEM, *(ChatMessage("user", content) for content in contents)]
        return self.engine.prepare(messages, max_tokens)

    def ask(self, question: str, max_tokens: int = 24, sampling: Sampling | None = None) -> Answer:
        return self.answer(self.prompt(question, max_tokens=max_tokens), sampling)

    def answer(self, prompt: Prompt, sampling: Sampling | None = None) -> Answer:
        events, _ = self.begin(prompt, sampling)
        return collect(events)

    def begin(
        self, prompt: Prompt, sampling: Sampling | None = None
    ) -> tuple[queue.Queue[EngineEvent], Generation]:
        events: queue.Queue[EngineEvent] = queue.Queue()
        return events, self.engine.submit(prompt, sampling or Sampling(), events.put)

    def forget(self) -> None:
        """Fill the cache with something else from its first token on."""
        self.answer(Prompt(tuple(range(300, 300 + 2 * ALIGNMENT)), 1))


def collect(events: queue.Queue[EngineEvent]) -> Answer:
    text = ""
    while not isinstance(event := events.get(timeout=120), Finished | Failed):
        text += event.text if isinstance(event, Piece) else ""
    assert isinstance(event, Finished)
    return Answer(text, event)


@contextmanager
def loaded(path: Path, context_tokens: int = CONTEXT_TOKENS, slots: int = 4) -> Iterator[LlamaEngine]:
    engine = LlamaEngine(path, Shape(context_tokens, slots, threads=usable_cores()))
    try:
        yield engine
    finally:
        assert engine.close(timeout_s=30)
