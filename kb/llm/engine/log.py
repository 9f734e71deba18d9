"""llama.cpp's own messages, sent to Python's logging."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from llama_cpp import llama_cpp as native

logger = logging.getLogger("kb.llm.engine")

_WARNING, _ERROR = 3, 4  # ggml_log_level
# The cache may be larger than the context of training: it holds several sequences, none of them longer.
_MISTAKEN = "n_ctx_train"
_errors: list[str] = []


def _receive(level: int, text: bytes, data: object) -> None:
    """Everything below a warning is chatter about tensors."""
    message = text.decode("utf-8", "replace").strip()
    if level == _ERROR:
        _errors.append(message)
        logger.error("%s", message)
    elif level == _WARNING and _MISTAKEN not in message:
        logger.warning("%s", message)


# Kept in a name: the native side holds only a pointer.
_callback = native.llama_log_callback(_receive)
native.llama_log_set(_callback, None)


@contextmanager
def collected_errors() -> Iterator[list[str]]:
    """The errors that llama.cpp reports meanwhile, the only place where it tells why something failed."""
    _errors.clear()
    yield _errors
