"""The installation's secret key and what is derived from it."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from kb.conf import config

KEY_FILE = "secret_key"


def secret_key(data_dir: Path) -> str:
    """The configured key, else the one made for this installation at its first start.

    The file is created whole or not at all, readable by its owner only; two processes that start at
    once agree on one key.
    """
    if config.secret_key:
        return config.secret_key
    target = data_dir / KEY_FILE
    if not target.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        draft = data_dir / f".{KEY_FILE}.{os.getpid()}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(50))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, target)
        except FileExistsError:
            pass  # another process was quicker; its key is the key
        finally:
            draft.unlink()
    return target.read_text().strip()


def pseudonym(user_id: int) -> str:
    """A name for a person that stays the same, and that nobody without the secret key can trace back."""
    key = secret_key(config.data_dir).encode()
    return hmac.new(key, f"kb user {user_id}".encode(), hashlib.sha256).hexdigest()[:32]


def internal_token(key: str = "") -> str:
    """The bearer token by which an installation's own processes know each other.

    Args:
        key: its secret key; without it, that of this installation.
    """
    secret = (key or secret_key(config.data_dir)).encode()
    return hmac.new(secret, b"kb internal processes", hashlib.sha256).hexdigest()
