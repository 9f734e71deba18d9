"""manage.py embedding_model status | build | resume | cancel | switch | back | drop"""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from ingest.embedding import encoders
from ingest.reembedding import Moment, work_on
from kb.conf import config
from kb.exceptions import KBError
from kb.library import embedding_models
from kb.search.generations import mismatch, named_model, serving
from kb.search.models import GenerationState, IndexGeneration
from kb.search.replicas import searched_generations
from kb.supervise.heartbeat import why_nothing_works

_AWAKE_S = 2.0
_PAUSE_S = 0.5
_IN_WORK = (GenerationState.QUEUED, GenerationState.BUILDING)


class Command(BaseCommand):
    help = "Change the embedding model: build its vectors beside those that serve, then switch, or go back."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        status = actions.add_parser("status", help="every generation and its progress")
        status.add_argument("--json", action="store_true", dest="as_json")
        build = actions.add_parser("build", help="embed every chunk with another model, in the worker")
        build.add_argument("model", nargs="?", default=config.embedding_model, metavar="MODEL")
        resume = actions.add_parser("resume", help="go on with one that was cancelled or failed")
        for parser in (build, resume):
            parser.add_argument("--wait", action="store_true", help="until it is ready")
            parser.add_argument("--here", action="store_true", help="work in this process too, and wait")
        switch = actions.add_parser("switch", help="serve this generation")
        for name, parser in (
            ("cancel", actions.add_parser("cancel", help="stop building; what was made is kept")),
            ("resume", resume),
            ("switch", switch),
            ("drop", actions.add_parser("drop", help="remove the vectors of a generation for good")),
        ):
            parser.add_argument("generation", type=int, metavar="NUMBER", help=f"which to {name}: see status")
        actions.add_parser("back", help="serve the generation that served before")

    def handle(self, *, action: str, **options: Any) -> None:
        try:
            getattr(self, f"_{action}")(**options)
        except KBError as error:
            raise CommandError(error.message) from error

    def _status(self, *, as_json: bool, **options: Any) -> None:
        rows = [_described(generation) for generation in IndexGeneration.objects.order_by("pk")]
        if as_json:
            self.stdout.write(json.dumps(rows))
            return
        for row in rows:
            self.stdout.write(_line(row))
        if not rows:
            self.stdout.write(
                "There are no vectors yet; the first document is embedded with KB_EMBEDDING_MODEL."
            )
        now = serving()
        if now is not None and (note := mismatch(named_model(config.embedding_model), now)):
            self.stdout.write(note)

    def _build(self, *, model: str, wait: bool, here: bool, **options: Any) -> None:
        self._watch(embedding_models.build_generation(model), wait=wait, here=here)

    def _resume(self, *, generation: int, wait: bool, here: bool, **options: Any) -> None:
        self._watch(embedding_models.resume_build(generation), wait=wait, here=here)

    def _cancel(self, *, generation: int, **options: Any) -> None:
        embedding_models.cancel_build(generation)
        self.stdout.write("Cancelled. What was embedded is kept: resume goes on, drop removes it.")

    def _switch(self, *, generation: int, **options: Any) -> None:
        if embedding_models.switch_to(generation):
            self.stdout.write("It serves now. The search server changes over when it has loaded the index.")
        else:
            self.stdout.write("Chunks are still to be embedded; the worker switches when that is done.")
            self._warn_without_worker()

    def _back(self, **options: Any) -> None:
        self._switch(generation=embedding_models.previous_generation().pk)

    def _drop(self, *, generation: int, **options: Any) -> None:
        embedding_models.drop_generation(generation, searched_generations())
        self.stdout.write("The worker removes its vectors.")
        self._warn_without_worker()

    def _watch(self, generation: IndexGeneration, *, wait: bool, here: bool) -> None:
        if not here:
            self._warn_without_worker()
        while (wait or here) and generation.state in _IN_WORK:
            moment = Moment(time.monotonic, time.monotonic() + _AWAKE_S, timezone.now)
            if not (here and work_on(generation.pk, encoders, moment)):
                time.sleep(_PAUSE_S)
            generation.refresh_from_db()
            self._show(generation)
        self.stdout.write(_line(_described(generation)))
        if generation.state == GenerationState.FAILED:
            raise CommandError(generation.error)

    def _show(self, generation: IndexGeneration) -> None:
        if self.stderr.isatty():
            done = f"{generation.progress_current}/{generation.progress_maximum}"
            self.stderr.write(
                f"\rEmbedding {done} chunks", ending="\n" if generation.state not in _IN_WORK else ""
            )
            self.stderr.flush()

    def _warn_without_worker(self) -> None:
        if trouble := why_nothing_works():
            self.stderr.write(f"{trouble} This waits until `make up` runs.")


def _described(generation: IndexGeneration) -> dict[str, Any]:
    return {
        "number": generation.pk,
        "model": generation.model,
        "model_id": generation.model_id,
        "dimension": generation.dimension,
        "state": generation.state,
        "serving": generation.serving,
        "switch_wanted": generation.switch_wanted,
        "current": generation.progress_current,
        "maximum": generation.progress_maximum,
        "error": generation.error,
    }


def _line(row: dict[str, Any]) -> str:
    state = "serves" if row["serving"] else row["state"]
    progress = (
        f" {row['current']} of {row['maximum']} chunks" if row["state"] in (*_IN_WORK, "cancelled") else ""
    )
    wish = ", is switched to when complete" if row["switch_wanted"] else ""
    error = f": {row['error']}" if row["error"] else ""
    identity = f" ({row['model_id']}, {row['dimension']} dimensions)" if row["model_id"] else ""
    return f"{row['number']}  {state}{progress}{wish}{error}  {row['model']}{identity}"
