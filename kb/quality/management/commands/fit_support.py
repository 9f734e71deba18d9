"""manage.py fit_support PATH... [--ratings] [--max-wrong R] [--seed S] [--try] [--json]"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kb.chat.second_look import FIT_FILE, Asked, Judges
from kb.conf import config
from kb.exceptions import InvalidInputError, KBError
from kb.quality.shares import share
from kb.quality.support_cases import open_cases, sentences_in
from kb.quality.support_fit import Fitted, fit_support
from kb.search.replicas import search_client
from kb.supervise.files import write_private

_DEFAULT_WRONG = 0.05


class Command(BaseCommand):
    help = "Fit, on labelled sentences, which of those that the rules leave open count as proved."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "paths", type=Path, nargs="+", metavar="PATH", help="JSONL of sentences, or data sets to plant in"
        )
        parser.add_argument("--ratings", action="store_true", help="label by people's ratings of answers")
        parser.add_argument(
            "--max-wrong", type=share, default=_DEFAULT_WRONG, help=f"share of accepted ({_DEFAULT_WRONG})"
        )
        parser.add_argument("--seed", type=int, default=0, help="of what is planted")
        parser.add_argument("--try", action="store_true", dest="dry", help="show it, and change nothing")
        parser.add_argument("--json", action="store_true", help="end with one line of JSON")

    def handle(self, *, paths: list[Path], ratings: bool, max_wrong: float, **options: Any) -> None:
        for path in paths:
            if not path.exists():
                raise CommandError(f"There is no {path}.")
        try:
            sentences = [
                one for path in paths for one in sentences_in(path, options["seed"], ratings=ratings)
            ]
            judges = search_client()
            model = _answering_model(judges) if config.support_model else ""
            asked = Asked(entailment=bool(model), cosine=True, model=model)
            cases = list(open_cases(sentences, judges, asked))
            made = fit_support(cases, max_wrong=max_wrong, model=model)
        except KBError as error:
            raise CommandError(error.message) from error
        except ValueError as error:
            raise CommandError(str(error)) from error
        self._print(made, len(sentences))
        if not options["dry"]:
            write_private(
                config.data_dir / FIT_FILE, json.dumps({**made.fit.as_json(), "report": made.report})
            )
            self.stdout.write("It holds from the next answer on.")
        if options["json"]:
            self.stdout.write(json.dumps({"fit": made.fit.as_json(), **made.report}))

    def _print(self, made: Fitted, sentences: int) -> None:
        report = made.report
        self.stdout.write(
            f"{sentences} sentences; left open: {report['supported']} supported, {report['unsupported']} not."
        )
        self.stdout.write(", ".join(f"{name} {weight:g}" for name, weight in report["weights"].items()))
        self.stdout.write("fold   sentences   precision   recall")
        for number, fold in enumerate(report["folds"], 1):
            precision, recall = _shown(fold["precision"]), _shown(fold["recall"])
            self.stdout.write(f"{number:4}   {fold['n']:9}   {precision:>9}   {recall:>6}")
        self.stdout.write("probability from   sentences   expected   observed")
        for each in report["bins"]:
            self.stdout.write(
                f"{each['from']:16.1f}   {each['n']:9}   {each['expected']:8.3f}   {each['observed']:8.3f}"
            )
        wrong, recall = report["wrong"], report["recall"]
        self.stdout.write(
            f"chosen: from {report['threshold']:.3f} on; {report['accepted']} accepted, wrong of these "
            f"{_shown(wrong['right'])} ({wrong['interval'][0]:.3f} to {wrong['interval'][1]:.3f}), "
            f"of the supported {_shown(recall['right'])}"
        )


def _answering_model(judges: Judges) -> str:
    """The name and hash of the model that the search server has."""
    answer = judges.entails([("The desk opens at nine.", "The desk opens at nine.")])
    if not answer.model:
        raise InvalidInputError("The search server does not name its model.")
    return answer.model


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
