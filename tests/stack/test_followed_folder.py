"""A folder that a collection follows, looked at by a real beat and worker while its files change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.stack.conftest import Site, eventually, start, stop

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]
FILES = 10


@dataclass(frozen=True)
class Followed:
    """A folder, and the collection that follows it."""

    folder: Path
    api: httpx.Client
    collection: int
    source: str

    def documents(self) -> dict[str, dict[str, Any]]:
        """What the library lists, by path, whatever its state."""
        reply = self.api.get(f"/collections/{self.collection}/documents/", params={"page_size": 500})
        return {row["external_id"].removeprefix("drive/"): row for row in reply.json()["results"]}

    def finds(self, words: str) -> list[str]:
        """Paths of the documents whose passages hold these words."""
        body = {"query": words, "collections": [self.collection], "limit": 50}
        hits = self.api.post("/search/", json=body).json()["hits"]
        return [hit["document"]["external_id"] for hit in hits if words in hit["text"]]

    def look_now(self) -> None:
        """Make its time come; beat notices, and sends a worker."""
        assert self.api.post(f"{self.source}run/").status_code == 202

    def shows(self, wanted: Callable[[dict[str, dict[str, Any]]], bool], timeout_s: float = 90) -> None:
        eventually(lambda: wanted(self.documents()), timeout_s)


@pytest.fixture(scope="module")
def site_with_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    place = tmp_path_factory.mktemp("followed")
    for name in ("drives", "data"):
        (place / name).mkdir()
    running = start(place / "data", KB_DEMO="0", KB_SOURCE_ROOTS=str(place / "drives"))
    yield running
    stop(running)


@pytest.fixture
def followed(site_with_folders: Site, request: pytest.FixtureRequest) -> Iterator[Followed]:
    """Ten files, all of them ready."""
    folder = site_with_folders.data_dir.parent / "drives" / request.node.name
    folder.mkdir()
    for number in range(FILES):
        (folder / f"{number}.md").write_text(f"# Shelf {number}\n\nShelf {number} is in room {number * 7}.\n")
    with site_with_folders.api() as api:
        made = api.post("/collections/", json={"name": request.node.name}).json()["id"]
        given = {"name": "Drive", "protocol": "file", "location": str(folder)}
        reply = api.post(
            f"/collections/{made}/sources/", json={**given, "every_minutes": 1, "grace_hours": 0}
        )
        assert reply.status_code == 201, reply.text
        found = Followed(folder, api, made, f"/sources/{reply.json()['id']}/")
        found.shows(lambda rows: len(rows) == FILES and _all_ready(rows))
        yield found
        api.delete(f"{found.source}?documents=delete")


def _all_ready(rows: dict[str, dict[str, Any]]) -> bool:
    return all(row["status"] == "ready" for row in rows.values())


def test_what_is_added_changed_moved_and_deleted_shows_in_the_library(followed: Followed) -> None:
    before = followed.documents()

    (followed.folder / "new.md").write_text("# Lamps\n\nLamps are in the cellar.\n")
    # On its own schedule: nobody asks for it.
    followed.shows(lambda rows: rows.get("new.md", {}).get("status") == "ready", 150)
    eventually(lambda: followed.finds("in the cellar") == ["drive/new.md"])

    (followed.folder / "3.md").write_text("# Shelf 3\n\nShelf 3 went to the attic.\n")
    followed.look_now()
    followed.shows(lambda rows: rows["3.md"]["version"] == 2 and rows["3.md"]["status"] == "ready")
    eventually(lambda: followed.finds("to the attic") and not followed.finds("in room 21."))

    (followed.folder / "plans").mkdir()
    (followed.folder / "4.md").rename(followed.folder / "plans" / "four.md")
    followed.look_now()
    followed.shows(lambda rows: "plans/four.md" in rows and "4.md" not in rows)
    assert followed.documents()["plans/four.md"]["id"] == before["4.md"]["id"]

    (followed.folder / "5.md").unlink()
    followed.look_now()
    followed.shows(lambda rows: "5.md" not in rows)
    eventually(lambda: not followed.finds("in room 35."))
    after = followed.documents()
    assert len(after) == FILES
    for name in ("0.md", "1.md", "2.md"):
        assert after[name]["id"] == before[name]["id"]


def test_much_that_vanished_stops_it_until_somebody_decides(followed: Followed) -> None:
    for number in range(3):  # more than a fifth of ten
        (followed.folder / f"{number}.md").unlink()
    followed.look_now()
    asking = eventually(
        lambda: (told := followed.api.get(followed.source).json())["state"] == "asking" and told, 60
    )
    assert asking["question"] == "vanished"
    assert len(followed.documents()) == FILES
    assert followed.api.post(f"{followed.source}run/").status_code == 409

    confirmed = followed.api.post(f"{followed.source}confirm/", json={"decision": "confirm"})
    assert confirmed.status_code == 200, confirmed.text
    followed.shows(lambda rows: len(rows) == FILES - 3)
    assert followed.api.get(followed.source).json()["state"] == "active"
