"""Compare the index with the database, and repair it on request."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kb.conf import config
from kb.exceptions import KBError, SearchUnavailableError
from kb.search.check import Differences, IndexChecker, Source
from kb.search.check_sources import RunningServer, StoredSnapshot
from kb.search.client import SearchClient
from kb.search.models import IndexGeneration
from kb.search.snapshot import Snapshots
from kb.secrets import internal_token

_SHOWN = 20
_SERVER, _SNAPSHOT = "running server", "newest snapshot"


class Command(BaseCommand):
    help = "Check that the index holds exactly the live chunks; exit 1 on a difference that is not repaired."
    requires_system_checks = ()  # it must run where other parts are misconfigured

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--repair", action="store_true", help="write index events for what differs")
        parser.add_argument("--json", action="store_true", help="end with one line of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        generation = IndexGeneration.objects.filter(serving=True).first()
        if generation is None:
            self._report({"checked": None}, "Nothing was ingested yet; there is nothing to check.", options)
            return
        try:
            with _source(generation) as (name, source):
                found, left = _check(generation, source, repair=options["repair"])
        except KBError as error:
            raise CommandError(error.message) from error
        result = {
            "checked": name,
            "missing": sorted(found.missing),
            "extra": sorted(found.extra),
            "unrepaired": sorted(left.missing | left.extra),
        }
        self._report(result, _sentence(name, found, left), options)
        if left:
            raise SystemExit(1)

    def _report(self, result: dict[str, Any], sentence: str, options: dict[str, Any]) -> None:
        self.stdout.write(sentence)
        if options["json"]:
            self.stdout.write(json.dumps(result))


def _check(
    generation: IndexGeneration, source: Source | None, *, repair: bool
) -> tuple[Differences, Differences]:
    """What differed, and what differs still."""
    if source is None:
        return Differences(), Differences()
    checker = IndexChecker(generation, source)
    found = checker.differences()
    return found, checker.repair(found) if found and repair else found


@contextmanager
def _source(generation: IndexGeneration) -> Iterator[tuple[str | None, Source | None]]:
    """The running server's index; without one the newest snapshot; without that nothing."""
    if config.search_url:
        with closing(SearchClient(config.search_url, internal_token())) as client:
            if _answers(client):
                yield _SERVER, RunningServer(client)
                return
    with tempfile.TemporaryDirectory() as folder:
        stored = _stored_snapshot(generation, Path(folder))
        yield (_SNAPSHOT, stored) if stored.exists else (None, None)


def _answers(client: SearchClient) -> bool:
    try:
        client.health()
    except SearchUnavailableError:
        return False
    return True


def _stored_snapshot(generation: IndexGeneration, folder: Path) -> StoredSnapshot:
    from kb.search.assembly import make_unsearched_engine

    snapshots = Snapshots(
        config.data_dir.absolute() / "search", generation.pk, generation.model_id, generation.dimension
    )
    return StoredSnapshot(
        generation,
        snapshots,
        lambda: make_unsearched_engine(
            config, generation.model_id, generation.dimension, Path(tempfile.mkdtemp(dir=folder))
        ),
    )


def _sentence(name: str | None, found: Differences, left: Differences) -> str:
    if name is None:
        return "There is no index yet: the search server will build it from the database."
    if not found:
        return f"The {name} holds exactly the live chunks."
    lines = [f"The {name} differs from the database."]
    for what, ids in (("Not in the index", found.missing), ("Not live", found.extra)):
        if ids:
            more = " …" if len(ids) > _SHOWN else ""
            shown = ", ".join(str(chunk) for chunk in sorted(ids)[:_SHOWN])
            lines.append(f"{what}: {len(ids)} chunks: {shown}{more}")
    unrepaired = len(left.missing | left.extra)
    lines.append(f"Not repaired: {unrepaired}." if unrepaired else "All of it was repaired.")
    return "\n".join(lines)
