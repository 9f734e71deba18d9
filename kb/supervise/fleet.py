"""Which processes make up the site on this machine, and by which commands they run."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kb.conf import Config
from kb.supervise import endpoints, valkey
from kb.supervise.health import (
    WORKER_KEYS,
    Health,
    probe_redis,
    probe_server,
    probe_sign_of_life,
    probe_site,
)
from kb.supervise.heartbeat import BEAT_KEY
from kb.supervise.ports import LOOPBACK, choose_ports
from kb.supervise.process import Process

# A probe of the supervisor may wait longer than one of /readyz: a busy machine is no reason to restart.
PATIENCE_S = 10.0
# After a long time without Redis, Celery tries again every 32 s; a process that waits is not stalled.
CELERY_MISSES = 6

# Name of the process and of its command → what people call it, and what takes long when it starts.
MODEL_SERVERS = {
    "search": ("search server", "loading the embedding model"),
    "llm": ("language model server", "loading the language model"),
}


@dataclass(frozen=True)
class Fleet:
    """The processes in the order of their start, and what was chosen for them.

    `socket` is the embedded Redis server's, None when there is none.
    """

    stages: Sequence[Sequence[Process]]
    endpoints: Mapping[str, str]
    environment: Mapping[str, str]
    socket: Path | None


def plan(config: Config, environment: Mapping[str, str], code_dir: Path, token: str) -> Fleet:
    """Decide what runs here.

    A part whose address the user has set runs elsewhere and is not started. The choice goes by the
    environment, not by `config`, which may still hold the addresses of a run that was killed.

    Args:
        environment: of the supervisor.
        code_dir: holds manage.py and the packages.
        token: by which the site's own processes know each other.
    """
    run_dir = config.data_dir.absolute() / "run"
    own = [name for name in MODEL_SERVERS if not endpoints.is_set(f"KB_{name.upper()}_URL", environment)]
    ports = choose_ports(own, run_dir)
    socket = None if endpoints.is_set("KB_REDIS_URL", environment) else valkey.socket_path(run_dir)
    chosen = _addresses(ports, socket, token)
    children = endpoints.child_environment(environment, chosen, config.data_dir, code_dir)
    build = _Builder(config, children, code_dir, token, chosen.get("KB_REDIS_URL", config.redis_url))
    first = [[build.valkey(socket, run_dir)]] if socket else []
    middle = [*(build.model_server(name, ports[name]) for name in own), build.worker(), build.beat()]
    return Fleet([*first, middle, [build.web()]], chosen, children, socket)


def _addresses(ports: Mapping[str, int], socket: Path | None, token: str) -> dict[str, str]:
    chosen = {}
    if socket:
        chosen["KB_REDIS_URL"] = valkey.broker_url(socket)
    if "search" in ports:
        chosen["KB_SEARCH_URL"] = f"http://{LOOPBACK}:{ports['search']}"
    if "llm" in ports:
        chosen["KB_LLM_URL"] = f"http://{LOOPBACK}:{ports['llm']}/v1"
        chosen["KB_LLM_API_KEY"] = token
    return chosen


@dataclass(frozen=True)
class _Builder:
    """Makes the processes.

    Args:
        environment: of the processes.
        broker_url: where they find Redis.
    """

    config: Config
    environment: Mapping[str, str]
    code_dir: Path
    token: str
    broker_url: str

    def valkey(self, socket: Path, run_dir: Path) -> Process:
        async def check(pid: int) -> Health:
            return await probe_redis(self.broker_url, PATIENCE_S)

        argv = valkey.command(valkey.write_config(socket, run_dir))
        return Process("valkey", "Redis server", argv, self.environment, check, stop_s=1)

    def model_server(self, name: str, port: int) -> Process:
        async def check(pid: int) -> Health:
            return await probe_server(f"http://{LOOPBACK}:{port}", self.token, PATIENCE_S)

        title, doing = MODEL_SERVERS[name]
        argv = django_command(self.code_dir, f"{name}_server", "--port", str(port))
        # Without a language model the site still finds and shows documents.
        return Process(name, title, argv, self.environment, check, doing, required=name != "llm")

    def worker(self) -> Process:
        name = worker_name(self.config.data_dir)
        threads = ("--pool", "threads")  # how many: see kb.settings
        # Gossip and mingle are talk between workers that ours have no use for, at seconds per start.
        quiet = ("--without-gossip", "--without-mingle")
        arguments = (*threads, "--queues", "ingest,maintenance", "--hostname", name, *quiet)
        return self._celery("worker", "worker", arguments, WORKER_KEYS + name)

    def beat(self) -> Process:
        return self._celery("beat", "scheduler", (), BEAT_KEY)

    def web(self) -> Process:
        https = self.config.origin.startswith("https:")

        async def check(pid: int) -> Health:
            return await probe_site(local_address(self.config), https=https, timeout_s=PATIENCE_S)

        return Process("web", "web server", web_command(self.config), self.environment, check)

    def _celery(self, name: str, title: str, arguments: tuple[str, ...], key: str) -> Process:
        async def check(pid: int) -> Health:
            return await probe_sign_of_life(self.broker_url, key, pid, PATIENCE_S)

        loglevel = ("--loglevel", self.config.log_level)
        # `up` itself has run the checks; here they would load every page of the site.
        program = (sys.executable, "-m", "celery", "--skip-checks", "-A", "kb.celery", name)
        argv = (*program, *arguments, *loglevel)
        return Process(name, title, argv, self.environment, check, misses=CELERY_MISSES)


def django_command(code_dir: Path, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, str(code_dir / "manage.py"), *arguments)


def worker_name(data_dir: Path) -> str:
    """The worker's name at the broker, its own for each machine and data folder."""
    folder = hashlib.sha256(os.fsencode(data_dir.absolute())).hexdigest()[:8]
    return f"worker-{folder}@{platform.node()}"


def local_address(config: Config) -> str:
    """Where this machine reaches its own web server."""
    host = {"0.0.0.0": LOOPBACK, "": LOOPBACK, "::": "::1"}.get(config.host, config.host)  # noqa: S104
    return f"http://[{host}]:{config.port}" if ":" in host else f"http://{host}:{config.port}"


def web_command(config: Config) -> tuple[str, ...]:
    # With a public address there is a proxy in front, on this machine unless uvicorn's own
    # FORWARDED_ALLOW_IPS says otherwise; without one, its headers would be a stranger's claim.
    proxy = "--proxy-headers" if config.public_url else "--no-proxy-headers"
    return (
        *(sys.executable, "-m", "uvicorn", "kb.asgi:application"),
        *("--host", config.host, "--port", str(config.port), "--workers", str(config.web_workers)),
        *("--timeout-graceful-shutdown", "3", "--log-level", "warning"),
        *("--no-access-log", "--no-server-header", "--ws", "none", proxy),
    )
