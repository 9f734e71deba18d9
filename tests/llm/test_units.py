"""The rows of units: what is kept, in memory and on the disk, and for how long."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from kb.llm.engine.units import UnitStore, same_until, unit_key, usable_units
from kb.llm.kept_rows import MAX_AGE_S, KeptRows, forget_kept_rows, rows_folder
from kb.llm.types import Span

ROWS = bytearray(range(200))
A, B, C = (unit_key([1], [token]) for token in range(3))


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_key_tells_prefix_and_tokens_apart() -> None:
    assert (
        len({unit_key([1, 2], [3]), unit_key([1], [2, 3]), unit_key([1, 2, 3], []), unit_key([3], [1])}) == 4
    )


@pytest.mark.parametrize(
    ("ours", "theirs", "until"),
    [
        ([(10, 20)], [(10, 25)], 10),
        ([(10, 20), (20, 30)], [(10, 20)], 20),
        ([(10, 20)], [(30, 40)], 10),
        ([], [(30, 40)], 30),
        ([(10, 20), (25, 30)], [(10, 20), (22, 30)], 22),
    ],
)
def test_prompts_are_alike_up_to_the_first_unit_that_one_of_them_lacks(
    ours: list[tuple[int, int]], theirs: list[tuple[int, int]], until: int
) -> None:
    one, other = [Span(*unit) for unit in ours], [Span(*unit) for unit in theirs]
    assert same_until(one, other) == same_until(other, one) == until
    assert same_until(one, one) > 10**9


def test_units_need_a_prefix_before_them_and_something_behind() -> None:
    units = [Span(0, 5), Span(5, 5), Span(5, 9), Span(9, 21)]
    assert usable_units(units, 20) == (Span(5, 9),)


def test_least_recently_used_rows_go_first() -> None:
    store = UnitStore(500)
    store.put(A, ROWS)
    store.put(B, ROWS)
    assert store.get(A) is ROWS
    store.put(C, ROWS)
    assert (store.get(A), store.get(B), store.get(C)) == (ROWS, None, ROWS)
    assert store.size_bytes == 400


def test_rows_on_the_disk_are_found_after_a_restart(tmp_path: Path) -> None:
    UnitStore(500, KeptRows(tmp_path, "model", 10_000)).put(A, ROWS)
    later = UnitStore(500, KeptRows(tmp_path, "model", 10_000))
    assert later.get(A) == ROWS
    assert later.size_bytes == 200


def test_nobody_else_may_read_them(tmp_path: Path) -> None:
    KeptRows(tmp_path, "model", 10_000).put(A, ROWS)
    (file,) = files(tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("damage", [b"", b"short", bytes(240)])
def test_damaged_file_is_dropped(tmp_path: Path, damage: bytes) -> None:
    kept = KeptRows(tmp_path, "model", 10_000)
    kept.put(A, ROWS)
    (file,) = files(tmp_path)
    file.write_bytes(damage)
    assert kept.get(A) is None
    assert not files(tmp_path)


def test_one_flipped_bit_is_found_out(tmp_path: Path) -> None:
    kept = KeptRows(tmp_path, "model", 10_000)
    kept.put(A, ROWS)
    (file,) = files(tmp_path)
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    assert kept.get(A) is None


def test_file_under_the_name_of_another_is_not_taken_for_it(tmp_path: Path) -> None:
    kept = KeptRows(tmp_path, "model", 10_000)
    kept.put(A, ROWS)
    (file,) = files(tmp_path)
    file.rename(file.with_name(file.name.replace(A, B)))
    assert kept.get(B) is None


def test_rows_of_another_model_are_removed(tmp_path: Path) -> None:
    KeptRows(tmp_path, "model", 10_000).put(A, ROWS)
    assert KeptRows(tmp_path, "other", 10_000).get(A) is None
    assert not files(tmp_path)


def test_files_stay_within_their_bound_and_the_least_recently_used_go(tmp_path: Path) -> None:
    kept = KeptRows(tmp_path, "model", 500)
    kept.put(A, ROWS)
    kept.put(B, ROWS)
    for key, used_s in ((A, 200), (B, 100)):
        (path,) = tmp_path.rglob(f"{key}.*")
        os.utime(path, (used_s, used_s))
    kept.put(C, ROWS)
    assert (kept.get(A), kept.get(B), kept.get(C)) == (ROWS, None, ROWS)
    kept.put(unit_key([1], [9]), bytearray(1000))
    assert sum(file.stat().st_size for file in files(tmp_path)) <= 500


def test_nothing_is_kept_for_longer_than_a_day_however_often_it_is_used(tmp_path: Path) -> None:
    now_s = [1_000_000.0]
    kept = KeptRows(tmp_path, "model", 10_000, lambda: now_s[0])
    kept.put(A, ROWS)
    now_s[0] += MAX_AGE_S - 1
    assert kept.get(A) == ROWS
    now_s[0] += 2
    kept.put(B, ROWS)
    assert [file.stem for file in files(tmp_path)] == [B]


def test_draft_of_a_process_that_was_killed_is_removed(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "x.part").write_bytes(b"half of it")
    KeptRows(tmp_path, "model", 10_000)
    assert not files(tmp_path)


def test_purge_forgets_them_all_and_a_running_server_goes_on(tmp_path: Path) -> None:
    kept = KeptRows(rows_folder(tmp_path), "model", 10_000)
    kept.put(A, ROWS)
    forget_kept_rows(tmp_path)
    assert not files(tmp_path)
    assert kept.get(A) is None
    kept.put(B, ROWS)
    assert kept.get(B) == ROWS


def test_folder_that_cannot_be_written_is_no_reason_to_fail(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    kept = KeptRows(tmp_path / "file", "model", 10_000)
    kept.put(A, ROWS)
    assert kept.get(A) is None
    assert "cannot be kept" in caplog.text
