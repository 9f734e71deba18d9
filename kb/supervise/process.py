"""What the supervisor is asked to keep running, and the times it goes by."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from kb.supervise.health import Health
from kb.supervise.warden import Warden

# Gets the process id of the present run; may be slow or raise nothing, the runner bounds its time.
Check = Callable[[int], Awaitable[Health]]
Report = Callable[[str], None]


@dataclass(frozen=True)
class Process:
    """One program of the site.

    Args:
        name: of its log file, and in messages about errors.
        title: in messages to people, as the beginning of a sentence.
        doing: what takes long while it starts.
        check: OK when it can work; asked at the start and then all the time.
        required: without it the site does not come up.
        stop_s: how long it may take to end by itself.
        misses: how many probes in a row may go without an answer before it counts as stalled.
    """

    name: str
    title: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    check: Check
    doing: str = ""
    required: bool = True
    stop_s: float = 3.5
    misses: int = 3


@dataclass(frozen=True)
class Timing:
    """Seconds; tests use smaller ones."""

    start_poll_s: float = 0.2
    # The longest silence while it starts: importing torch on a busy small machine takes a minute.
    start_silence_s: float = 180.0
    still_starting_s: float = 20.0
    probe_every_s: float = 10.0
    probe_timeout_s: float = 10.0
    # A process that never came up this many times will not by itself.
    start_attempts: int = 5
    first_delay_s: float = 0.5


@dataclass(frozen=True)
class Place:
    """Where processes run: what all runners share."""

    log_dir: Path
    report: Report
    warden: Warden
    timing: Timing = Timing()
