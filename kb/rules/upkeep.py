"""What is done about rules now and then, by the worker."""

from __future__ import annotations

import logging
from datetime import datetime

from kb.conf import config
from kb.exceptions import KBError
from kb.rules.fitting import refit_stale
from kb.rules.models import VerifiedAnswer
from kb.rules.record import forget_firings
from kb.search.replicas import search_client

logger = logging.getLogger(__name__)


def keep_up(now: datetime) -> None:
    """Forget old firings, and fit verified answers whose vectors are missing or of another model."""
    forget_firings(now, config.rule_log_days)
    if not VerifiedAnswer.objects.exists():
        return
    try:
        encoder = search_client()
        refit_stale(encoder.encode(["model"]).model, encoder)
    except KBError as error:
        logger.info("Verified answers are looked at again later: %s", error.message)
