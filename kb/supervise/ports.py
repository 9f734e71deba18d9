"""Which ports the processes listen on."""

from __future__ import annotations

import errno
import json
import socket
import time
from collections.abc import Sequence
from pathlib import Path

from kb.supervise.errors import PortTakenError
from kb.supervise.files import write_private

PORTS_FILE = "ports.json"
LOOPBACK = "127.0.0.1"


def require_free(host: str, port: int, patience_s: float = 3.0) -> None:
    """Check that the site can listen there.

    Waits a little for a previous run that was killed a moment ago.

    Raises:
        PortTakenError: it cannot; the message says why and what to do.
    """
    give_up = time.monotonic() + patience_s
    while problem := _problem(host, port):
        if problem != errno.EADDRINUSE or time.monotonic() >= give_up:
            raise PortTakenError(_sentence(problem, host, port), host=host, port=port)
        time.sleep(0.1)


def choose_ports(names: Sequence[str], run_dir: Path) -> dict[str, int]:
    """A free loopback port for each name; the one of the last run where it is still free.

    Keeping the port keeps what other terminals and browsers' developers noted down, and the file makes
    two data folders prefer different ports.
    """
    last_file = run_dir / PORTS_FILE
    try:
        last = json.loads(last_file.read_text())
    except (FileNotFoundError, ValueError):
        last = {}
    chosen: dict[str, int] = {}
    for name in names:
        port = last.get(name)
        if not isinstance(port, int) or port in chosen.values() or _problem(LOOPBACK, port):
            port = _any_free(set(chosen.values()))
        chosen[name] = port
    write_private(last_file, json.dumps(chosen))
    return chosen


def _any_free(taken: set[int]) -> int:
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind((LOOPBACK, 0))
            port: int = probe.getsockname()[1]
        if port not in taken:
            return port


def _problem(host: str, port: int) -> int:
    """The errno of listening there, 0 if it works, -1 if the name means nothing."""
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror:
        return -1
    family, kind, protocol, _, address = found[0]
    with socket.socket(family, kind, protocol) as probe:
        # Without it, connections of an earlier run that are still closing would look like a listener.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
            probe.listen(1)
        except OSError as error:
            return error.errno or -1
    return 0


def _sentence(problem: int, host: str, port: int) -> str:
    if problem == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is in use by another program. "
            f"Stop it, or choose another port: KB_PORT={port % 65535 + 1} make up"
        )
    if problem == errno.EACCES:
        return f"This user may not listen on port {port}. Choose one above 1023 with KB_PORT."
    return f"KB_HOST={host} is not an address of this machine. Use 127.0.0.1, or 0.0.0.0 for all addresses."
