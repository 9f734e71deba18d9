"""Loads the demo documents at the first start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from kb.supervise.child import Child
from kb.supervise.output import LogFile, Output
from kb.supervise.process import Report
from kb.supervise.warden import Warden

MARKER = "demo-loaded"


def is_wanted(data_dir: Path) -> bool:
    """Once per data folder: demo documents that were deleted do not come back."""
    return not (data_dir / MARKER).exists()


async def load_demo(
    argv: Sequence[str], environment: Mapping[str, str], data_dir: Path, report: Report, warden: Warden
) -> None:
    """Run the loader beside the site and pass its lines on. When it fails the next start tries again."""
    report("Loading the demo documents …")
    log = LogFile(data_dir / "log" / "demo.log")
    output = Output(log, report, shown=bool)
    child = await Child.start(argv, environment, output, warden)
    try:
        status = await child.wait()
    except BaseException:
        child.kill()
        await child.wait()
        raise
    finally:
        log.close()
    if status == 0:
        (data_dir / MARKER).touch()
    else:
        report(f"Warning: the demo documents could not be loaded (exit status {status}): {output.last_line}")
