"""List the language models that are there, and say which of them fit into this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from kb.conf import config
from kb.llm.inventory import Listed, Room, foreign_endpoint, list_models, models_folder, room
from kb.llm.memory import megabytes
from kb.llm.terminal import printable


class Command(BaseCommand):
    help = "List the configured language model and those in the data folder, and say which of them fit."
    requires_system_checks = ()  # it must run where the model is what is misconfigured

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one line of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        free, models = room(), list(list_models(config))
        if options["json"]:
            found = {
                "endpoint": foreign_endpoint(config),
                "context_tokens": config.llm_context,
                "slots": config.llm_slots,
                "memory_free_bytes": free.memory_bytes,
                "gpu_free_bytes": free.gpu_bytes,
                "models": [model.as_json(free) for model in models],
            }
            self.stdout.write(json.dumps(found))
            return
        for line in _lines(free, models):
            self.stdout.write(printable(line))


def _lines(free: Room, models: Sequence[Listed]) -> Iterator[str]:
    memory = "unknown" if free.memory_bytes is None else megabytes(free.memory_bytes)
    gpu = "" if free.gpu_bytes is None else f", of the GPU {megabytes(free.gpu_bytes)}"
    yield f"Free memory: {memory}{gpu}. Context {config.llm_context} tokens, {config.llm_slots} slots."
    if endpoint := foreign_endpoint(config):
        yield f"Questions go to the endpoint {endpoint}. The models below are not loaded."
    for model in models:
        yield ""
        yield f"{model.path}{' (configured)' if model.is_configured else ''}"
        yield from (f"  {line}" for line in _about(model, free))
    if not models:
        yield f"There are no models in {models_folder(config)}."


def _about(model: Listed, free: Room) -> Iterator[str]:
    facts, need = model.facts, model.need
    if facts is None or need is None:
        yield f"cannot be used: {model.problem}"
        return
    yield (
        f"{facts.architecture or 'unknown'}, {facts.parameters / 1e6:,.0f} million parameters, "
        f"{facts.quantisation or 'unknown quantisation'}, {megabytes(facts.size_bytes)}, "
        f"trained with {facts.trained_context or 'unknown'} tokens"
    )
    yield (
        f"needs about {megabytes(need.total_bytes)}: {megabytes(need.weights_bytes)} for the weights, "
        f"{megabytes(need.cache_bytes)} for the cache, {megabytes(need.other_bytes)} for the rest"
    )
    yield _verdict("memory", model.fits(free.memory_bytes))
    if free.gpu_bytes is not None:
        yield _verdict("memory of the GPU", model.fits(free.gpu_bytes))


def _verdict(where: str, fits: bool | None) -> str:
    words = {True: "fits into the {}", False: "does NOT fit into the {}", None: "free {} unknown"}
    return words[fits].format(where)
