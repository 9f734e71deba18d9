"""Case 36 with the real indexes: every file of a snapshot cut, emptied, flipped or exchanged."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kb.search.engine.engine import SearchEngine
from kb.search.manifest import MANIFEST, list_files, read_manifest
from kb.search.snapshot import Snapshots
from kb.search.tail import Position
from tests.search.engine_parts import DIMENSION, found, new_engine, row

FIRST = Position(7, "2026-11-22T04:00:00+00:00")
SECOND = Position(9, "2026-11-22T04:01:00+00:00")
Contents = dict[int, list[int]]


@pytest.fixture
def snapshots(tmp_path: Path) -> Snapshots:
    return Snapshots(tmp_path, generation=3, model_id="tiny@1", dimension=DIMENSION)


def engine_of(folder: Path, *numbers: int) -> SearchEngine:
    """Chunks whose ids are not their places, so that a shift of places would show."""
    engine = new_engine(folder)
    for number in numbers:
        engine.replace_document(number, number % 3, [row(1000 - number, f"hotel number{number}")])
    engine.commit()
    return engine


def load(snapshots: Snapshots) -> tuple[Position, Contents] | None:
    """What is found for each document's own words."""
    loaded = snapshots.load_newest(
        lambda: new_engine(snapshots.root / "again"), lambda position: position in (FIRST, SECOND)
    )
    if loaded is None:
        return None
    engine, position = loaded
    assert isinstance(engine, SearchEngine)
    asked = {number: engine.search(f"number{number}", None, 1, 50) for number in range(1, 31)}
    return position, {number: found(result) for number, result in asked.items()}


def expected(count: int) -> Contents:
    return {number: [1000 - number] for number in range(1, count + 1)}


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def flip_first(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[0] ^= 1
    path.write_bytes(data)


def flip_middle(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 64
    path.write_bytes(data)


@pytest.mark.parametrize("damage", [truncate, empty, flip_first, flip_middle, Path.unlink])
def test_damage_to_any_file_is_noticed_and_the_snapshot_before_loads(
    snapshots: Snapshots, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    snapshots.write(engine_of(tmp_path / "live", *range(1, 31)), FIRST)
    good = tmp_path / "good"
    shutil.copytree(snapshots.write(engine_of(tmp_path / "later", *range(5, 41)), SECOND), good)
    names = [*list_files(good), MANIFEST]
    assert len(names) > 8
    for name in names:
        target = tmp_path / "snapshots" / "3-9"
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(good, target)
        if (target / name).stat().st_size or damage is Path.unlink:
            damage(target / name)
            assert load(snapshots) == (FIRST, expected(30)), name
            assert not target.exists(), name


@pytest.mark.parametrize("change", [{"model_id": "other@2"}, {"generation": 4}, {"dimension": 8}])
def test_whole_snapshot_of_another_model_is_not_loaded(
    snapshots: Snapshots, tmp_path: Path, change: dict[str, object]
) -> None:
    """Of the same dimension too: nothing in its files is damaged, and its manifest is in order."""
    snapshots.write(engine_of(tmp_path / "live", *range(1, 31)), FIRST)
    folder = snapshots.write(engine_of(tmp_path / "other", *range(1, 41)), SECOND)
    manifest = replace(read_manifest(folder), **change)  # type: ignore[arg-type]
    (folder / MANIFEST).write_text(manifest.to_json())

    assert load(snapshots) == (FIRST, expected(30))
    assert [path.name for path in (tmp_path / "quarantine").iterdir()] == ["1.3-9"]


def test_ids_of_one_snapshot_under_the_vectors_of_another_are_not_loaded(
    snapshots: Snapshots, tmp_path: Path
) -> None:
    """As many rows of the same shape: only the checksum tells whose vectors these are."""
    snapshots.write(engine_of(tmp_path / "live", *range(1, 31)), FIRST)
    folder = snapshots.write(engine_of(tmp_path / "other", *range(30, 0, -1)), SECOND)
    shutil.copy(tmp_path / "snapshots" / "3-7" / "dense" / "ids.npy", folder / "dense" / "ids.npy")
    (path,) = [folder / "dense" / "ids.npy"]
    ids = path.read_bytes()
    path.write_bytes(ids[:-24] + ids[-48:-24])

    assert load(snapshots) == (FIRST, expected(30))
