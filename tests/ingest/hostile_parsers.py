"""Parsers that do what a document must not achieve. Run only in the sandbox, under names of their own."""

from __future__ import annotations

import faulthandler
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ingest.parsers.base import Block, ParsedDocument, ParseError
from ingest.sandbox_limits import MAX_FILE_BYTES


@dataclass(frozen=True)
class HostileParser:
    name: str
    act: Callable[[Path], str]

    @property
    def extensions(self) -> tuple[str, ...]:
        return (f".{self.name}",)

    def parse(self, path: Path) -> ParsedDocument:
        text = self.act(path)
        return ParsedDocument(text, "plain", blocks=(Block("paragraph", 0, len(text)),))


def loop(path: Path) -> str:
    while True:
        pass


def sleep(path: Path) -> str:
    """Works for as many seconds as the file says."""
    time.sleep(float(path.read_text(encoding="ascii")))
    return "slept"


def explode(path: Path) -> str:
    pieces = []
    while True:
        pieces.append(bytearray(8 * 1024 * 1024))


def segfault(path: Path) -> str:
    faulthandler._sigsegv()  # type: ignore[attr-defined]
    return ""


def leave(path: Path) -> str:
    os._exit(5)


def raise_error(path: Path) -> str:
    return {"contents": path.read_text(encoding="utf-8")}["missing " + "secret"]


def recurse(path: Path) -> str:
    return recurse(path)


def refuse(path: Path) -> str:
    raise ParseError("encrypted", "Protected by a password.")


def shout(path: Path) -> str:
    return "x" * 3_000_000


def attempt(act: Callable[[], object]) -> str:
    try:
        act()
    except Exception as error:
        return type(error).__name__
    return "succeeded"


def escape(path: Path) -> str:
    """Say what came of each attempt to reach beyond the document."""
    attempts: dict[str, Callable[[], object]] = {
        "socket": lambda: socket.create_connection(("127.0.0.1", 9), timeout=1),
        "socketpair": socket.socketpair,
        "url": lambda: urllib.request.urlopen("http://127.0.0.1:9/", timeout=1),
        "file url": lambda: urllib.request.urlopen("file:///etc/passwd"),  # noqa: S310
        "subprocess": lambda: subprocess.run(["true"], check=True),
        "system": lambda: os.system("true"),  # noqa: S605
        "exec": lambda: os.execv("/bin/true", ["true"]),  # noqa: S606
        "fork": os.fork,
        "kill": lambda: os.kill(os.getppid(), 15),
        "large file": lambda: Path("large").write_bytes(b"x" * (MAX_FILE_BYTES + 1)),
        "core": lambda: __import__("resource").setrlimit(4, (1, 1)),
        "files": lambda: [Path("/dev/null").open("rb") for _ in range(100)],  # noqa: SIM115
    }
    return json.dumps({name: attempt(act) for name, act in attempts.items()})


def environment(path: Path) -> str:
    found = {
        "environ": dict(os.environ),
        "initial": Path("/proc/self/environ").read_text(encoding="utf-8").split("\0"),
        "directory": str(Path.cwd()),
        "listing": os.listdir(),  # noqa: PTH208
        "interfaces": Path("/proc/self/net/dev").read_text(encoding="ascii"),
        "open files": len(os.listdir("/proc/self/fd")),  # noqa: PTH208
        "modules": sorted(sys.modules),
        "parent": os.getppid(),
    }
    return json.dumps(found)


PARSERS = tuple(
    HostileParser(act.__name__.replace("_", "-"), act)
    for act in (
        *(loop, sleep, explode, segfault, leave, raise_error, recurse, refuse, shout, escape, environment),
    )
)
