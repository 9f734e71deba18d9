"""manage.py evaluate WHAT PATH [--limit N] [--seed S] [--json], and options of single measures."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kb.exceptions import KBError
from kb.quality.answers import evaluate_answers
from kb.quality.disagreement import evaluate_disagreement
from kb.quality.injection import evaluate_injection
from kb.quality.measures import registered_measures
from kb.quality.retrieval import evaluate_retrieval
from kb.quality.support import evaluate_support

# Options that only one measure has.
_OF_ONE = {"typos": "retrieval", "details": "answers", "compare": "parsing"}


class Command(BaseCommand):
    help = (
        "Measure retrieval, answers, the support checker, what comes of planted instructions, what is told "
        "of sources that disagree, or parsing; answers and the like in a throw-away installation."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        kinds = ["retrieval", "answers", "support", "injection", "disagreement", *registered_measures()]
        parser.add_argument("what", choices=kinds)
        parser.add_argument("path", type=Path)
        parser.add_argument(
            "--limit",
            type=int,
            help="questions to draw (default: all); support: sentences, of each kind when they are planted",
        )
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--typos", action="store_true", help="retrieval: mistype a word of each question")
        parser.add_argument("--details", type=Path, help="answers: a file for one line of JSON per question")
        parser.add_argument("--compare", metavar="PROGRAM", help="parsing: what prints a file as Markdown")
        parser.add_argument("--json", action="store_true", help="end with one line of JSON")

    def handle(self, *, what: str, path: Path, **options: Any) -> None:
        if not path.exists():
            raise CommandError(f"There is no {path}.")
        for option, owner in _OF_ONE.items():
            if options[option] and what != owner:
                raise CommandError(f"--{option} goes with {owner} only.")
        try:
            figures = self._evaluate(what, path, options)
        except KBError as error:
            raise CommandError(error.message) from error
        self.stdout.write(json.dumps(figures, indent=None if options["json"] else 2))

    def _evaluate(self, what: str, path: Path, options: dict[str, Any]) -> dict[str, Any]:
        limit, seed = options["limit"], options["seed"]
        if what in registered_measures():
            return registered_measures()[what](path, options["compare"], self._show)
        if what == "retrieval":
            return evaluate_retrieval(path, limit, seed, typos=options["typos"])
        if what == "answers":
            return evaluate_answers(path, limit, seed, self._show, options["details"])
        if what == "injection":
            return evaluate_injection(path, limit, seed, self._show)
        if what == "disagreement":
            return evaluate_disagreement(path, limit, seed, self._show)
        return evaluate_support(path, limit, seed)

    def _show(self, done: int, total: int) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r{done}/{total}", ending="\n" if done == total else "")
