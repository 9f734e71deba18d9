"""Case 40 as an admin does it: pg_dump, and back again behind the index's back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.database.postgresql import PostgreSQL
from tests.search.installation import Installation

NO_REDIS = "redis://127.0.0.1:1/0"
QUERY = "Where are hotels booked?"


@pytest.fixture
def installation(tmp_path: Path, database_url: str) -> Iterator[Installation]:
    with closing(Installation(tmp_path, NO_REDIS, database_url)) as made:
        yield made


def test_restored_backup_that_went_on_by_itself_is_indexed_anew(
    installation: Installation, postgresql: PostgreSQL, database_url: str, tmp_path: Path
) -> None:
    """The numbers of lost events and chunks are given again, to others."""
    name, backup = database_url.rpartition("/")[2], tmp_path / "backup"
    travel = installation.tell("publish", collection="travel", texts=["Hotels are booked in Concur."])
    postgresql.program("pg_dump", "--format=custom", f"--file={backup}", database=name)
    lost = installation.tell("publish", collection="travel", texts=["Hotels are booked by telephone."])
    server = installation.start_server()
    server.until_at(installation.tell("seq"))
    assert server.terminate() == 0

    installation.tell("let_go")
    postgresql.execute(f'DROP DATABASE "{name}"')
    postgresql.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    postgresql.program("pg_restore", str(backup), database=name)
    found = installation.tell("publish", collection="travel", texts=["Hotels are booked at the desk."])
    assert found["chunks"] == lost["chunks"]

    server = installation.start_server()
    server.until_at(installation.tell("seq"))
    hits = server.hits(QUERY, travel["collection"])
    assert {hit.chunk_id for hit in hits} == {*travel["chunks"], *found["chunks"]}
    assert len(installation.folders("quarantine")) == 1
    (best, _) = server.hits("Hotels at the desk", travel["collection"])
    assert [best.chunk_id] == found["chunks"]
    assert installation.check_index(search_url=server.url)[0] == 0
