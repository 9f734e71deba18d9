"""The search server as its own process, with its vectors in a Milvus that comes and goes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from kb.exceptions import SearchUnavailableError
from tests.search.installation import Installation, Server, eventually
from tests.search.milvus_server import MilvusServer

pytestmark = pytest.mark.stack  # loads the model three times

NO_REDIS = "redis://127.0.0.1:1/0"


@pytest.fixture
def own_milvus(tmp_path: Path) -> Iterator[MilvusServer]:
    server = MilvusServer(tmp_path / "milvus")
    yield server
    server.stop()


@pytest.fixture
def installation(tmp_path: Path, own_milvus: MilvusServer) -> Iterator[Installation]:
    (tmp_path / "var").mkdir()
    with closing(Installation(tmp_path / "var", NO_REDIS)) as made:
        made.environment |= {"KB_VECTOR_INDEX": "milvus", "KB_MILVUS_URI": own_milvus.uri}
        yield made


def failure(server: Server) -> str:
    """Why the server cannot serve; empty while it does not say so."""
    health = server.health()
    return health.reason if health is not None and health.status == "failed" else ""


def test_the_server_lives_through_a_milvus_that_goes_away_and_through_its_own_death(
    installation: Installation, own_milvus: MilvusServer
) -> None:
    own_milvus.stop()
    server = installation.start_server()
    assert "Milvus" in eventually(partial(failure, server))
    own_milvus.start()
    travel = installation.tell("publish", collection="travel", texts=["Hotels are booked in Concur."])
    server.until_at(installation.tell("seq"))
    assert [hit.chunk_id for hit in server.hits("book a hotel", travel["collection"])] == travel["chunks"]

    own_milvus.stop()
    with pytest.raises(SearchUnavailableError):
        server.hits("book a hotel", travel["collection"])
    eventually(partial(failure, server))
    more = installation.tell("publish", collection="travel", texts=["Hotels by the sea are dear."])
    own_milvus.start()
    server.until_at(installation.tell("seq"))
    expected = set(travel["chunks"] + more["chunks"])
    assert {hit.chunk_id for hit in server.hits("hotel", travel["collection"])} == expected

    server.kill()
    again = installation.start_server()
    again.until_at(installation.tell("seq"))
    assert {hit.chunk_id for hit in again.hits("hotel", travel["collection"])} == expected
    status, report = installation.check_index(search_url=again.url)
    assert (status, report["missing"], report["extra"]) == (0, [], [])
