"""Sources for tests: places that are a dictionary, and runs until nothing is left to do."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

from ingest.reembedding import Moment
from ingest.sources.errors import SourceUnreachableError
from ingest.sources.models import Source, SourceRun
from ingest.sources.reaching import Listed
from ingest.sources.syncing import sync
from kb.accounts.models import User
from kb.library.models import Collection, Document

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Place:
    """A source that is a dictionary; it tells marks, or nothing, and may break."""

    def __init__(self, files: Mapping[str, str | bytes] | None = None, *, tells: bool = True) -> None:
        self.files: dict[str, str | bytes] = dict(files or {})
        self.read: list[str] = []
        self.broken = ""
        self.tells = tells
        self.before_reading: Callable[[str], None] = lambda path: None

    def __call__(self, protocol: str, location: str, options: Mapping[str, str]) -> Place:
        self.options = dict(options)
        return self

    def walk(self) -> Iterator[Listed]:
        if self.broken:
            raise SourceUnreachableError(self.broken)
        for path, text in self.files.items():
            mark = f"{path} {hash(text)}" if self.tells else ""
            yield Listed(path, len(text), mark)

    @contextmanager
    def open(self, path: str) -> Iterator[BinaryIO]:
        self.before_reading(path)
        if path not in self.files:
            raise SourceUnreachableError("There is nothing at this place.")
        self.read.append(path)
        content = self.files[path]
        yield io.BytesIO(content if isinstance(content, bytes) else content.encode())


def make_source(collection: Collection, user: User, **fields: object) -> Source:
    given = {"name": "Wiki", "prefix": "wiki", "protocol": "file", "location": "/srv", "next_run_at": START}
    return Source.objects.create(collection=collection, connected_by=user, **{**given, **fields})


def moment(now: datetime = START, turns: int = 10_000) -> Moment:
    """Over after so many looks at the clock."""
    ticks = iter(range(turns + 100_000))
    return Moment(lambda: next(ticks), turns, lambda: now)


def run(source: Source, place: Place, now: datetime = START) -> SourceRun:
    """A run from its beginning to its end."""
    Source.objects.filter(pk=source.pk).update(next_run_at=now)
    sync(source.pk, moment(now), place)
    source.refresh_from_db()
    return SourceRun.objects.filter(source=source).latest("pk")


def counts(of: SourceRun) -> dict[str, int]:
    names = ("added", "changed", "moved", "deleted", "unchanged", "failed")
    return {name: getattr(of, name) for name in names if getattr(of, name)}


def live(collection: Collection) -> dict[str, Document]:
    rows = Document.objects.filter(collection=collection, deleted_at=None, superseded_at=None)
    return {row.external_id: row for row in rows}


def later(**amount: int) -> datetime:
    return START + timedelta(**amount)
