"""Case 39 with the real parts: a search server process, two real models, a builder that is killed."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.search.installation import Installation, Server, eventually
from tests.search.tiny_model import make_tiny_model

NO_REDIS = "redis://127.0.0.1:1/0"
TEXTS = [f"Rule {number}: hotels in town {number} are booked in Concur." for number in range(2000)]
QUERY = "Which hotels are booked in town 7?"


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def equally_long_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its vectors have as many values as those of the built-in model: nothing but the weights tells them."""
    return make_tiny_model(tmp_path_factory.mktemp("models"), dimension=384)


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Converted once, used by every installation here."""
    return tmp_path_factory.mktemp("converted")


@pytest.fixture
def installation(tmp_path: Path, converted: Path) -> Iterator[Installation]:
    (tmp_path / "models").symlink_to(converted)
    with closing(Installation(tmp_path, NO_REDIS)) as made:
        made.environment["KB_LEASE_S"] = "5"
        yield made


class Asking:
    """Somebody who asks without a pause; what fails is kept."""

    def __init__(self, server: Server, collection: int) -> None:
        self.troubles: list[object] = []
        self.count = 0
        self._server, self._collection = server, collection
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()

    def _ask(self) -> None:
        while not self._stop.is_set():
            try:
                hits = self._server.hits(QUERY, self._collection)
                assert len(hits) == 10 and all(-1.01 <= (hit.cosine or 0) <= 1.01 for hit in hits)
                self.count += 1
            except Exception as error:
                self.troubles.append(error)
            time.sleep(0.005)

    def end(self) -> None:
        self._stop.set()
        self._thread.join()


def until_serves(server: Server, generation: int, dimension_of: str) -> None:
    def there() -> bool:
        health = server.health()
        return health is not None and health.generation == generation and dimension_of in health.model

    eventually(there)


def test_model_is_changed_and_changed_back_while_people_ask(
    installation: Installation, tiny_model: Path
) -> None:
    collection = installation.tell("publish", collection="rules", texts=TEXTS)["collection"]
    server = installation.start_server()
    server.until_at(installation.tell("seq"))
    asking = Asking(server, collection)

    build = installation.manage("embedding_model", "build", str(tiny_model), "--here")
    eventually(lambda: any(row["progress_current"] for row in installation.tell("generations")[1:]))
    build.kill()
    build.communicate()
    built = installation.tell("generations")[1]
    assert built["state"] == "building" and 0 < built["progress_current"] < len(TEXTS)
    late = installation.tell("publish", collection="rules", texts=["Parking is free in town 7."])

    again = installation.manage("embedding_model", "build", str(tiny_model), "--here")
    assert "ready" in again.communicate()[0]
    built = installation.tell("generations")[1]
    assert (built["state"], built["dimension"], built["progress_current"]) == ("ready", 32, len(TEXTS) + 1)

    installation.manage("embedding_model", "switch", str(built["pk"])).communicate()
    until_serves(server, built["pk"], "tiny@")
    newest = installation.tell("publish", collection="rules", texts=["Trains leave town 7 at noon."])
    server.until_at(installation.tell("seq"))
    assert newest["chunks"][0] in {hit.chunk_id for hit in server.hits("trains at noon", collection)}
    assert late["chunks"][0] in {hit.chunk_id for hit in server.hits("parking is free", collection)}

    first = installation.tell("generations")[0]
    said, _ = installation.manage("embedding_model", "back").communicate()
    assert "the worker switches" in said
    while installation.tell("work", generation=first["pk"]):
        pass
    until_serves(server, first["pk"], "MiniLM")
    assert newest["chunks"][0] in {hit.chunk_id for hit in server.hits("trains at noon", collection)}
    asking.end()
    assert asking.troubles == []
    assert asking.count > 20
    assert server.terminate() == 0


def test_vectors_of_two_models_of_the_same_dimension_never_meet(
    installation: Installation, equally_long_model: Path
) -> None:
    """Each model finds a chunk's own text with a cosine of one; any other pair of vectors has less."""
    texts = TEXTS[:60]
    published = installation.tell("publish", collection="rules", texts=texts)
    collection, chunks = published["collection"], published["chunks"]
    server = installation.start_server()
    server.until_at(installation.tell("seq"))

    def own_cosines() -> list[float]:
        hits = [server.hits(texts[at], collection)[0] for at in (0, 17, 59)]
        assert [hit.chunk_id for hit in hits] == [chunks[at] for at in (0, 17, 59)]
        return [hit.cosine or 0 for hit in hits]

    assert min(own_cosines()) > 0.99
    installation.manage("embedding_model", "build", str(equally_long_model), "--here").communicate()
    built = installation.tell("generations")[1]
    assert (built["state"], built["dimension"]) == ("ready", 384)
    assert min(own_cosines()) > 0.99
    installation.manage("embedding_model", "switch", str(built["pk"])).communicate()
    until_serves(server, built["pk"], "tiny@")
    assert min(own_cosines()) > 0.99
    assert server.terminate() == 0

    (snapshot,) = (installation.data_dir / "search" / "snapshots").glob(f"{built['pk']}-*")
    first = snapshot.with_name(snapshot.name.replace(str(built["pk"]), "1", 1))
    shutil.rmtree(first, ignore_errors=True)
    shutil.copytree(snapshot, first)  # the other model's vectors under the name of the first one's
    installation.manage("embedding_model", "back").communicate()
    while installation.tell("work", generation=1):
        pass
    server = installation.start_server()
    until_serves(server, 1, "MiniLM")
    assert min(own_cosines()) > 0.99
    assert [name for name in installation.folders("quarantine") if name.endswith(first.name)]


def test_server_starts_with_the_model_that_the_database_names(
    installation: Installation, tiny_model: Path, tmp_path: Path
) -> None:
    """KB_EMBEDDING_MODEL is still the built-in one: that is a note, and no outage."""
    model = tmp_path / "here"
    shutil.copytree(tiny_model, model)
    collection = installation.tell("publish", collection="rules", texts=TEXTS[:20])["collection"]
    installation.manage("embedding_model", "build", str(model), "--here").communicate()
    installation.manage("embedding_model", "switch", "2").communicate()
    server = installation.start_server()
    until_serves(server, 2, "here@")
    health = server.health()
    assert health is not None
    assert (health.status, health.chunks) == ("ok", 20)
    assert "KB_EMBEDDING_MODEL names built-in" in health.reason
    before = server.hits(QUERY, collection)
    assert server.terminate() == 0

    model.rename(tmp_path / "there")
    server = installation.start_server()
    reason = eventually(lambda: found.reason if (found := server.health()) else None)
    assert f"{model} is not a folder" in reason and "name its new place with KB_EMBEDDING_MODEL" in reason
    server.kill()

    installation.environment["KB_EMBEDDING_MODEL"] = str(tmp_path / "there")
    server = installation.start_server()
    until_serves(server, 2, "here@")
    assert server.hits(QUERY, collection) == before
    assert (health := server.health()) and health.reason == ""
