from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from kb.search.engine.types import Row
from kb.search.manifest import MANIFEST, read_manifest
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


def test_written_snapshot_loads_with_its_position(snapshots: Snapshots) -> None:
    assert snapshots.write(engine_with(1, 2), FIRST).name == "3-7"
    loaded = load(snapshots)

    assert loaded is not None
    assert (loaded[0].chunk_ids(), loaded[1]) == ({1, 2}, FIRST)


def test_nothing_to_load_is_no_error(snapshots: Snapshots) -> None:
    assert load(snapshots) is None


def test_newest_of_several_is_loaded_and_two_are_kept(snapshots: Snapshots) -> None:
    for seq in (8, 9, 10, 100):
        snapshots.write(engine_with(seq), Position(seq, "then"))
    loaded = snapshots.load_newest(FakeEngine, lambda position: True)

    assert loaded is not None
    assert loaded[0].chunk_ids() == {100}
    assert sorted(path.name for path in (snapshots.root / "snapshots").iterdir()) == ["3-10", "3-100"]


def test_no_room_to_load_condemns_no_snapshot(snapshots: Snapshots) -> None:
    class Cramped(FakeEngine):
        def load(self, folder: Path) -> None:
            raise OSError("No space left on device")

    snapshots.write(engine_with(1), FIRST)
    with pytest.raises(OSError, match="No space"):
        snapshots.load_newest(Cramped, in_log)

    assert load(snapshots) is not None


def test_full_disk_leaves_the_previous_snapshot(snapshots: Snapshots) -> None:
    """Case 37."""
    snapshots.write(engine_with(1), FIRST)
    full = engine_with(1, 2)
    full.full = True
    with pytest.raises(OSError, match="No space"):
        snapshots.write(full, SECOND)
    loaded = load(snapshots)

    assert loaded is not None
    assert loaded[1] == FIRST
    assert [path.name for path in (snapshots.root / "snapshots").iterdir()] == ["3-7"]


def test_full_disk_at_the_manifest_leaves_the_previous_snapshot(
    snapshots: Snapshots, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Case 37."""
    snapshots.write(engine_with(1), FIRST)

    def no_room(path: Path, text: str) -> int:
        path.touch()
        raise OSError("No space left on device")

    monkeypatch.setattr(Path, "write_text", no_room, raising=True)
    engine = engine_with(1, 2)
    engine.save = lambda folder: None  # type: ignore[method-assign]
    with pytest.raises(OSError, match="No space"):
        snapshots.write(engine, SECOND)
    loaded = load(snapshots)

    assert loaded is not None
    assert loaded[1] == FIRST


def test_what_a_kill_left_half_written_is_never_loaded_and_goes(snapshots: Snapshots) -> None:
    """Case 37: killed with every file there, and only the rename missing."""
    snapshots.write(engine_with(1), FIRST)
    whole = snapshots.write(engine_with(1, 2), SECOND)
    whole.rename(whole.with_name(".draft-3-9"))
    loaded = load(snapshots)
    assert loaded is not None
    assert loaded[1] == FIRST
    snapshots.clear_drafts()

    assert [path.name for path in (snapshots.root / "snapshots").iterdir()] == ["3-7"]


def test_draft_of_a_killed_process_does_not_hinder_the_next_write(snapshots: Snapshots) -> None:
    draft = snapshots.root / "snapshots" / ".draft-3-7"
    draft.mkdir(parents=True)
    (draft / "half").write_text("x")
    folder = snapshots.write(engine_with(1), FIRST)

    assert "half" not in read_manifest(folder).files
    assert load(snapshots) is not None


def test_manifest_describes_the_snapshot(snapshots: Snapshots) -> None:
    folder = snapshots.write(engine_with(1, 2), FIRST)
    manifest = json.loads((folder / MANIFEST).read_text())

    assert manifest["format"] == 1
    assert (manifest["generation"], manifest["model_id"], manifest["dimension"]) == (3, "tiny@1", 4)
    assert (manifest["seq"], manifest["count"]) == (7, 2)
    assert manifest["files"].keys() == {"vectors.json", "lexical/texts.json"}


def test_same_position_is_not_written_twice(snapshots: Snapshots) -> None:
    folder = snapshots.write(engine_with(1), FIRST)
    before = (folder / MANIFEST).stat().st_mtime_ns

    assert snapshots.write(engine_with(1), FIRST) == folder
    assert (folder / MANIFEST).stat().st_mtime_ns == before


def test_missing_folder_is_made(snapshots: Snapshots) -> None:
    shutil.rmtree(snapshots.root)
    snapshots.write(engine_with(1), FIRST)

    assert load(snapshots) is not None
