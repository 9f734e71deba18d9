"""A throw-away installation: the whole product in a temporary folder, driven over its own REST API."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from kb.conf import ENDPOINTS_FILE, config
from kb.exceptions import KBError
from kb.search.client import SearchClient
from kb.secrets import KEY_FILE, internal_token

_START_S = 300
_STOP_S = 20
# A measurement may ask for hundreds of long texts at once.
_SLOW_S = 120.0
# These belong to the installation that runs the command, not to the throw-away one.
_NOT_INHERITED = ("KB_DATABASE_URL", "KB_REDIS_URL", "KB_SEARCH_URL", "KB_SECRET_KEY", "KB_SECRET_KEY_FILE",
                  "KB_ADMIN_PASSWORD_FILE", "KB_PUBLIC_URL", "KB_HOST", "KB_ALLOWED_HOSTS")  # fmt: skip
NOWHERE = "http://127.0.0.1:9/v1"


@dataclass(frozen=True)
class Deployment:
    """Where it answers and a key that may do everything there."""

    url: str
    api_key: str
    data_dir: Path
    environment: Mapping[str, str]

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a management command in it."""
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments]
        return subprocess.run(  # noqa: S603 - our own program
            command, env=dict(self.environment), capture_output=True, text=True, check=True, timeout=_START_S
        )

    def search_client(self) -> SearchClient:
        """Asks its search server directly."""
        endpoints = json.loads((self.data_dir / ENDPOINTS_FILE).read_text(encoding="utf-8"))
        key = (self.data_dir / KEY_FILE).read_text(encoding="utf-8").strip()
        return SearchClient(endpoints["KB_SEARCH_URL"], internal_token(key), _SLOW_S)


@contextlib.contextmanager
def throw_away_deployment(*, with_llm: bool, **overrides: str) -> Iterator[Deployment]:
    """Start everything, yield, stop everything and remove the folder.

    Args:
        with_llm: False leaves the model server out, for what needs only search.
        overrides: further KB_ settings.

    Raises:
        KBError: it did not start; the message holds the end of its output.
    """
    with tempfile.TemporaryDirectory(prefix="kb-evaluate-", ignore_cleanup_errors=True) as folder:
        data_dir = Path(folder)
        environment = _environment(data_dir, with_llm, overrides)
        _share_models(data_dir)
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, str(settings.BASE_DIR / "manage.py"), "up", "--no-demo"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        try:
            url = _wait_until_ready(process)
            deployment = Deployment(url, "", data_dir, environment)
            made = deployment.manage(
                "create_api_key", "admin", "--name", "evaluate", "--scopes", "read,write"
            )
            yield Deployment(url, made.stdout.strip().splitlines()[-1], data_dir, environment)
        finally:
            _stop(process)


def _environment(data_dir: Path, with_llm: bool, overrides: Mapping[str, str]) -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
    environment.update(
        KB_DATA_DIR=str(data_dir),
        KB_PORT=str(free_port()),
        KB_ADMIN_USERNAME="admin",
        KB_ADMIN_PASSWORD=secrets.token_urlsafe(16),
        KB_DEMO="0",
        PYTHONUNBUFFERED="1",
    )
    if not with_llm:
        environment["KB_LLM_URL"] = NOWHERE
    return {**environment, **overrides}


def _share_models(data_dir: Path) -> None:
    """Converting the embedding model takes seconds; what this installation has made is used again."""
    made = settings.DATA_DIR / "models"
    made.mkdir(parents=True, exist_ok=True)
    (data_dir / "models").symlink_to(made)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(process: subprocess.Popen[str]) -> str:
    """The address of the Ready line."""
    lines: list[str] = []
    deadline = time.monotonic() + _START_S
    assert process.stdout is not None  # noqa: S101 - asked for above
    for line in process.stdout:
        lines.append(line)
        if line.startswith("Ready: "):
            return line.split()[1].rstrip("/")
        if time.monotonic() > deadline:
            break
    raise KBError(f"The throw-away installation did not start:\n{''.join(lines[-20:])}")


def _stop(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.communicate(timeout=_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def described() -> dict[str, object]:
    """The settings that a measurement depends on."""
    return {
        "embedding_model": config.embedding_model,
        "reranker_model": config.reranker_model,
        "support_model": config.support_model,
        "chunk_tokens": config.chunk_tokens,
        "candidates": config.candidates,
        "passages": config.passages,
        "passage_tokens": config.passage_tokens,
        "llm": config.llm_url or config.llm_model,
        "answer_tokens": config.answer_tokens,
        "device": config.device,
    }
