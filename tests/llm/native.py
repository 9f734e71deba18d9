"""llama.cpp's own server as a process: an endpoint that is not ours."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parents[2]
_ENOUGH_S = 60
_TELL = "import xllamacpp; print(xllamacpp.get_system_info())"


class NativeServer:
    """A context; `url` is without /v1.

    Args:
        cells: of the cache that all slots share; also the longest prompt.
    """

    def __init__(self, model: Path, threads: int, slots: int, cells: int) -> None:
        command = [sys.executable, "-m", "tests.llm.native_server", str(model)]
        command += [str(threads), str(slots), str(cells)]
        # As ours: with OpenMP's own patience, its threads fight with every other process for the cores.
        environment = {"GOMP_SPINCOUNT": "300", **os.environ}
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the server ended by itself"
        self.url: str = json.loads(line)["url"]

    def __enter__(self) -> NativeServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(_ENOUGH_S)

    @classmethod
    def instructions(cls) -> frozenset[str]:
        told = subprocess.run([sys.executable, "-c", _TELL], check=True, capture_output=True, text=True)
        return cls.parsed(told.stdout)

    @staticmethod
    def parsed(system_info: str) -> frozenset[str]:
        """Names of the instruction sets that a build of llama.cpp uses."""
        found = set(re.findall(r"(\w+) = 1", system_info))
        return frozenset(found - {"LLAMAFILE", "OPENMP", "REPACK"})
