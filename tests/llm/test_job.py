from __future__ import annotations

import asyncio
import threading
from pathlib import Path

from kb.llm.errors import ModelLoadError
from kb.llm.job import Job, JobEvent, Moved, Still
from kb.llm.model_file import checksum_file, model_version
from kb.llm.queue import WaitingLine
from kb.llm.station import STALL_S, Station
from kb.llm.types import Finished, Piece, Prompt, Sampling, Usage
from tests.llm.fakes import PATIENT_S, FakeEngine

PROMPT = Prompt((1, 2, 3), 10)


def job(engine: FakeEngine, line: WaitingLine) -> Job:
    return Job(engine, line, PROMPT, Sampling())


async def until_over(job: Job) -> list[JobEvent]:
    return [event async for event in job.events(patience_s=PATIENT_S)]


async def test_events_come_in_order_to_the_end() -> None:
    made = job(FakeEngine(["a", "b"]), WaitingLine(1, 0))
    assert await until_over(made) == [Moved(0), Piece("a"), Piece("b"), Finished(Usage(3, 2, 2), "stop")]


async def test_silence_is_told_with_the_place_in_the_line() -> None:
    engine, line = FakeEngine(), WaitingLine(1, 1)
    job(engine, line)
    waiting = job(engine, line).events(patience_s=0.01)

    assert [await anext(waiting) for _ in range(3)] == [Moved(1), Still(1), Still(1)]
    engine.generations[0].finish()
    assert await anext(waiting) == Moved(0)


async def test_cancelling_in_the_line_never_reaches_the_engine() -> None:
    engine, line = FakeEngine(), WaitingLine(1, 1)
    job(engine, line)
    waiting = job(engine, line)
    waiting.cancel()

    assert await until_over(waiting) == [Moved(1), Finished(Usage(3, 0, 0), "cancelled")]
    assert (len(engine.generations), line.active, line.waiting) == (1, 1, 0)


async def test_cancelling_what_is_over_changes_nothing() -> None:
    line = WaitingLine(1, 0)
    made = job(FakeEngine(["a"]), line)
    await until_over(made)
    again = job(FakeEngine(), line)
    made.cancel()

    assert line.active == 1
    again.cancel()


async def test_hanging_engine_is_noticed() -> None:
    """Case 42: native code that hangs cannot be interrupted; the process must go."""
    engine, noticed = FakeEngine(), asyncio.Event()
    station = Station(lambda stopping: engine, 0, noticed.set, watch_s=0.01)
    station.start()
    engine.step_s = STALL_S - 1
    await asyncio.sleep(0.1)
    assert not noticed.is_set()

    engine.step_s = STALL_S + 1
    await asyncio.wait_for(noticed.wait(), PATIENT_S)
    await station.stop(PATIENT_S)


async def test_stopping_breaks_off_the_loading() -> None:
    began = threading.Event()

    def load(stopping: threading.Event) -> FakeEngine:
        began.set()
        assert stopping.wait(PATIENT_S)
        return FakeEngine()

    station = Station(load, 0, lambda: None)
    station.start()
    await asyncio.to_thread(began.wait, PATIENT_S)
    await station.stop(PATIENT_S)

    assert station.is_stopped


async def test_model_that_was_mended_is_loaded_once_nobody_writes_it_any_more() -> None:
    """Case 43."""
    versions = iter([0, 0, 0, 1, 2, 3])  # of the file: broken, then written, then whole
    loads: list[int] = []
    latest = 0

    def version() -> int:
        nonlocal latest
        latest = next(versions, 3)
        return latest

    def load(stopping: threading.Event) -> FakeEngine:
        loads.append(latest)
        if latest == 0:
            raise ModelLoadError("It is truncated.")
        return FakeEngine()

    station = Station(load, 0, lambda: None, watch_s=0.01, version=version)
    station.start()
    await asyncio.wait_for(_ready(station), PATIENT_S)
    await station.stop(PATIENT_S)
    assert loads == [0, 3]


async def _ready(station: Station) -> None:
    while not station.is_ready:
        await asyncio.sleep(0.01)


def test_version_of_a_model_is_that_of_its_file_and_of_its_checksum(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    seen = [model_version(str(path))]
    path.write_bytes(b"one")
    seen.append(model_version(str(path)))
    assert model_version(str(path)) == seen[-1]
    path.write_bytes(b"other")
    seen.append(model_version(str(path)))
    checksum_file(path).write_text("00")
    seen.append(model_version(str(path)))
    assert len(set(seen)) == len(seen)
