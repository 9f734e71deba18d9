"""python -m tests.performance.raw_prompt: llama_decode of a prompt and nothing else.

Each line of standard input is a list of messages. For each one line of JSON comes back: milliseconds from an
empty cache to the most likely first token, and the number of tokens. Model, threads, batch and flash
attention are those of the configured model server.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kb.settings")

import numpy as np

from kb.conf import config
from kb.llm.cores import usable_cores
from kb.llm.engine.context import MAX_BATCH
from kb.llm.engine.faster_file import file_to_load, run_trial
from kb.llm.engine.model import Model
from kb.llm.engine.prompt import tokenize_prompt
from kb.llm.gguf import read_facts
from kb.llm.memory import available_bytes, need_of
from kb.llm.model_file import find_model
from kb.llm.template import ChatTemplate
from kb.llm.types import ChatMessage

from llama_cpp import llama_cpp as native  # isort: skip - after kb.llm.engine has set how its threads wait

_WARM_UP_TOKENS = 64


class RawPrompt:
    """A model with an empty cache."""

    def __init__(self) -> None:
        self._model = Model(_file(), 0, threading.Event())
        self._template = ChatTemplate(
            self._model.chat_template, self._model.special_text("bos"), self._model.special_text("eos")
        )
        parameters = native.llama_context_default_params()
        parameters.n_ctx = config.llm_context
        parameters.n_batch = parameters.n_ubatch = MAX_BATCH
        parameters.n_threads = parameters.n_threads_batch = config.llm_threads or usable_cores()
        flash = config.llm_slots > 1
        parameters.flash_attn_type = (
            native.LLAMA_FLASH_ATTN_TYPE_AUTO if flash else native.LLAMA_FLASH_ATTN_TYPE_DISABLED
        )
        self._context = native.llama_init_from_model(self._model.handle, parameters)

    def tokens(self, messages: Sequence[ChatMessage]) -> list[int]:
        """As the model server makes them."""
        return tokenize_prompt(self._model, self._template.render(messages))

    def first_token_ms(self, tokens: Sequence[int]) -> float:
        native.llama_memory_clear(native.llama_get_memory(self._context), False)
        started_s = time.perf_counter()
        for at in range(0, len(tokens), MAX_BATCH):
            piece = (native.llama_token * MAX_BATCH)(*tokens[at : at + MAX_BATCH])
            count = min(MAX_BATCH, len(tokens) - at)
            if native.llama_decode(self._context, native.llama_batch_get_one(piece, count)) != 0:
                raise RuntimeError("llama_decode failed.")
        logits = native.llama_get_logits_ith(self._context, -1)
        np.argmax(np.ctypeslib.as_array(logits, (self._model.vocabulary_size,)))
        return (time.perf_counter() - started_s) * 1000


def _file() -> Path:
    """The one that the model server loads: it has been started before, and has left what it measured."""
    model = find_model(config.llm_model)
    if not config.llm_faster_copy:
        return model.path
    facts, threads = read_facts(model.path), config.llm_threads or usable_cores()
    need = need_of(facts, config.llm_context, config.llm_slots, config.llm_cache)
    trial = run_trial(threads, threading.Event())
    return file_to_load(model, facts, need, available_bytes(), config.data_dir.absolute() / "models", trial)


def main() -> None:
    raw = RawPrompt()
    raw.first_token_ms([100] * _WARM_UP_TOKENS)
    print("ready", flush=True)  # noqa: T201
    for line in sys.stdin:
        tokens = raw.tokens([ChatMessage(**message) for message in json.loads(line)])
        told = {"ms": raw.first_token_ms(tokens), "tokens": len(tokens)}
        print(json.dumps(told), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
