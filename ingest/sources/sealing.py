"""Passwords and keys of sources at rest: Fernet, under a key that is derived from the installation's own."""

from __future__ import annotations

import base64
import json

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ingest.sources.errors import SecretUnreadableError
from kb.conf import config
from kb.secrets import secret_key


def seal(secrets: dict[str, str]) -> str:
    """Text for the database; empty when there is nothing to hide."""
    return _box().encrypt(json.dumps(secrets).encode()).decode() if secrets else ""


def unseal(sealed: str) -> dict[str, str]:
    """Raises SecretUnreadableError when neither the present key nor the previous one fits."""
    if not sealed:
        return {}
    try:
        opened = json.loads(_box().decrypt(sealed.encode()))
    except InvalidToken as error:
        raise SecretUnreadableError from error
    return {str(name): str(value) for name, value in opened.items()}


def sealed_anew(sealed: str) -> str:
    """The same secrets under the present key. Raises as `unseal` does."""
    try:
        return _box().rotate(sealed.encode()).decode() if sealed else ""
    except InvalidToken as error:
        raise SecretUnreadableError from error


def _box() -> MultiFernet:
    keys = [secret_key(config.data_dir), config.secret_key_previous]
    return MultiFernet([Fernet(_derived(key)) for key in keys if key])


def _derived(key: str) -> bytes:
    derivation = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"kb secrets of sources")
    return base64.urlsafe_b64encode(derivation.derive(key.encode()))
