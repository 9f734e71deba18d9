from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from kb.supervise.demo import is_wanted, load_demo
from kb.supervise.process import Place
from tests.supervise.conftest import Reports
from tests.supervise.waiting import eventually, lives

NO_ENVIRONMENT: Mapping[str, str] = {}


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-I", "-S", "-c", code)


async def load(code: str, tmp_path: Path, place: Place) -> None:
    await load_demo(python(code), NO_ENVIRONMENT, tmp_path, place.report, place.warden)


async def test_progress_is_shown_and_the_demo_is_loaded_once(
    tmp_path: Path, place: Place, reports: Reports
) -> None:
    assert is_wanted(tmp_path)

    await load("print('3 of 20')", tmp_path, place)

    assert reports.lines == ["Loading the demo documents …", "3 of 20"]
    assert not is_wanted(tmp_path)


async def test_failure_is_a_warning_and_tried_again_at_the_next_start(
    tmp_path: Path, place: Place, reports: Reports
) -> None:
    await load("import sys; sys.exit('no room')", tmp_path, place)

    assert reports.containing("Warning", "exit status 1", "no room")
    assert is_wanted(tmp_path)


async def test_ctrl_c_ends_the_loading(tmp_path: Path, place: Place, reports: Reports) -> None:
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    loading = asyncio.create_task(load(code, tmp_path, place))
    await eventually(lambda: len(reports.lines) == 2)

    loading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loading

    assert not lives(int(reports.lines[1]))
    assert is_wanted(tmp_path)
