"""The first step of a run: what a source holds now is written beside what it held."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.db import transaction

from ingest.sources.leases import SourceLease
from ingest.sources.models import RunStep, Source, SourceFile, SourceRun
from ingest.sources.naming import can_be_kept, external_id_of
from ingest.sources.patterns import is_wanted
from ingest.sources.reaching import Listed, Reach

logger = logging.getLogger(__name__)

_AT_ONCE = 500
_LISTED = (
    "listed_mark", "listed_content_mark", "listed_bytes", "modified", "seen_in", "due",
    "missing_since", "missing_agreed",
)  # fmt: skip


@dataclass
class Tally:
    unchanged: int = 0
    failed: int = 0


def take_listing(lease: SourceLease, run: SourceRun, source: Source, place: Reach, now: datetime) -> int:
    """Write the whole listing down, and what is missing from it. Doing it again changes nothing.

    Returns:
        How many files there are.
    """
    tally = Tally()
    for batch in _batches(listed for listed in place.walk() if _fits(source, listed, tally)):
        with transaction.atomic():
            lease.prove()
            _write(run, source, batch, tally)
        lease.renew(now)
    with transaction.atomic():
        lease.prove()
        rest = source.files.exclude(seen_in=run)
        rest.filter(sha256="").delete()  # it was never taken in
        rest.filter(missing_since=None).update(missing_since=now, due=False, failure="")
        SourceRun.objects.filter(pk=run.pk).update(
            step=RunStep.FETCHING, unchanged=tally.unchanged, failed=tally.failed
        )
    return source.files.filter(seen_in=run).count()


def _fits(source: Source, listed: Listed, tally: Tally) -> bool:
    if not is_wanted(listed.path, source.include, source.exclude):
        return False
    if can_be_kept(listed.path):
        return True
    tally.failed += 1
    logger.warning("Source %s: a file whose name cannot be kept: %s", source.pk, ascii(listed.path)[:300])
    return False


def _write(run: SourceRun, source: Source, batch: list[Listed], tally: Tally) -> None:
    known = {row.path: row for row in source.files.filter(path__in=[listed.path for listed in batch])}
    new, old = [], []
    for listed in {listed.path: listed for listed in batch}.values():
        row = known.get(listed.path)
        if row is None:
            row = SourceFile(
                source=source, path=listed.path, external_id=external_id_of(source.prefix, listed.path)
            )
            new.append(row)
        else:
            old.append(row)
        row.due = not row.mark or row.mark != listed.mark
        row.listed_mark, row.listed_content_mark = listed.mark, listed.content_mark
        row.listed_bytes, row.modified, row.seen_in = listed.size_bytes, listed.modified, run
        row.missing_since, row.missing_agreed = None, False
        tally.unchanged += not row.due and not row.failure
        tally.failed += not row.due and bool(row.failure)
    SourceFile.objects.bulk_create(new)
    SourceFile.objects.bulk_update(old, _LISTED)


def _batches(found: Iterable[Listed]) -> Iterator[list[Listed]]:
    rest = iter(found)
    while batch := list(islice(rest, _AT_ONCE)):
        yield batch
