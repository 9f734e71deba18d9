"""The addresses that this run chose, for its own processes and for commands in other terminals."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from kb.conf import ENDPOINTS_FILE
from kb.supervise.files import write_private

# Only the supervisor itself makes the admin; no other process needs to know the password.
_NOT_FOR_CHILDREN = ("KB_ADMIN_PASSWORD", "KB_ADMIN_PASSWORD_FILE")


def write(data_dir: Path, endpoints: Mapping[str, str]) -> None:
    write_private(data_dir / ENDPOINTS_FILE, json.dumps(dict(endpoints)))


def remove(data_dir: Path) -> None:
    (data_dir / ENDPOINTS_FILE).unlink(missing_ok=True)


def is_set(name: str, environment: Mapping[str, str]) -> bool:
    """Whether the user chose this setting, directly or through its file."""
    return bool(environment.get(name) or environment.get(f"{name}_FILE"))


def child_environment(
    environment: Mapping[str, str], endpoints: Mapping[str, str], data_dir: Path, code_dir: Path
) -> dict[str, str]:
    """What a child process sees: the user's settings, and the chosen addresses in place of theirs.

    Args:
        environment: of the supervisor.
        endpoints: setting names and values that this run chose.
        data_dir: made absolute, so that a child may change its folder.
        code_dir: where the packages `kb` and `ingest` are.
    """
    hidden = {*_NOT_FOR_CHILDREN, *(f"{name}_FILE" for name in endpoints)}
    kept = {name: value for name, value in environment.items() if name not in hidden}
    python_path = [str(code_dir), *filter(None, [environment.get("PYTHONPATH")])]
    return {
        **kept,
        **endpoints,
        "KB_DATA_DIR": str(data_dir.absolute()),
        "DJANGO_SETTINGS_MODULE": "kb.settings",
        "PYTHONPATH": ":".join(python_path),
        # Output goes to a pipe: without this, the last lines before a crash would be lost in a buffer.
        "PYTHONUNBUFFERED": "1",
    }
