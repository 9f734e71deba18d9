"""Messages that make workers look at a generation. The row says what is to do; a message only wakes somebody.

There is no message when an admin asks for something: the sweeper looks every ten seconds.
"""

from __future__ import annotations

import logging
from datetime import datetime

from ingest.row_leases import is_free
from kb.search.models import GenerationState, IndexEvent, IndexGeneration, Operation

logger = logging.getLogger(__name__)

AWAKE_S = 2.0  # so that a worker that is told to stop does so in time, and other tasks get their turn
_UNFINISHED = (GenerationState.QUEUED, GenerationState.BUILDING, GenerationState.DROPPING)


def waiting_generations(now: datetime) -> list[int]:
    """Generations with something to do on which nobody works."""
    free = IndexGeneration.objects.filter(is_free(now), serving=False).order_by("pk")
    unfinished = list(free.filter(state__in=_UNFINISHED).values_list("pk", flat=True))
    kept = free.filter(state=GenerationState.READY)
    return unfinished + [generation.pk for generation in kept if _is_behind(generation)]


def send(generation_id: int) -> None:
    """Tell a worker. If the broker is down, the sweeper says it again later."""
    from ingest.tasks import embed_generation

    try:
        embed_generation.delay(generation_id)
    except embed_generation.OperationalError as error:
        logger.warning("The broker is down, generation %s waits: %s", generation_id, error)


def _is_behind(generation: IndexGeneration) -> bool:
    """Something was published that it may not have, or it is to serve."""
    later = IndexEvent.objects.filter(seq__gt=generation.followed_seq, operation=Operation.PUBLISH)
    return generation.switch_wanted or later.exclude(generation=generation).exists()
