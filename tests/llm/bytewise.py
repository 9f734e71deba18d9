"""Forms followed byte by byte, without a model."""

from __future__ import annotations

import numpy as np

from kb.llm.engine.constrained import Compiler, Follower

_END = 256


class Bytes:
    """A vocabulary of each byte, and an end."""

    vocabulary_size = 257

    def is_end(self, token: int) -> bool:
        return token == _END

    def piece(self, token: int) -> bytes:
        return b"" if token == _END else bytes([token])


class Forms:
    """Compiles forms, and says what they allow."""

    def __init__(self) -> None:
        self._compiler = Compiler(Bytes())

    def close(self) -> None:
        self._compiler.close()

    def begin(self, form: str) -> Follower:
        return self._compiler.compile(form).begin()

    def allows(self, form: str, text: str) -> bool:
        """Whether the answer may be this text, and end there."""
        follower = self.begin(form)
        return taken(follower, text.encode()) == len(text.encode()) and follower.is_complete


def taken(follower: Follower, data: bytes) -> int:
    """How many of the bytes the answer goes on with."""
    return next((at for at, byte in enumerate(data) if not follower.accepts(byte)), len(data))


def next_bytes(follower: Follower) -> list[int]:
    """What may come next; without the end."""
    return [int(byte) for byte in np.flatnonzero(follower.allowed(Bytes.vocabulary_size)) if byte != _END]
