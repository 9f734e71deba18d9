"""manage.py calibrate --questions FILE [--collection NAME] [--max-wrong R | --max-silent R] [--ask-model]"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kb.accounts.models import User
from kb.chat.models import Calibration
from kb.exceptions import KBError
from kb.library.models import Collection
from kb.llm.client import llm_client
from kb.quality.calibration import Calibrated, Case, Point, calibrate
from kb.quality.calibration_cases import asking, cases_of, read_cases, refuse_unknown, write_cases
from kb.quality.datasets import draw, read_questions
from kb.quality.shares import share

_DEFAULT_WRONG = 0.05
_ROWS = 12


class Command(BaseCommand):
    help = "Fit, on questions of your own, when to answer and when to say that the documents don't say."

    def add_arguments(self, parser: ArgumentParser) -> None:
        given = parser.add_mutually_exclusive_group(required=True)
        given.add_argument("--questions", type=Path, help="JSONL; see docs/evaluation.md")
        given.add_argument("--signals", type=Path, nargs="+", help="what --save wrote, in place of questions")
        parser.add_argument(
            "--ask-model",
            action="store_true",
            help="also ask the language model of each question whether the passages state the answer",
        )
        parser.add_argument("--collection", help="its name or slug; without it the whole installation")
        bound = parser.add_mutually_exclusive_group()
        bound.add_argument("--max-wrong", type=share, help=f"share of answered ({_DEFAULT_WRONG})")
        bound.add_argument("--max-silent", type=share, help="instead: share of those with an answer")
        parser.add_argument("--limit", type=int, help="questions to draw (default: all)")
        parser.add_argument("--save", type=Path, help="write what was measured for each question")
        parser.add_argument("--try", action="store_true", dest="dry", help="show it, and change nothing")
        parser.add_argument("--json", action="store_true", help="end with one line of JSON")

    def handle(self, **options: Any) -> None:
        wrong, silent = options["max_wrong"], options["max_silent"]
        if wrong is None and silent is None:
            wrong = _DEFAULT_WRONG
        try:
            where = _collection(options["collection"]) if options["collection"] else None
            cases = self._cases(where, **options)
            made = calibrate(cases, max_wrong=wrong, max_silent=silent)
        except KBError as error:
            raise CommandError(error.message) from error
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}.") from error
        self._print(made)
        if not options["dry"]:
            Calibration.objects.create(
                collection=where,
                gate=made.gate.as_json(),
                report={**made.report(), "max_wrong": wrong, "max_silent": silent},
            )
            self.stdout.write("It holds from the next question on.")
        if options["json"]:
            self.stdout.write(json.dumps({"gate": made.gate.as_json(), **made.report()}))

    def _cases(
        self,
        where: Collection | None,
        *,
        questions: Path | None,
        signals: list[Path] | None,
        limit: int | None,
        save: Path | None,
        ask_model: bool = False,
        **options: Any,
    ) -> list[Case]:
        if questions is None:
            return [case for path in signals or () for case in read_cases(path)]
        asked = draw(list(read_questions(questions)), limit, seed=0)
        refuse_unknown(asked, where)
        with asking(llm_client()) if ask_model else nullcontext() as ask:
            cases = list(cases_of(asked, where, _reader(), self._show, ask))
        if save is not None:
            write_cases(save, cases)
        return cases

    def _print(self, made: Calibrated) -> None:
        self.stdout.write(f"{made.answerable} questions with an answer, {made.unanswerable} without.")
        self.stdout.write("answered   wrong of these   silent of answerable   caught of unanswerable   from")
        step = max(1, len(made.curve) // _ROWS)
        for point in made.curve[::step]:
            self.stdout.write(_line(point))
        self.stdout.write("chosen:")
        self.stdout.write(_line(made.chosen))
        if made.gate.model:
            self.stdout.write(f"The opinion of {made.gate.model} counts {made.gate.weights[-1]:.1f}.")
        if made.warning:
            self.stderr.write(f"Warning: {made.warning}")

    def _show(self, done: int, total: int) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\rAsked {done}/{total}", ending="\n" if done == total else "")


def _line(point: Point) -> str:
    return (
        f"{point.answered:8.1%}   {point.wrong:14.1%}   {point.silent:20.1%}   {point.caught:22.1%}   "
        f"{point.threshold:.3f}"
    )


def _collection(name: str) -> Collection:
    found = Collection.objects.filter(name=name).first() or Collection.objects.filter(slug=name).first()
    if found is None:
        raise CommandError(f"There is no collection {name}.")
    return found


def _reader() -> User:
    """An admin: who may read everything."""
    admin = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
    if admin is None:
        raise CommandError("There is no admin; run `make up` once.")
    return admin
