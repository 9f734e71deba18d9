"""manage.py evaluate retrieval|answers|support|injection PATH [--limit N] [--seed S] [--typos] [--json]"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kb.exceptions import KBError
from kb.quality.answers import evaluate_answers
from kb.quality.injection import evaluate_injection
from kb.quality.retrieval import evaluate_retrieval
from kb.quality.support import evaluate_support


class Command(BaseCommand):
    help = (
        "Measure retrieval, answers, the support checker or what comes of planted instructions, "
        "in a throw-away installation."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=["retrieval", "answers", "support", "injection"])
        parser.add_argument("path", type=Path)
        parser.add_argument(
            "--limit",
            type=int,
            help="questions to draw (default: all); support: sentences, of each kind when they are planted",
        )
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--typos", action="store_true", help="retrieval: mistype a word of each question")
        parser.add_argument("--json", action="store_true", help="end with one line of JSON")

    def handle(self, *, what: str, path: Path, limit: int | None, seed: int, **options: Any) -> None:
        if not path.exists():
            raise CommandError(f"There is no {path}.")
        try:
            figures = self._evaluate(what, path, limit, seed, typos=options["typos"])
        except KBError as error:
            raise CommandError(error.message) from error
        if options["json"]:
            self.stdout.write(json.dumps(figures))
        else:
            self.stdout.write(json.dumps(figures, indent=2))

    def _evaluate(
        self, what: str, path: Path, limit: int | None, seed: int, *, typos: bool
    ) -> dict[str, Any]:
        if what == "retrieval":
            return evaluate_retrieval(path, limit, seed, typos=typos)
        if typos:
            raise CommandError("--typos goes with retrieval only.")
        if what == "answers":
            return evaluate_answers(path, limit, seed, self._show)
        if what == "injection":
            return evaluate_injection(path, limit, seed, self._show)
        return evaluate_support(path, limit, seed)

    def _show(self, done: int, total: int) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\rAsked {done}/{total}", ending="\n" if done == total else "")
