"""System checks: what would fail at the first upload or question is said at the start."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.core import checks

from kb.conf import BUILT_IN, Config, config
from kb.search.milvus import milvus_problem

LITTLE_DISK_MB = 1024
TOO_LITTLE_DISK_MB = 100
# What the instructions and an ordinary question take beside the passages and the answer.
PROMPT_FRAME_TOKENS = 400


def connect() -> None:
    checks.register(check_installation, "kb")


def check_installation(app_configs: Sequence[Any] | None, **_: object) -> list[checks.CheckMessage]:
    return [
        *data_folder(config),
        *embedding_model(config),
        *reranker_model(config),
        *support_model(config),
        *vector_index(config),
        *language_model(config),
        *context(config),
    ]


def data_folder(config: Config) -> Iterator[checks.CheckMessage]:
    """The data folder can be written and has room."""
    folder = config.data_dir.absolute()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        yield checks.Error(
            f"The data folder {folder} cannot be written.",
            hint="Give this user the right to write there, or choose another folder with KB_DATA_DIR.",
            id="kb.E001",
        )
        return
    free_mb = shutil.disk_usage(existing).free // 2**20
    if free_mb < TOO_LITTLE_DISK_MB:
        yield checks.Error(
            f"Only {free_mb} MB are free for the data folder {folder}.",
            hint=f"At least {TOO_LITTLE_DISK_MB} MB are needed to start.",
            id="kb.E002",
        )
    elif free_mb < LITTLE_DISK_MB:
        yield checks.Warning(f"Only {free_mb} MB are free for the data folder {folder}.", id="kb.W002")


def embedding_model(config: Config) -> Iterator[checks.CheckMessage]:
    """A folder that was named is there; the name of a hub model cannot be checked here."""
    if config.embedding_model != BUILT_IN:
        yield from _missing("KB_EMBEDDING_MODEL", config.embedding_model, "E003", "for the built-in model")


def reranker_model(config: Config) -> Iterator[checks.CheckMessage]:
    """A folder that was named is there; what is in it the search server looks at."""
    yield from _missing("KB_RERANKER_MODEL", config.reranker_model, "E007", "to search without a reranker")


def support_model(config: Config) -> Iterator[checks.CheckMessage]:
    """As for the reranker."""
    yield from _missing(
        "KB_SUPPORT_MODEL", config.support_model, "E008", "to prove sentences without a model"
    )


def vector_index(config: Config) -> Iterator[checks.CheckMessage]:
    """Milvus, where it is asked for, can be found and spoken to."""
    if problem := milvus_problem(config):
        yield checks.Error(problem, hint="Leave KB_VECTOR_INDEX unset for the built-in index.", id="kb.E006")


def language_model(config: Config) -> Iterator[checks.CheckMessage]:
    """A GGUF file that was named is there.

    Only a warning: without a language model the site comes up all the same, searches, and says in the chat
    that it cannot answer.
    """
    if config.llm_url or config.llm_model == BUILT_IN:
        return
    if not Path(config.llm_model).expanduser().is_file():
        yield checks.Warning(
            f"KB_LLM_MODEL names {config.llm_model}, which is not a file. Questions will not be answered.",
            hint="Name a GGUF file, or leave it unset for the built-in model.",
            id="kb.W004",
        )


def context(config: Config) -> Iterator[checks.CheckMessage]:
    """The passages, the frame of the prompt and the answer fit into the model's context together."""
    needed = config.passage_tokens + config.answer_tokens + PROMPT_FRAME_TOKENS
    if needed > config.llm_context:
        yield checks.Error(
            f"KB_LLM_CONTEXT={config.llm_context} is too small for KB_PASSAGE_TOKENS={config.passage_tokens}"
            f" and KB_ANSWER_TOKENS={config.answer_tokens}: {needed} are needed.",
            hint="Raise KB_LLM_CONTEXT or lower the other two.",
            id="kb.E005",
        )


def _missing(setting: str, named: str, number: str, otherwise: str) -> Iterator[checks.CheckMessage]:
    if named and _is_path(named) and not Path(named).expanduser().is_dir():
        yield checks.Error(
            f"{setting} names the folder {named}, which does not exist.",
            hint=f"Leave it unset {otherwise}.",
            id=f"kb.{number}",
        )


def _is_path(name: str) -> bool:
    """A hub name is `owner/name` or `name`; everything else that names a place is a path."""
    return name.startswith((".", "/", "~")) or name.count("/") > 1
