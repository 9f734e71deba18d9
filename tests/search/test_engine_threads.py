"""Many threads search while one writes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event, Thread

from kb.search.engine.locks import ReadersWriterLock
from kb.search.engine.types import Hit, SearchResult
from tests.search.engine_parts import new_engine, row

_WAIT_S = 60


def test_readers_do_not_wait_for_each_other() -> None:
    lock, together = ReadersWriterLock(), Barrier(4, timeout=_WAIT_S)

    def read() -> None:
        with lock.reading():
            together.wait()

    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(read) for _ in range(4)]:
            done.result(_WAIT_S)


def test_a_writer_is_alone() -> None:
    lock, inside, seen = ReadersWriterLock(), [0], []

    def write() -> None:
        for _ in range(300):
            with lock.writing():
                inside[0] += 1
                seen.append(inside[0])
                inside[0] -= 1

    def read() -> None:
        for _ in range(300):
            with lock.reading():
                seen.append(inside[0] + 1)

    with ThreadPoolExecutor(6) as threads:
        for done in [threads.submit(each) for each in (write, read, write, read, write, read)]:
            done.result(_WAIT_S)
    assert set(seen) == {1}
    assert len(seen) == 1800


def test_a_writer_comes_in_between_readers_that_never_pause() -> None:
    """Each reader lets go only when the other has come in, so without precedence the lock is never free."""
    lock, stop, written = ReadersWriterLock(), Event(), Event()
    inside = [Event(), Event()]

    def read(me: int) -> None:
        while not stop.is_set():
            with lock.reading():
                inside[me].set()
                inside[1 - me].wait(0.01)
                inside[1 - me].clear()

    def write() -> None:
        with lock.writing():
            written.set()

    readers = [Thread(target=read, args=(number,)) for number in range(2)]
    for reader in readers:
        reader.start()
    for each in inside:
        each.wait(_WAIT_S)
    writer = Thread(target=write)
    writer.start()
    came_in = written.wait(_WAIT_S)
    stop.set()
    for thread in (*readers, writer):
        thread.join(_WAIT_S)
    assert came_in


def test_the_lock_is_free_again_after_an_error() -> None:
    lock = ReadersWriterLock()
    for enter in (lock.reading, lock.writing, lock.reading):
        try:
            with enter():
                raise KeyError
        except KeyError:
            pass
    with lock.writing():
        pass


def is_whole(result: SearchResult) -> bool:
    """One version of the document, all of it, on both sides; and the document that never changes."""
    by_document: dict[int, list[Hit]] = {}
    for hit in result.hits:
        by_document.setdefault(hit.chunk_id // 10, []).append(hit)
    versions = [version for version in by_document if version]
    complete = all(
        hit.cosine is not None and hit.bm25 is not None for hits in by_document.values() for hit in hits
    )
    return complete and len(by_document[0]) == 3 and len(versions) == 1 and len(by_document[versions[0]]) == 5


def test_every_search_sees_a_document_before_or_after_its_change(tmp_path: Path) -> None:
    """Case 38, for one process."""
    engine = new_engine(tmp_path / "live")
    engine.replace_document(99, 2, [row(number, "hotel") for number in range(3)])
    engine.replace_document(1, 1, [row(10 + number, "hotel room") for number in range(5)])
    engine.commit()
    stop = Event()
    collections = [None, frozenset({1, 2}), frozenset({1, 2, 3})]

    def search() -> int:
        searches = 0
        while not stop.is_set():
            result = engine.search("hotel", collections[searches % 3], 50, 50)
            assert is_whole(result), result.hits
            searches += 1
        return searches

    with ThreadPoolExecutor(4) as threads:
        searching = [threads.submit(search) for _ in range(4)]
        try:
            for version in range(2, 22):
                engine.replace_document(
                    1, 1, [row(10 * version + number, "hotel room") for number in range(5)]
                )
                engine.commit()
                assert len(engine.chunk_ids()) == engine.count == 8
        finally:
            stop.set()
        assert all(done.result(_WAIT_S) > 0 for done in searching)


def test_searches_go_on_while_the_engine_is_saved(tmp_path: Path) -> None:
    engine = new_engine(tmp_path / "live")
    engine.replace_document(1, 1, [row(number, "hotel") for number in range(1, 30)])
    engine.commit()
    stop = Event()

    def search() -> int:
        searches = 0
        while not stop.is_set():
            assert len(engine.search("hotel", None, 50, 50).hits) == 29
            searches += 1
        return searches

    with ThreadPoolExecutor(2) as threads:
        searching = [threads.submit(search) for _ in range(2)]
        try:
            for number in range(5):
                (tmp_path / f"saved-{number}").mkdir()
                engine.save(tmp_path / f"saved-{number}")
        finally:
            stop.set()
        assert all(done.result(_WAIT_S) > 0 for done in searching)
