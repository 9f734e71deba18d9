from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kb.search.engine.types import Row
from kb.search.manifest import MANIFEST
from kb.search.snapshot import Snapshots
from kb.search.tail import Engine, Position
from tests.search.fakes import FakeEngine

FIRST = Position(7, "2026-11-22T04:00:00+00:00")
SECOND = Position(9, "2026-11-22T04:01:00+00:00")


@pytest.fixture
def snapshots(tmp_path: Path) -> Snapshots:
    return Snapshots(tmp_path, generation=3, model_id="tiny@1", dimension=4)


def engine_with(*chunks: int) -> FakeEngine:
    engine = FakeEngine()
    for chunk in chunks:
        engine.replace_document(chunk * 10, 1, [Row(chunk, b"", "title", "", f"text {chunk}")])
    engine.commit()
    return engine


def in_log(position: Position) -> bool:
    return position in (FIRST, SECOND)


def load(snapshots: Snapshots) -> tuple[Engine, Position] | None:
    return snapshots.load_newest(FakeEngine, in_log)


def quarantined(snapshots: Snapshots) -> list[str]:
    return sorted(path.name for path in (snapshots.root / "quarantine").glob("*"))


def truncate(folder: Path) -> None:
    (folder / "vectors.json").write_bytes((folder / "vectors.json").read_bytes()[:-1])


def flip_a_bit(folder: Path) -> None:
    path = folder / "lexical" / "texts.json"
    data = bytearray(path.read_bytes())
    data[3] ^= 1
    path.write_bytes(data)


def lose_a_file(folder: Path) -> None:
    (folder / "vectors.json").unlink()


def add_a_file(folder: Path) -> None:
    (folder / "lexical" / "stray").write_text("")


def change_the_manifest(folder: Path) -> None:
    path = folder / MANIFEST
    path.write_text(path.read_text().replace('"count": 2', '"count": 3'))


def lose_the_manifest(folder: Path) -> None:
    (folder / MANIFEST).unlink()


def empty_the_manifest(folder: Path) -> None:
    (folder / MANIFEST).write_text("[]")


DAMAGES = (
    truncate,
    flip_a_bit,
    lose_a_file,
    add_a_file,
    change_the_manifest,
    lose_the_manifest,
    empty_the_manifest,
)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_damaged_snapshot_is_put_aside_and_the_one_before_loads(
    snapshots: Snapshots, damage: Callable[[Path], None]
) -> None:
    """Case 36."""
    snapshots.write(engine_with(1), FIRST)
    damage(snapshots.write(engine_with(1, 2), SECOND))
    loaded = load(snapshots)

    assert loaded is not None
    assert (loaded[0].chunk_ids(), loaded[1]) == ({1}, FIRST)
    assert quarantined(snapshots) == ["1.3-9"]


@pytest.mark.parametrize(
    "change",
    [{"model_id": "other@2"}, {"dimension": 8}],
    ids=["model", "dimension"],
)
def test_snapshot_of_another_model_is_put_aside(snapshots: Snapshots, change: dict[str, object]) -> None:
    """Case 36."""
    snapshots.write(engine_with(1), FIRST)
    other = replace(snapshots, **change)  # type: ignore[arg-type]

    assert load(other) is None
    assert quarantined(snapshots) == ["1.3-7"]


def test_snapshot_of_another_generation_under_our_name_is_put_aside(snapshots: Snapshots) -> None:
    other = replace(snapshots, generation=4)
    other.write(engine_with(1), FIRST).rename(snapshots.root / "snapshots" / "3-7")

    assert load(snapshots) is None
    assert quarantined(snapshots) == ["1.3-7"]


def test_other_generations_are_left_alone(snapshots: Snapshots) -> None:
    other = replace(snapshots, generation=33)
    other.write(engine_with(1), FIRST)
    for seq in (1, 2, 3):
        snapshots.write(engine_with(2), Position(seq, "then"))

    assert load(other) is not None
    assert quarantined(snapshots) == []


@pytest.mark.parametrize("position", [Position(12, "later"), Position(9, "another time")])
def test_snapshot_that_the_log_does_not_know_is_put_aside(snapshots: Snapshots, position: Position) -> None:
    """Cases 36 and 40: the database was restored from an older backup."""
    snapshots.write(engine_with(1), FIRST)
    snapshots.write(engine_with(1, 2), position)
    loaded = load(snapshots)

    assert loaded is not None
    assert loaded[1] == FIRST
    assert len(quarantined(snapshots)) == 1


def test_snapshot_that_the_engine_cannot_read_is_put_aside(snapshots: Snapshots) -> None:
    class Picky(FakeEngine):
        def load(self, folder: Path) -> None:
            raise RuntimeError("unknown format")

    snapshots.write(engine_with(1), FIRST)

    assert snapshots.load_newest(Picky, in_log) is None
    assert quarantined(snapshots) == ["1.3-7"]


def test_snapshot_that_loads_with_another_count_is_put_aside(snapshots: Snapshots) -> None:
    class Forgetful(FakeEngine):
        def load(self, folder: Path) -> None:
            super().load(folder)
            self.documents.clear()

    snapshots.write(engine_with(1), FIRST)

    assert snapshots.load_newest(Forgetful, in_log) is None
    assert quarantined(snapshots) == ["1.3-7"]


def test_quarantine_keeps_only_the_last_two(snapshots: Snapshots) -> None:
    for _ in range(4):
        truncate(snapshots.write(engine_with(1), FIRST))
        assert load(snapshots) is None

    assert quarantined(snapshots) == ["3.3-7", "4.3-7"]


def test_snapshot_of_a_later_format_is_put_aside(
    snapshots: Snapshots, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as later:
        later.setattr("kb.search.manifest.FORMAT", 2)
        snapshots.write(engine_with(1), FIRST)

    assert load(snapshots) is None
    assert quarantined(snapshots) == ["1.3-7"]
