"""A run of a source, a moment at a time: list, fetch, delete. All of its state is in the database.

Whoever takes up a run that was broken off goes on where it was: the step is in its row, what is still to be
fetched is marked `due`, and each file is finished in one transaction.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from django.db import DatabaseError, transaction

from ingest.reembedding import Moment
from ingest.row_leases import LeaseLostError
from ingest.sources.asking import ask, end_run
from ingest.sources.deleting import delete_file, next_gone, too_many_vanished
from ingest.sources.fetching import fetch_file
from ingest.sources.leases import SourceLease, acquire
from ingest.sources.listing import take_listing
from ingest.sources.models import Question, RunState, RunStep, Source, SourceRun
from ingest.sources.reaching import Reach, reach
from ingest.sources.sealing import sealed_anew, unseal
from kb.accounts.models import User
from kb.conf import config
from kb.exceptions import KBError
from kb.library.access import get_collection_for
from kb.library.models import Role

logger = logging.getLogger(__name__)
Opener = Callable[[str, str, Mapping[str, str]], Reach]


def sync(source_id: int, moment: Moment, opener: Opener = reach) -> bool:
    """Work on a source until the moment is over, if its time has come and nobody else does.

    Args:
        opener: makes a `Reach` of protocol, location and options.

    Returns:
        Whether there is more to do.
    """
    taken = acquire(source_id, moment.now(), config.lease_s)
    if taken is None:
        return False
    lease, run = taken
    try:
        with lease.kept():
            more = _work(lease, run, moment, opener)
    except LeaseLostError:
        return False
    finally:
        lease.release()
    return more


def _work(lease: SourceLease, run: SourceRun, moment: Moment, opener: Opener) -> bool:
    source = Source.objects.select_related("collection", "connected_by").get(pk=lease.source_id)
    if not _somebody_answers(source):
        ask(lease, run, moment.now(), Question.NOBODY, "Whoever connected this source left, or manages the "
            "collection no longer. Confirm to go on in your name.")  # fmt: skip
        return False
    try:
        return _steps(lease, run, moment, source, opener)
    except KBError as error:
        reason = error.message
    except (LeaseLostError, DatabaseError):
        raise  # the next run goes on here
    except Exception as error:  # the edge of the task
        logger.exception("Source %s", source.pk)
        reason = f"Something unexpected went wrong ({type(error).__name__}). The log tells more."
    ask(lease, run, moment.now(), Question.UNREADABLE, reason)
    return False


def _steps(lease: SourceLease, run: SourceRun, moment: Moment, source: Source, opener: Opener) -> bool:
    place = _open(source, opener)
    if run.step == RunStep.LISTING:
        known = source.files.filter(missing_agreed=False).exclude(sha256="").exists()
        if not take_listing(lease, run, source, place, moment.now()) and known:
            ask(lease, run, moment.now(), Question.EMPTY, "The source lists no files at all, and had some. "
                "Nothing was deleted. Confirm if it is really empty.")  # fmt: skip
            return False
    if not _fetched(lease, run, moment, source, place):
        return True
    if reason := too_many_vanished(source):
        ask(lease, run, moment.now(), Question.VANISHED, reason)
        return False
    while (row := next_gone(source, moment.now())) is not None:
        if moment.is_over():
            return True
        delete_file(lease, run, row)
    end_run(lease, run, moment.now(), RunState.DONE, _nothing_found(source))
    return False


def _fetched(lease: SourceLease, run: SourceRun, moment: Moment, source: Source, place: Reach) -> bool:
    """Whether everything that was due is here."""
    while (row := source.files.filter(due=True).order_by("pk").first()) is not None:
        if moment.is_over():
            return False
        fetch_file(lease, run, row, place)
        lease.renew(moment.now())
    return True


def _open(source: Source, opener: Opener) -> Reach:
    secrets = unseal(source.sealed)
    anew = sealed_anew(source.sealed)
    if anew:
        # Whatever key it was sealed with, from now on it is the present one.
        with transaction.atomic():
            Source.objects.filter(pk=source.pk, sealed=source.sealed).update(sealed=anew)
    return opener(source.protocol, source.location, {**source.options, **secrets})


def _somebody_answers(source: Source) -> bool:
    try:
        if not isinstance(source.connected_by, User):
            return False
        get_collection_for(source.connected_by, source.collection_id, Role.MANAGER)
    except KBError:
        return False
    return True


def _nothing_found(source: Source) -> str:
    if source.files.exists():
        return ""
    return "No files were found: look at the place and at the patterns."
