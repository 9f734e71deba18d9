"""Compare the index with the database, and repair it on request."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
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
_NO_INDEX = "There is no index yet: the search server will build it from the database."


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
            with _sources(generation) as sources:
                checks = [
                    (name, *_check(generation, source, repair=options["repair"])) for name, source in sources
                ]
        except KBError as error:
            raise CommandError(error.message) from error
        result = {
            "checked": ", ".join(name for name, _, _ in checks) or None,
            "missing": sorted(frozenset().union(*(found.missing for _, found, _ in checks))),
            "extra": sorted(frozenset().union(*(found.extra for _, found, _ in checks))),
            "unrepaired": sorted(frozenset().union(*(left.missing | left.extra for _, _, left in checks))),
        }
        sentences = [_sentence(*check) for check in checks]
        self._report(result, "\n".join(sentences) or _NO_INDEX, options)
        if result["unrepaired"]:
            raise SystemExit(1)

    def _report(self, result: dict[str, Any], sentence: str, options: dict[str, Any]) -> None:
        self.stdout.write(sentence)
        if options["json"]:
            self.stdout.write(json.dumps(result))


def _check(generation: IndexGeneration, source: Source, *, repair: bool) -> tuple[Differences, Differences]:
    """What differed, and what differs still."""
    checker = IndexChecker(generation, source)
    found = checker.differences()
    return found, checker.repair(found) if found and repair else found


@contextmanager
def _sources(generation: IndexGeneration) -> Iterator[list[tuple[str, Source]]]:
    """The index of every server that runs; without one the newest snapshot; without that nothing."""
    with ExitStack() as stack:
        clients = [
            stack.enter_context(closing(SearchClient(url, internal_token()))) for url in config.search_urls
        ]
        running = [client for client in clients if _answers(client)]
        if running:
            # With one there is nothing to tell apart.
            names = [_SERVER] if len(clients) == 1 else [f"{_SERVER} {each.base_url}" for each in running]
            yield [(name, RunningServer(client)) for name, client in zip(names, running, strict=True)]
            return
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        stored = _stored_snapshot(generation, Path(folder))
        yield [(_SNAPSHOT, stored)] if stored.exists else []


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


def _sentence(name: str, found: Differences, left: Differences) -> str:
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
