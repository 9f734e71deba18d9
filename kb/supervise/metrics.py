"""A few figures for Prometheus, counted in the database: the same from every web worker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.apps import apps
from django.db.models import Count, Model
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from kb.chat.models import Message, Outcome
from kb.library.models import Document, Status
from kb.supervise import health
from kb.supervise.health import Health


class SiteCollector(Collector):
    """Counts at the moment of the scrape.

    Args:
        parts: the state of each part, asked just before.
    """

    def __init__(self, parts: Mapping[str, Health]) -> None:
        self._parts = parts

    def collect(self) -> Iterable[Metric]:
        up = GaugeMetricFamily("kb_part_up", "1 when the part works.", labels=["part"])
        for name, state in self._parts.items():
            up.add_metric([name], float(state.status == health.Status.OK))
        yield up
        if self._parts["database"].status != health.Status.OK:
            return
        yield _counted("kb_documents", "Documents by status.", Document, "status", Status.values)
        # `kb` never imports `ingest`.
        job = apps.get_model("ingest", "IngestJob")
        states = list(job._meta.get_field("state").choices or [])
        yield _counted("kb_jobs", "Ingest jobs by state.", job, "state", [state for state, _ in states])
        yield _counted("kb_answers", "Answers by outcome.", Message, "outcome", Outcome.values)


def metrics_text(parts: Mapping[str, Health]) -> bytes:
    """The text exposition format. Reads the database."""
    registry = CollectorRegistry()
    registry.register(SiteCollector(parts))
    return generate_latest(registry)


def _counted(name: str, text: str, model: type[Model], field: str, values: Iterable[str]) -> Metric:
    """Rows by the value of a field; a value without rows counts zero, so that its line never vanishes."""
    found = model._default_manager.order_by().values_list(field).annotate(Count("pk"))
    counts = dict.fromkeys(values, 0) | dict(found)
    family = GaugeMetricFamily(name, text, labels=[field])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family
