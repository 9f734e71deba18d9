"""What the model server tells Prometheus."""

from __future__ import annotations

import httpx
import pytest

from kb.exceptions import LLMUnavailableError
from kb.llm.job import Times
from kb.llm.metrics import Metrics
from kb.llm.queue import WaitingLine
from kb.llm.types import Failed, Finished, Usage
from tests.llm.fakes import AUTHORIZED, PATIENT_S, FakeEngine, Running


def lines(metrics: Metrics, line: WaitingLine | None = None) -> set[str]:
    return set(metrics.text(FakeEngine(slots=4), line or WaitingLine(4, 5)).decode().splitlines())


def test_times_and_tokens_of_each_answer_are_added_up() -> None:
    metrics = Metrics()
    metrics.ended(Times(10.0, 10.2, 11.0, 13.0), Finished(Usage(100, 60, 21), "stop"))
    metrics.ended(Times(10.0, 10.0, 10.5, 10.5), Finished(Usage(50, 0, 1), "length"))
    found = lines(metrics)

    assert {
        'kb_llm_answers_total{reason="stop"} 1.0',
        'kb_llm_answers_total{reason="length"} 1.0',
        'kb_llm_tokens_total{kind="prompt"} 90.0',
        'kb_llm_tokens_total{kind="cached"} 60.0',
        'kb_llm_tokens_total{kind="answer"} 22.0',
        "kb_llm_first_token_seconds_sum 1.5",
        'kb_llm_token_seconds_bucket{le="0.1"} 1.0',
        "kb_llm_token_seconds_count 1.0",
    } <= found
    (waited,) = (line for line in found if line.startswith("kb_llm_queue_seconds_sum"))
    assert float(waited.split()[1]) == pytest.approx(0.2)


def test_who_left_or_failed_counts_with_what_was_reached() -> None:
    metrics = Metrics()
    metrics.ended(Times(1.0, ended_s=2.0), Finished(Usage(100, 0, 0), "cancelled"))
    metrics.ended(Times(1.0, 2.0, 3.0, 4.0), Failed(LLMUnavailableError()))
    found = lines(metrics)

    assert {
        'kb_llm_answers_total{reason="cancelled"} 1.0',
        'kb_llm_answers_total{reason="failed"} 1.0',
        "kb_llm_queue_seconds_count 1.0",
        "kb_llm_token_seconds_count 0.0",
    } <= found


def test_batches_and_the_line_are_shown_as_they_are() -> None:
    line = WaitingLine(1, 5)
    for _ in range(3):
        line.join(lambda position: None)

    assert {
        "kb_llm_batches_total 3.0",
        'kb_llm_batch_rows_total{kind="prompt"} 40.0',
        'kb_llm_batch_rows_total{kind="answer"} 6.0',
        'kb_llm_draft_tokens_total{outcome="accepted"} 7.0',
        'kb_llm_draft_tokens_total{outcome="rejected"} 2.0',
        "kb_llm_slots 4.0",
        "kb_llm_active 1.0",
        "kb_llm_waiting 2.0",
    } <= lines(Metrics(), line)
    assert "kb_llm_slots 0.0" in Metrics().text(None, line).decode()


def test_only_who_bears_the_token_may_look(server: Running, engine: FakeEngine) -> None:
    engine.script = ("Hello",)
    body = {"messages": [{"role": "user", "content": "one two three"}]}
    httpx.post(f"{server.url}/v1/chat/completions", json=body, headers=AUTHORIZED, timeout=PATIENT_S)

    assert httpx.get(f"{server.url}/metrics", timeout=PATIENT_S).status_code == 401
    told = httpx.get(f"{server.url}/metrics", headers=AUTHORIZED, timeout=PATIENT_S)
    assert told.headers["content-type"].startswith("text/plain")
    assert 'kb_llm_answers_total{reason="stop"} 1.0' in told.text
