"""Saving the lexical index, and what may happen to a saved one."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tantivy import Index, SchemaBuilder

from kb.search.engine.errors import DamagedIndexError, IndexWriteError
from kb.search.engine.lexical import LexicalIndex
from tests.search.engine_parts import disk_full, row


def filled(folder: Path, *chunk_ids: int) -> LexicalIndex:
    index = LexicalIndex(folder)
    grow(index, *chunk_ids)
    return index


def grow(index: LexicalIndex, *chunk_ids: int) -> None:
    for chunk_id in chunk_ids:
        index.add(chunk_id, chunk_id % 3, [row(chunk_id, f"hotel {chunk_id} ID-{chunk_id}")])
    index.commit()
    index.reload()


def loaded(folder: Path, saved: Path) -> LexicalIndex:
    index = LexicalIndex(folder)
    index.load(saved)
    return index


def test_a_loaded_index_answers_like_the_saved_one(tmp_path: Path) -> None:
    index = filled(tmp_path / "live", *range(1, 40))
    index.remove_documents([5])
    index.save(tmp_path / "saved")
    other = loaded(tmp_path / "other", tmp_path / "saved")
    assert sorted(other.chunk_ids()) == sorted(index.chunk_ids())
    for collections in (None, frozenset({1}), frozenset({0, 1, 2})):
        hits = index.question("hotel 7 ID-8", collections).best(50)
        assert hits
        assert other.question("hotel 7 ID-8", collections).best(50) == hits


def test_a_filter_holds_in_a_loaded_index(tmp_path: Path) -> None:
    filled(tmp_path / "live", 1, 2, 3).save(tmp_path / "saved")
    index = loaded(tmp_path / "other", tmp_path / "saved")
    assert [chunk for chunk, _ in index.question("hotel", frozenset({2})).best(10)] == [2]


def test_saving_takes_what_was_not_committed_along(tmp_path: Path) -> None:
    index = LexicalIndex(tmp_path / "live")
    index.add(1, 1, [row(1, "hotel")])
    index.save(tmp_path / "saved")
    assert index.chunk_ids() == loaded(tmp_path / "other", tmp_path / "saved").chunk_ids() == [1]


def test_an_index_and_its_copies_live_their_own_lives(tmp_path: Path) -> None:
    """They share files on the disk; none may see another's changes, merges included."""
    index = filled(tmp_path / "live", 1, 2)
    index.save(tmp_path / "saved")
    one, other = (loaded(tmp_path / name, tmp_path / "saved") for name in ("one", "other"))
    for number in range(10, 22):
        grow(index, number)
        one.remove_documents([1])
        grow(one, 100 + number)
    index.save(tmp_path / "later")
    assert sorted(other.chunk_ids()) == [1, 2]
    assert sorted(one.chunk_ids()) == [2, *range(110, 122)]
    assert sorted(loaded(tmp_path / "again", tmp_path / "saved").chunk_ids()) == [1, 2]
    assert sorted(loaded(tmp_path / "newer", tmp_path / "later").chunk_ids()) == [1, 2, *range(10, 22)]


def test_searches_and_changes_go_on_after_saving(tmp_path: Path) -> None:
    index = filled(tmp_path / "live", 1)
    for number in range(2, 14):
        index.save(tmp_path / f"saved-{number}")
        grow(index, number)
    assert sorted(index.chunk_ids()) == list(range(1, 14))


def test_saving_to_a_full_disk_fails_and_hurts_nothing(tmp_path: Path) -> None:
    """Case 37."""
    index = filled(tmp_path / "live", 1)
    with disk_full(), pytest.raises((OSError, IndexWriteError)):
        index.save(tmp_path / "saved")
    grow(index, 2)
    assert sorted(index.chunk_ids()) == [1, 2]


def remove_meta(saved: Path) -> None:
    (saved / "meta.json").unlink()


def cut_meta(saved: Path) -> None:
    meta = saved / "meta.json"
    meta.write_bytes(meta.read_bytes()[:-30])


def other_schema(saved: Path) -> None:
    meta = json.loads((saved / "meta.json").read_text())
    meta["schema"][0]["options"]["indexing"]["tokenizer"] = "older"
    (saved / "meta.json").write_text(json.dumps(meta))


def cut_segment(saved: Path) -> None:
    largest = max(saved.glob("*.term"), key=lambda path: path.stat().st_size)
    kept = largest.read_bytes()[:-10]
    largest.unlink()  # not the file that the live index shares
    largest.write_bytes(kept)


def remove_segment(saved: Path) -> None:
    next(saved.glob("*.term")).unlink()


def another_program(saved: Path) -> None:
    for path in saved.iterdir():
        path.unlink()
    builder = SchemaBuilder().add_text_field("body")
    Index(builder.build(), str(saved)).writer().commit()


@pytest.mark.parametrize(
    "damage", [remove_meta, cut_meta, other_schema, cut_segment, remove_segment, another_program]
)
def test_a_damaged_index_is_refused_and_nothing_of_it_is_kept(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    """Case 36."""
    filled(tmp_path / "live", 1, 2).save(tmp_path / "saved")
    damage(tmp_path / "saved")
    index = filled(tmp_path / "other", 9)
    with pytest.raises(DamagedIndexError):
        index.load(tmp_path / "saved")
    assert index.chunk_ids() == []
    grow(index, 7)
    assert index.chunk_ids() == [7]


WRITER = """
import itertools, sys
from pathlib import Path
from kb.search.engine.lexical import LexicalIndex
from tests.search.engine_parts import row

folder = Path(sys.argv[1])
index = LexicalIndex(folder / "live")
for number in itertools.count(1):
    index.add(number, 1, [row(number, f"hotel {number}")])
    index.save(folder / f"saved-{number}")
    print(number, flush=True)
"""


def test_what_was_saved_survives_a_kill_in_the_middle_of_writing(tmp_path: Path) -> None:
    """Case 37."""
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    saved = 0
    for line in writer.stdout:
        saved = int(line)
        if saved == 12:  # past the first merge of segments
            writer.send_signal(signal.SIGKILL)
    writer.stdout.close()
    assert writer.wait() == -signal.SIGKILL
    assert saved >= 12
    for number in (1, 8, saved):
        index = loaded(tmp_path / "again", tmp_path / f"saved-{number}")
        assert sorted(index.chunk_ids()) == list(range(1, number + 1))
    grow(index, 1000)
    assert 1000 in index.chunk_ids()
