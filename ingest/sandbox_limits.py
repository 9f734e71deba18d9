"""What a parsing process may not do. Called in the process itself, before it opens the file."""

from __future__ import annotations

import ctypes
import math
import os
import resource
import signal
import sys
from pathlib import Path

# Older documents are turned into newer ones, pictures and all, in the folder that is removed afterwards.
MAX_FILE_BYTES = 32 * 1024 * 1024
MAX_OPEN_FILES = 32

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000

# Audit events, by prefix: https://docs.python.org/3/library/audit_events.html
_REFUSED_EVENTS = (
    *("socket.", "urllib.", "http.client.", "ftplib.", "smtplib.", "imaplib.", "poplib.", "telnetlib."),
    *("subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.startfile", "pty."),
    *("os.kill", "os.putenv", "ctypes.dlopen", "ctypes.dlsym", "signal.pthread_kill"),
)


def leave_network() -> bool:
    """Move this process, which must have one thread, into a network namespace with no interface.

    Returns:
        False where the system does not allow it; then `refuse_network_and_programs` is the only barrier.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    # A user namespace of our own gives the right to a network namespace, where ordinary users may make one.
    return any(libc.unshare(flags) == 0 for flags in (_CLONE_NEWNET, _CLONE_NEWUSER | _CLONE_NEWNET))


def die_with_parent(parent_pid: int) -> None:
    """Have the kernel kill this process when its parent ends, and never let it gain rights."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getppid() != parent_pid:
        # It ended before the kernel was asked.
        os.kill(os.getpid(), signal.SIGKILL)


def limit_resources(timeout_s: float, memory_mb: int) -> None:
    """Bound this process.

    Args:
        timeout_s: CPU seconds; at the first SIGXCPU ends the process, a second later SIGKILL does.
        memory_mb: MiB of address space beyond what the process maps now.
    """
    address_space = _mapped_bytes() + memory_mb * 1024 * 1024
    cpu_s = math.ceil(timeout_s)
    for limit, soft, hard in (
        (resource.RLIMIT_AS, address_space, address_space),
        (resource.RLIMIT_CPU, cpu_s, cpu_s + 1),
        (resource.RLIMIT_FSIZE, MAX_FILE_BYTES, MAX_FILE_BYTES),
        (resource.RLIMIT_NOFILE, MAX_OPEN_FILES, MAX_OPEN_FILES),
        (resource.RLIMIT_NPROC, 0, 0),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        ceiling = resource.getrlimit(limit)[1]
        if ceiling != resource.RLIM_INFINITY:
            soft, hard = min(soft, ceiling), min(hard, ceiling)
        resource.setrlimit(limit, (soft, hard))


def refuse_network_and_programs() -> None:
    """Refuse sockets, other programs and foreign libraries for the rest of this process. Not reversible."""

    def refuse(event: str, _arguments: object) -> None:
        if event.startswith(_REFUSED_EVENTS):
            raise PermissionError(f"{event} is refused while a document is parsed")

    sys.addaudithook(refuse)


def _mapped_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * os.sysconf("SC_PAGE_SIZE")
