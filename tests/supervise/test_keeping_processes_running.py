from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from kb.supervise import supervisor as supervising
from kb.supervise.errors import StartError
from kb.supervise.health import Health, Status
from kb.supervise.process import Place, Process
from kb.supervise.supervisor import Supervisor
from tests.supervise.conftest import MakeProcess, Reports
from tests.supervise.waiting import eventually, lives

Journal = Callable[[], list[str]]

SERVE = "note('start-' + NAME); ready(); time.sleep(600)"
STUBBORN = "signal.signal(signal.SIGTERM, signal.SIG_IGN); note(str(os.getpid())); ready(); time.sleep(600)"
PATIENT_S = 60.0
MANY = 1000


@asynccontextmanager
async def running(place: Place, *stages: list[Process]) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(stages, place)
    try:
        await supervisor.start()
        yield supervisor
    finally:
        await supervisor.stop()


async def test_stages_start_one_after_the_other(
    place: Place, make_process: MakeProcess, journal: Journal
) -> None:
    code = """
while not (folder / "journal").exists():
    time.sleep(0.01)
note("ready-slow"); ready(); time.sleep(600)
"""
    slow = make_process("slow", code)  # ready only when the one beside it has been started
    beside = make_process("beside", SERVE)
    last = make_process("last", SERVE)

    async with running(place, [slow, beside], [last]):
        assert journal() == ["start-beside", "ready-slow", "start-last"]


async def test_stages_stop_in_reverse_order(
    place: Place, make_process: MakeProcess, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervising, "STOP_WITHIN_S", PATIENT_S)
    code = """
def end(*_):
    time.sleep(0.1); note("end-" + NAME); sys.exit()
signal.signal(signal.SIGTERM, end)
ready(); time.sleep(600)
"""

    async with running(place, *([make_process(name, code)] for name in ("first", "second", "third"))):
        pass

    assert journal() == ["end-third", "end-second", "end-first"]


async def test_process_that_dies_is_started_again_after_a_pause(
    place: Place, make_process: MakeProcess, journal: Journal, reports: Reports
) -> None:
    process = make_process("web", "note(str(os.getpid())); ready(); time.sleep(600)")

    async with running(place, [process]):
        os.kill(int(journal()[0]), signal.SIGKILL)
        await eventually(lambda: len(reports.containing("web server is ready")) == 2)

    first, second = (int(pid) for pid in journal())
    assert first != second
    assert reports.containing("The web server was ended by signal 9. Starting it again in 0.05 s")


async def test_pause_grows_while_the_process_keeps_dying(
    place: Place, make_process: MakeProcess, reports: Reports
) -> None:
    # It may be gone before anybody saw it healthy; that it is not given up is tested elsewhere.
    patient = replace(place, timing=replace(place.timing, start_attempts=MANY))
    process = make_process("web", "ready(); time.sleep(0.1); print('no memory'); sys.exit(3)")

    async with running(patient, [process]):
        await eventually(lambda: reports.containing("in 0.2 s"))

    pauses = [line.split(" in ")[1].split(" s.")[0] for line in reports.containing("Starting it again in")]
    assert pauses[:3] == ["0.05", "0.1", "0.2"]
    assert reports.containing("ended with exit status 3: no memory")


async def test_process_that_stops_to_answer_is_killed_and_started_again(
    place: Place, make_process: MakeProcess, journal: Journal, reports: Reports
) -> None:
    """case 42: a process that stalls is as bad as one that died."""
    answers = True

    async def check(pid: int) -> Health:
        return Health(Status.OK if answers or pid != stalled else Status.DOWN)

    process = make_process(
        "llm",
        "note(str(os.getpid())); signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)",
        check,
        stop_s=0.2,
    )
    async with running(place, [process]):
        await eventually(journal)
        stalled = int(journal()[0])
        answers = False
        await eventually(lambda: len(journal()) == 2)
        assert not lives(stalled)

    assert reports.containing("The llm server did not answer for 0.15 s")


@pytest.mark.parametrize("status", [Status.LOADING, Status.UNKNOWN, Status.FAILED])
async def test_process_that_answers_anything_at_all_is_not_stalled(
    place: Place, make_process: MakeProcess, journal: Journal, status: Status
) -> None:
    asked: list[int] = []

    async def check(pid: int) -> Health:
        asked.append(pid)
        return Health(Status.OK if len(asked) == 1 else status)

    process = make_process("search", "note('start'); time.sleep(600)", check)
    async with running(place, [process]):
        await eventually(lambda: len(asked) > 10 and journal())

    assert journal() == ["start"]


async def test_single_missed_answers_are_forgiven(
    place: Place, make_process: MakeProcess, journal: Journal
) -> None:
    asked: list[int] = []

    async def check(pid: int) -> Health:
        asked.append(pid)
        return Health(Status.OK if len(asked) % 3 == 1 else Status.DOWN)

    process = make_process("search", "note('start'); time.sleep(600)", check)
    async with running(place, [process]):
        await eventually(lambda: len(asked) > 12 and journal())

    assert journal() == ["start"]


async def test_process_that_hangs_in_its_start_is_started_again(
    place: Place, make_process: MakeProcess, journal: Journal, reports: Reports
) -> None:
    impatient = replace(place, timing=replace(place.timing, start_silence_s=1.0, start_attempts=MANY))
    code = "note('start'); len((folder / 'journal').read_text().split()) > 1 and ready(); time.sleep(600)"

    async with running(impatient, [make_process("search", code)]):
        assert len(journal()) > 1

    assert reports.containing("did not answer within 1 s")
    assert reports.containing("still starting the search server")


async def test_long_loading_is_shown_and_waited_for(
    place: Place, make_process: MakeProcess, reports: Reports, journal: Journal
) -> None:
    asked: list[int] = []

    async def check(pid: int) -> Health:
        asked.append(pid)
        return Health(Status.LOADING, "reading 5 of 9") if len(asked) < 50 else Health(Status.OK)

    impatient = replace(place, timing=replace(place.timing, start_silence_s=0.3))
    async with running(impatient, [make_process("search", "note('start'); time.sleep(600)", check)]):
        await eventually(journal)

    assert journal() == ["start"]
    assert reports.containing("still starting the search server", "reading 5 of 9")


async def test_required_process_that_never_comes_up_ends_the_start_with_its_last_words(
    place: Place, make_process: MakeProcess, journal: Journal
) -> None:
    broken = make_process("web", "note('start'); print('address already in use'); sys.exit(1)")

    with pytest.raises(StartError, match=r"The web server does not start.*address already in use"):
        async with running(place, [broken]):
            pytest.fail("it started")

    assert journal() == ["start"] * 3


async def test_program_that_does_not_exist_ends_the_start(place: Place, make_process: MakeProcess) -> None:
    process = make_process("web", "")
    missing = Process("web", "web server", ("/does/not/exist",), {}, process.check)

    with pytest.raises(StartError, match="cannot be started"):
        async with running(place, [missing]):
            pytest.fail("it started")


async def test_site_comes_up_without_an_optional_process_that_cannot_work(
    place: Place, make_process: MakeProcess, reports: Reports, journal: Journal
) -> None:
    """case 43: the GGUF is missing, search and the pages work."""

    async def check(pid: int) -> Health:
        return Health(Status.FAILED, "The file model.gguf does not exist.")

    llm = make_process("llm", "note('llm'); time.sleep(600)", check, required=False)
    async with running(place, [llm], [make_process("web", SERVE)]):
        await eventually(lambda: "llm" in journal() and "start-web" in journal())

    assert reports.containing("Warning: the llm server cannot work. The file model.gguf does not exist.")


async def test_site_comes_up_without_an_optional_process_that_only_dies(
    place: Place, make_process: MakeProcess, journal: Journal
) -> None:
    llm = make_process("llm", "sys.exit('no such model')", required=False)

    async with running(place, [llm], [make_process("web", SERVE)]):
        assert journal() == ["start-web"]


async def test_process_that_ignores_the_request_to_end_is_killed(
    place: Place, make_process: MakeProcess, journal: Journal
) -> None:
    async with running(place, [make_process("web", STUBBORN, stop_s=0.3)]):
        pid = int(journal()[0])

    assert not lives(pid)


async def test_stages_that_do_not_end_share_the_time_a_person_waits(
    place: Place, make_process: MakeProcess, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervising, "STOP_WITHIN_S", 0.3)
    stages = [[make_process(name, STUBBORN, stop_s=600)] for name in ("first", "second", "third")]

    async with asyncio.timeout(PATIENT_S), running(place, *stages):
        pids = [int(pid) for pid in journal()]

    assert len(pids) == 3
    assert not any(lives(pid) for pid in pids)


async def test_grandchildren_end_with_the_process(
    place: Place, make_process: MakeProcess, journal: Journal
) -> None:
    code = """
grandchild = subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(600)"])
note(str(grandchild.pid)); ready(); time.sleep(600)
"""

    async with running(place, [make_process("web", code)]):
        pid = int(journal()[0])
        assert lives(pid)

    await eventually(lambda: not lives(pid))


async def test_stop_during_the_pause_before_a_restart_ends_at_once(
    place: Place, make_process: MakeProcess, journal: Journal, reports: Reports
) -> None:
    patient = replace(place, timing=replace(place.timing, first_delay_s=600.0))
    process = make_process("web", "note(str(os.getpid())); ready(); time.sleep(600)")

    async with asyncio.timeout(PATIENT_S), running(patient, [process]):
        os.kill(int(journal()[0]), signal.SIGKILL)
        await eventually(lambda: reports.containing("Starting it again in 600 s"))

    assert len(journal()) == 1


async def test_mistake_in_a_check_leaves_the_process_alone(
    place: Place, make_process: MakeProcess, journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[int] = []

    async def check(pid: int) -> Health:
        asked.append(pid)
        if len(asked) > 1:
            raise KeyError("status")
        return Health(Status.OK)

    async with running(place, [make_process("web", "note('start'); time.sleep(600)", check)]):
        await eventually(lambda: len(asked) > 8 and journal())

    assert journal() == ["start"]
    assert "The check of web failed" in caplog.text


async def test_output_goes_to_the_log_of_the_process_and_errors_to_the_terminal(
    place: Place, make_process: MakeProcess, reports: Reports
) -> None:
    code = """
print("hello", flush=True)
print("ERROR: disk full", file=sys.stderr)
ready(); time.sleep(600)
"""

    async with running(place, [make_process("web", code)]):
        await eventually(lambda: reports.containing("web: ERROR: disk full"))

    assert (place.log_dir / "web.log").read_text().splitlines() == ["hello", "ERROR: disk full"]
