"""Which files of a source come in, what their documents are called, and when beat wakes a worker."""

from __future__ import annotations

import pytest

from ingest.sources.hints import due_sources
from ingest.sources.leases import acquire
from ingest.sources.models import Source
from ingest.sources.naming import external_id_of
from kb.accounts.models import User
from kb.conf import config
from kb.library.models import Collection
from tests.ingest.sources import Place, counts, later, live, make_source, run


@pytest.fixture
def source(collection: Collection, owner: User) -> Source:
    return make_source(collection, owner)


@pytest.mark.django_db
def test_patterns_choose(source: Source, collection: Collection) -> None:
    source.include, source.exclude = ["*.MD", "guides/*"], ["drafts/*"]
    source.save()
    place = Place({"a.md": "A", "b.txt": "B", "guides/c.txt": "C", "drafts/d.md": "D"})
    assert counts(run(source, place)) == {"added": 2}
    assert set(live(collection)) == {"wiki/a.md", "wiki/guides/c.txt"}


def test_no_two_paths_share_an_external_id() -> None:
    """Case 9."""
    paths = ("a.md", "b/a.md", "b\\a.md", "b//a.md", "b/../a.md", "\u202ea.md", "x" * 600 + "/a.md", "a.md ")
    made = {external_id_of("wiki", path) for path in paths}
    assert len(made) == len(paths)
    assert all(one.startswith("wiki/") and len(one) <= 500 and ".." not in one.split("/") for one in made)


@pytest.mark.django_db
def test_beat_wakes_a_worker_when_the_time_has_come_and_nobody_is_at_work(source: Source) -> None:
    """Beat may wake two at once: one has the lease."""
    run(source, Place({"a.md": "A"}))
    assert due_sources(later(minutes=59)) == []
    assert due_sources(later(minutes=60)) == [source.pk]
    assert acquire(source.pk, later(minutes=60), config.lease_s) is not None
    assert acquire(source.pk, later(minutes=60), config.lease_s) is None
    assert due_sources(later(minutes=60)) == []
    assert due_sources(later(minutes=60, seconds=config.lease_s + 1)) == [source.pk]
