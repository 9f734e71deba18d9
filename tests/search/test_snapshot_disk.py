"""Case 37 with the real indexes: a disk that fills up at any byte of a snapshot, and kill -9 at any part."""

from __future__ import annotations

import errno
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kb.search.engine.dense import DenseIndex
from kb.search.engine.engine import SearchEngine
from kb.search.engine.errors import IndexWriteError
from kb.search.engine.lexical import LexicalIndex
from kb.search.manifest import MANIFEST, read_manifest
from kb.search.snapshot import Snapshots
from kb.search.tail import Position
from tests.search.engine_parts import DIMENSION, WordEncoder, disk_full, found, new_engine, row
from tests.search.installation import ROOT

FIRST = Position(7, "2026-11-22T04:00:00+00:00")
SECOND = Position(9, "2026-11-22T04:01:00+00:00")
STAGES = ("vectors", "words", "manifest")


class Noting:
    """Where a snapshot failed: at the manifest, unless an index said otherwise."""

    def __init__(self) -> None:
        self.stage = "manifest"


class NotingDenseIndex(DenseIndex):
    def __init__(self, noting: Noting) -> None:
        super().__init__(DIMENSION)
        self.noting = noting

    def save(self, folder: Path) -> None:
        self.noting.stage = "vectors"
        super().save(folder)
        self.noting.stage = "manifest"


class NotingLexicalIndex(LexicalIndex):
    def __init__(self, folder: Path, noting: Noting) -> None:
        super().__init__(folder)
        self.noting = noting

    def save(self, folder: Path) -> None:
        self.noting.stage = "words"
        super().save(folder)
        self.noting.stage = "manifest"


def snapshots_in(folder: Path) -> Snapshots:
    return Snapshots(folder, generation=3, model_id="tiny@1", dimension=DIMENSION)


def fill(engine: SearchEngine, start: int, end: int) -> None:
    for number in range(start, end):
        engine.replace_document(number, 1, [row(number, f"hotel {number}")])
    engine.commit()


def in_log(position: Position) -> bool:
    return position in (FIRST, SECOND)


def loaded_ids(snapshots: Snapshots, live: Path) -> tuple[set[int], Position]:
    loaded = snapshots.load_newest(lambda: new_engine(live), in_log)
    assert loaded is not None
    assert isinstance(loaded[0], SearchEngine)
    assert found(loaded[0].search("hotel 7", None, 1, 50)) == [7]
    return loaded[0].chunk_ids(), loaded[1]


def snapshot_until_it_fits(folder: Path, room: Callable[[int], object]) -> set[str]:
    """Write the second snapshot with more and more room, and look at the first after each failure.

    Args:
        room: leaves room for this many pages; whatever it gives is dropped when the try is over.

    Returns:
        Where the tries failed.
    """
    noting, failed = Noting(), set()
    lexical = NotingLexicalIndex(folder / "live", noting)
    engine = SearchEngine(WordEncoder(), NotingDenseIndex(noting), lexical)
    snapshots = snapshots_in(folder)
    fill(engine, 1, 60)
    snapshots.write(engine, FIRST)
    fill(engine, 60, 90)
    for pages in range(400):
        release = room(pages)
        try:
            snapshots.write(engine, SECOND)
        except (OSError, IndexWriteError):
            failed.add(noting.stage)
        else:
            break
        finally:
            release()  # type: ignore[operator]
        assert [path.name for path in (folder / "snapshots").iterdir()] == ["3-7"]
        assert read_manifest(folder / "snapshots" / "3-7").count == 59
        assert found(engine.search("hotel 89", None, 1, 50)) == [89], "it goes on answering"
    assert loaded_ids(snapshots, folder / "again") == (set(range(1, 90)), SECOND)
    (folder / "snapshots" / "3-9" / MANIFEST).unlink()
    assert loaded_ids(snapshots, folder / "again") == (set(range(1, 60)), FIRST)
    return failed


DJANGO = """
import os, django
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kb.settings")
django.setup()
"""
TMPFS_PAGES = 4000
ON_A_SMALL_DISK = f"""
import ctypes, errno, json, os, sys
from pathlib import Path

folder = Path(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
NEWNS, NEWUSER, REC, PRIVATE = 0x20000, 0x10000000, 0x4000, 0x40000
done = libc.unshare(NEWNS | (0 if os.geteuid() == 0 else NEWUSER)) == 0
done = done and libc.mount(b"none", b"/", None, REC | PRIVATE, None) == 0
done = done and libc.mount(b"tmpfs", bytes(folder), b"tmpfs", 0, b"size={TMPFS_PAGES * 4}k") == 0
if not done:
    print(json.dumps(os.strerror(ctypes.get_errno())))
    sys.exit()

from tests.search.test_snapshot_disk import snapshot_until_it_fits

def room(pages):
    free = os.statvfs(folder).f_bavail - pages
    descriptor = os.open(folder / "ballast", os.O_CREAT | os.O_RDWR)
    os.posix_fallocate(descriptor, 0, max(1, free) * 4096)
    os.close(descriptor)
    return (folder / "ballast").unlink

print(json.dumps(sorted(snapshot_until_it_fits(folder, room))))
"""


def test_disk_that_fills_up_at_any_page_leaves_the_previous_snapshot(tmp_path: Path) -> None:
    """A file system of its own, in a mount namespace that ends with the process: ENOSPC from the kernel."""
    command = [sys.executable, "-c", DJANGO + ON_A_SMALL_DISK, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    if isinstance(said, str):
        pytest.skip(f"This machine lets no process mount a file system of its own: {said}")
    assert set(said) == set(STAGES)


@pytest.mark.parametrize("name", ["ids.npy", "vectors.npy", "meta.json", ".managed.json", MANIFEST])
def test_no_space_at_a_file_leaves_the_previous_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Each file by itself, injected where it is opened for writing: the kernel's full device is opened."""
    engine, snapshots = new_engine(tmp_path / "live"), snapshots_in(tmp_path)
    fill(engine, 1, 60)
    snapshots.write(engine, FIRST)
    fill(engine, 60, 90)
    with monkeypatch.context() as patch:
        full: list[str] = []
        original = open

        def open_full(file: object, mode: str = "r", *rest: object, **named: object) -> object:
            if Path(str(file)).name == name and "w" in mode and ".draft-" in str(file):
                full.append(str(file))
                return original("/dev/full", mode, *rest, **named)  # type: ignore[call-overload]
            return original(file, mode, *rest, **named)  # type: ignore[call-overload]

        patch.setattr("builtins.open", open_full)
        patch.setattr("io.open", open_full)
        with pytest.raises(OSError) as error:
            snapshots.write(engine, SECOND)
    assert len(full) == 1
    assert error.value.errno == errno.ENOSPC
    assert [path.name for path in (tmp_path / "snapshots").iterdir()] == ["3-7"]
    assert loaded_ids(snapshots, tmp_path / "again") == (set(range(1, 60)), FIRST)
    snapshots.write(engine, SECOND)
    assert loaded_ids(snapshots, tmp_path / "again") == (set(range(1, 90)), SECOND)


def test_words_that_cannot_be_written_leave_the_previous_snapshot_and_the_index(tmp_path: Path) -> None:
    """What tantivy writes by itself, at its commit."""
    engine, snapshots = new_engine(tmp_path / "live"), snapshots_in(tmp_path)
    fill(engine, 1, 60)
    snapshots.write(engine, FIRST)
    engine.replace_document(60, 1, [row(60, "hotel 60")])
    with disk_full(), pytest.raises(IndexWriteError):
        snapshots.write(engine, SECOND)
    assert engine.chunk_ids() == set(range(1, 60))
    assert loaded_ids(snapshots, tmp_path / "again") == (set(range(1, 60)), FIRST)


WRITER = """
import itertools, sys
from pathlib import Path
from kb.search.tail import Position
from tests.search.engine_parts import new_engine
from tests.search.test_snapshot_disk import fill, snapshots_in

folder = Path(sys.argv[1])
engine, snapshots = new_engine(folder / "live"), snapshots_in(folder)
fill(engine, 1, 2000)
for number in itertools.count(2000):
    fill(engine, number, number + 1)
    snapshots.write(engine, Position(number, "then"))
    print(number, flush=True)
"""


def kill_a_writer(folder: Path, part: str) -> int:
    """Kill it when this part of a snapshot is there; gives the last snapshot that it said was whole."""
    command = [sys.executable, "-c", DJANGO + WRITER, str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        try:
            written = int(writer.stdout.readline())
            deadline = time.monotonic() + 60
            while not list((folder / "snapshots").glob(f".draft-3-*/{part}")):
                assert time.monotonic() < deadline, "no snapshot is being written"
        finally:
            writer.send_signal(signal.SIGKILL)
        lines = writer.stdout.read().splitlines()
    assert writer.returncode == -signal.SIGKILL
    return int(lines[-1]) if lines else written


@pytest.mark.parametrize("part", ["dense", "lexical", "lexical/meta.json", MANIFEST])
def test_killed_while_a_part_is_written_the_previous_snapshot_loads(tmp_path: Path, part: str) -> None:
    written = kill_a_writer(tmp_path, part)
    snapshots = snapshots_in(tmp_path)
    snapshots.clear_drafts()
    loaded = snapshots.load_newest(lambda: new_engine(tmp_path / "again"), lambda position: True)
    assert loaded is not None
    engine, position = loaded
    assert position.seq in (written, written + 1), "the last that was said to be written, or the next"
    assert engine.chunk_ids() == set(range(1, position.seq + 1))
    assert not (tmp_path / "quarantine").exists()
