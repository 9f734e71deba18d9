"""A loaded GGUF file: weights, vocabulary, metadata."""

from __future__ import annotations

import ctypes
import threading
import weakref
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from llama_cpp import llama_cpp as native

from kb.llm.engine.log import collected_errors
from kb.llm.engine.prompt import is_marker
from kb.llm.errors import ModelLoadError

_VALUE_BYTES = 1024
_PIECE_BYTES = 256


class Model:
    """Weights and vocabulary. Reading the vocabulary is safe from any thread.

    Args:
        path: a file that `check_model_file` let pass.
        gpu_layers: how many layers go to the GPU; -1 is all.
        stopping: set from another thread, it breaks the loading off.

    Raises:
        ModelLoadError: llama.cpp cannot load the file, or was told to stop.
    """

    def __init__(self, path: Path, gpu_layers: int, stopping: threading.Event) -> None:
        native.llama_backend_init()
        parameters = native.llama_model_default_params()
        parameters.n_gpu_layers = gpu_layers
        # Kept in a name: the native side calls it while it loads.
        going_on = native.llama_progress_callback(lambda progress, data: not stopping.is_set())
        parameters.progress_callback = going_on
        with collected_errors() as errors:
            self.handle = native.llama_model_load_from_file(str(path).encode(), parameters)
        if not self.handle:
            raise ModelLoadError(f"{path} cannot be loaded: {'; '.join(errors) or 'no reason given'}.")
        self.vocabulary = native.llama_model_get_vocab(self.handle)
        # With the last reference, not on request: another thread may still be tokenizing.
        weakref.finalize(self, native.llama_model_free, self.handle).atexit = False

    @property
    def trained_context(self) -> int:
        return int(native.llama_model_n_ctx_train(self.handle))

    @property
    def is_recurrent(self) -> bool:
        """Some layers keep a running state, of which the beginning cannot be cut out again."""
        return bool(native.llama_model_is_recurrent(self.handle) or native.llama_model_is_hybrid(self.handle))

    @cached_property
    def vocabulary_size(self) -> int:
        return int(native.llama_vocab_n_tokens(self.vocabulary))

    @property
    def bos(self) -> int:
        """The token that begins every sequence; -1 when this model has none or wants none."""
        wanted = native.llama_vocab_get_add_bos(self.vocabulary)
        return int(native.llama_vocab_bos(self.vocabulary)) if wanted else -1

    @cached_property
    def chat_template(self) -> str:
        """Empty when the file holds none."""
        template = native.llama_model_chat_template(self.handle, None)
        return template.decode("utf-8", "replace") if template else ""

    def special_text(self, name: str) -> str:
        """The text of the ``bos`` or ``eos`` token; empty without one."""
        token = {"bos": native.llama_vocab_bos, "eos": native.llama_vocab_eos}[name](self.vocabulary)
        return self.text(token) if token >= 0 else ""

    def is_end(self, token: int) -> bool:
        return bool(native.llama_vocab_is_eog(self.vocabulary, token))

    @cached_property
    def control_tokens(self) -> frozenset[int]:
        """What must never come out of the content of a message.

        Some files declare the markers of their chat template as ordinary added words.
        """
        return frozenset(token for token in range(self.vocabulary_size) if self._is_control(token))

    def _is_control(self, token: int) -> bool:
        attributes = native.llama_vocab_get_attr(self.vocabulary, token)
        if attributes & native.LLAMA_TOKEN_ATTR_CONTROL or self.is_end(token):
            return True
        added = attributes & native.LLAMA_TOKEN_ATTR_USER_DEFINED
        return bool(added) and is_marker(self.text(token), self.chat_template)

    def tokenize(self, text: str, *, with_control: bool) -> list[int]:
        """Token ids of the text.

        Args:
            with_control: the text is markup of ours, in which ``<|im_end|>`` and the like mean what they say.
        """
        data = text.encode()
        room = len(data) + 2
        tokens = (native.llama_token * room)()
        count = native.llama_tokenize(self.vocabulary, data, len(data), tokens, room, False, with_control)
        if count < 0:
            raise RuntimeError(f"A text of {len(data)} bytes became {-count} tokens.")
        return list(tokens[:count])

    def piece(self, token: int) -> bytes:
        """The bytes that a generated token adds to the answer; none for control tokens."""
        return self._bytes(token, special=False)

    def text(self, token: int) -> str:
        """The token as one reads it in a template."""
        return self._bytes(token, special=True).decode("utf-8", "replace")

    def _bytes(self, token: int, *, special: bool) -> bytes:
        for room in self._rooms():
            buffer = ctypes.create_string_buffer(room)
            size = native.llama_token_to_piece(self.vocabulary, token, buffer, room, 0, special)
            if size >= 0:
                return buffer.raw[:size]
        raise RuntimeError(f"Token {token} is longer than any token should be.")

    def _rooms(self) -> Iterator[int]:
        yield from (_PIECE_BYTES, _PIECE_BYTES * 256)
