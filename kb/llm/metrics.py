"""How the model server is doing, for Prometheus: what each answer took, and how full the batches are."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from kb.llm.job import Times
from kb.llm.queue import WaitingLine
from kb.llm.types import Engine, Failed, Finished, Work

_WAITS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_TOKENS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)


class Metrics:
    """Sums over all answers. Belongs to one event loop."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._answers = Counter("kb_llm_answers", "Answers, by their endings.", ["reason"], registry=registry)
        self._tokens = Counter(
            "kb_llm_tokens",
            "Tokens: of prompts that were evaluated, of prompts that were cached, of answers.",
            ["kind"],
            registry=registry,
        )
        self._queue_s = _histogram(registry, "kb_llm_queue_seconds", "From the request to a slot.", _WAITS_S)
        self._first_s = _histogram(
            registry, "kb_llm_first_token_seconds", "From the request to the first token.", _WAITS_S
        )
        self._token_s = _histogram(
            registry, "kb_llm_token_seconds", "Mean time for each further token of an answer.", _TOKENS_S
        )

    def ended(self, times: Times, event: Finished | Failed) -> None:
        """Count one answer."""
        self._answers.labels("failed" if isinstance(event, Failed) else event.reason).inc()
        if times.served_s:
            self._queue_s.observe(times.queue_s)
        if times.began_s:
            self._first_s.observe(times.first_token_s)
        if not times.began_s or isinstance(event, Failed):
            return
        usage = event.usage
        self._tokens.labels("prompt").inc(usage.prompt_tokens - usage.cached_tokens)
        self._tokens.labels("cached").inc(usage.cached_tokens)
        self._tokens.labels("answer").inc(usage.completion_tokens)
        if usage.completion_tokens > 1:
            self._token_s.observe(times.token_s(usage.completion_tokens))

    def text(self, engine: Engine | None, line: WaitingLine) -> bytes:
        """The text exposition format.

        Args:
            engine: None while there is none.
        """
        now = CollectorRegistry()
        now.register(_Now(engine.work if engine else Work(), engine.slots if engine else 0, line))
        return generate_latest(self._registry) + generate_latest(now)


class _Now(Collector):
    """What is counted elsewhere, looked at when asked."""

    def __init__(self, work: Work, slots: int, line: WaitingLine) -> None:
        self._work = work
        self._slots = slots
        self._line = line

    def collect(self) -> Iterable[Metric]:
        yield CounterMetricFamily("kb_llm_batches", "Batches evaluated.", self._work.batches)
        rows = CounterMetricFamily("kb_llm_batch_rows", "Tokens in those batches.", labels=["kind"])
        rows.add_metric(["prompt"], self._work.prompt_rows)
        rows.add_metric(["answer"], self._work.answer_rows)
        yield rows
        drafts = CounterMetricFamily("kb_llm_draft_tokens", "Tokens guessed.", labels=["outcome"])
        drafts.add_metric(["accepted"], self._work.accepted_rows)
        drafts.add_metric(["rejected"], self._work.drafted_rows - self._work.accepted_rows)
        yield drafts
        yield GaugeMetricFamily("kb_llm_slots", "Answers that can be written at once.", self._slots)
        yield GaugeMetricFamily("kb_llm_active", "Answers that have a slot.", self._line.active)
        yield GaugeMetricFamily("kb_llm_waiting", "Questions that wait for one.", self._line.waiting)


def _histogram(registry: CollectorRegistry, name: str, text: str, buckets: Iterable[float]) -> Histogram:
    return Histogram(name, text, buckets=tuple(buckets), registry=registry)
