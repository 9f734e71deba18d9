"""Messages that make workers look at a source. The row says what is to do; a message only wakes somebody."""

from __future__ import annotations

import logging
from datetime import datetime

from ingest.row_leases import is_free
from ingest.sources.models import Source, SourceState

logger = logging.getLogger(__name__)


def due_sources(now: datetime) -> list[int]:
    """Sources whose time has come, or whose run was broken off, and on which nobody works."""
    due = Source.objects.filter(is_free(now), state=SourceState.ACTIVE, next_run_at__lte=now)
    return list(due.filter(collection__deleted_at=None).order_by("next_run_at").values_list("pk", flat=True))


def send(source_id: int) -> None:
    """Tell a worker. If the broker is down, the sweeper says it again later."""
    from ingest.tasks import sync_source

    try:
        sync_source.delay(source_id)
    except sync_source.OperationalError as error:
        logger.warning("The broker is down, source %s waits: %s", source_id, error)
