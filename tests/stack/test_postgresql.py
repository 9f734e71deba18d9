"""The whole product on PostgreSQL, by the setting that says so and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.database.postgresql import PostgreSQL
from tests.stack.conftest import Site, eventually, start, stop, upload

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]


@pytest.fixture
def site(postgresql: PostgreSQL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """On an empty database, as an admin makes it."""
    folder, url = tmp_path_factory.mktemp("on-postgresql"), postgresql.new_database()
    running = start(folder, KB_DEMO="0", KB_DATABASE_URL=url)
    yield running
    stop(running)


def test_site_finds_what_is_uploaded_and_outlives_its_connections(site: Site, postgresql: PostgreSQL) -> None:
    with site.api() as api:
        collection = api.post("/collections/", json={"name": "Parking"}).json()["id"]
        query = {"query": "What does a parking permit cost?", "collections": [collection]}

        def found() -> list[str]:
            hits = api.post("/search/", json=query).raise_for_status().json()["hits"]
            return [hit["text"] for hit in hits]

        upload(api, collection, "permits.md", "# Permits\n\nA parking permit costs 45 EUR a month.")
        eventually(lambda: "45 EUR" in str(found()))
        # As when the database server is started again.
        postgresql.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'kb%'")
        assert "45 EUR" in str(found())
        upload(api, collection, "visitors.md", "# Visitors\n\nVisitors need no parking permit.")
        eventually(lambda: "Visitors need" in str(found()))
    assert not (site.data_dir / "kb.sqlite3").exists()
    assert site.manage("check_index").returncode == 0
