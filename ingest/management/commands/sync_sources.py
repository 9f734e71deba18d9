"""manage.py sync_sources [--collection NAME] [--json] [--confirm NAME | --reject NAME]"""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q, QuerySet
from django.utils import timezone

from ingest.reembedding import Moment
from ingest.sources.models import Source, SourceState
from ingest.sources.serializers import RunSerializer
from ingest.sources.services import decide, run_now
from ingest.sources.syncing import sync
from kb.accounts.people import acting_user
from kb.exceptions import KBError

_PAUSE_S = 0.5
_AWAKE_S = 2.0


class Command(BaseCommand):
    help = "Look at the sources now, in this process, and say what became of each."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--collection", help="name or slug; default: the sources of all")
        parser.add_argument("--source", help="only the source of this name")
        decision = parser.add_mutually_exclusive_group()
        decision.add_argument(
            "--confirm", action="store_true", help="answer yes to what --source asks, first"
        )
        decision.add_argument("--reject", action="store_true", help="answer no to what --source asks")
        parser.add_argument("--as-user", help="decide as this user (default: the admin)")
        parser.add_argument("--json", action="store_true", dest="as_json", help="end with one line of JSON")

    def handle(self, *, as_json: bool, confirm: bool, reject: bool, **options: Any) -> None:
        rows = list(_chosen(options["collection"], options["source"]))
        if (confirm or reject) and not (options["source"] and len(rows) == 1):
            raise CommandError("Name the one source to decide on, with --source and --collection.")
        decision = "confirm" if confirm else "reject"
        try:
            if confirm or reject:
                decide(acting_user(options["as_user"]), rows[0], decision, timezone.now())
        except KBError as error:
            raise CommandError(error.message) from error
        results = [_result(source) for source in rows]
        for result in results:
            self.stderr.write(_line(result))
        if as_json:
            self.stdout.write(json.dumps(results, ensure_ascii=False))
        elif not results:
            self.stdout.write("No source is connected.")
        if any(result["state"] == SourceState.ASKING for result in results):
            raise CommandError("A source waits for a decision: use --confirm or --reject.")


def _chosen(collection: str | None, name: str | None) -> QuerySet[Source]:
    rows = Source.objects.filter(collection__deleted_at=None).select_related("collection").order_by("pk")
    if collection:
        rows = rows.filter(Q(collection__slug=collection) | Q(collection__name__iexact=collection))
    return rows.filter(Q(name__iexact=name) | Q(prefix=name)) if name else rows


def _result(source: Source) -> dict[str, Any]:
    """Run it to its end; a worker that has it already is waited for."""
    source.refresh_from_db()
    if source.state == SourceState.ACTIVE:
        run_now(source, timezone.now())
    while _is_due(source):
        moment = Moment(time.monotonic, time.monotonic() + _AWAKE_S, timezone.now)
        if not sync(source.pk, moment) and _is_due(source):
            time.sleep(_PAUSE_S)
    source.refresh_from_db()
    latest = source.runs.first()
    return {
        "source": source.name,
        "collection": source.collection.name,
        "state": source.state,
        "reason": source.reason,
        "run": dict(RunSerializer(latest).data) if latest else None,
    }


def _is_due(source: Source) -> bool:
    due = Source.objects.filter(pk=source.pk, state=SourceState.ACTIVE, collection__deleted_at=None)
    return due.filter(next_run_at__lte=timezone.now()).exists()


def _line(result: dict[str, Any]) -> str:
    run = result["run"]
    names = ("added", "changed", "moved", "deleted", "unchanged", "failed")
    told = ", ".join(f"{run[name]} {name}" for name in names) if run else "not looked at yet"
    reason = f" ({result['reason']})" if result["reason"] else ""
    return f"{result['collection']} / {result['source']}: {result['state']}, {told}{reason}"
