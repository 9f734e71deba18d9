"""manage.py fit_injection FOLDER [--clean PATH…] [--rate R] [--left-out] [--write]"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from kb.exceptions import KBError
from kb.quality.injection_data import (
    Attack,
    attacks_in,
    clean_texts_in,
    own_attacks,
    own_clean_texts,
    texts_of,
)
from kb.quality.injection_fit import CleanWindows, caught, fit, left_out
from kb.rag.instructions.model import WEIGHTS, Weights, dump_weights


class Command(BaseCommand):
    help = "Fit the detector of instructions to a model on attacks and clean documents."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "folder", type=Path, help="bipia_attacks*.jsonl, bipia_contexts*.jsonl, garak*.jsonl"
        )
        parser.add_argument(
            "--clean", type=Path, nargs="*", default=[], help="more data sets or folders of text"
        )
        parser.add_argument(
            "--rate", type=float, default=0.002, help="share of clean stretches above the threshold"
        )
        parser.add_argument("--left-out", action="store_true", help="also fit without each group of attacks")
        parser.add_argument("--write", action="store_true", help="replace the weights that ship")

    def handle(self, *, folder: Path, clean: list[Path], rate: float, **options: bool) -> None:
        for path in (folder, *clean):
            if not path.exists():
                raise CommandError(f"There is no {path}.")
        try:
            given, own = attacks_in(folder), own_attacks()
        except KBError as error:
            raise CommandError(error.message) from error
        windows = CleanWindows.of([*clean_texts_in(folder), *texts_of(clean)], own_clean_texts())
        weights = fit(windows, [*given, *own], rate)
        figures: dict[str, object] = {
            "attacks": len(given) + len(own),
            "clean_windows": windows.rows.shape[0],
            "threshold": round(weights.threshold, 3),
            "seen": self._by_group(weights, [*given, *own]),
        }
        if options["left_out"]:
            figures["seen_own_only"] = self._by_source(fit(windows, own, rate), given)
            figures["seen_given_only"] = self._by_source(fit(windows, given, rate), own)
            groups = {attack.group for attack in given}
            figures["left_out"] = left_out(windows, [*given, *own], groups, rate, self.stderr.write)
        if options["write"]:
            WEIGHTS.write_text(dump_weights(weights), encoding="utf-8")
        self.stdout.write(json.dumps(figures, indent=1))

    def _by_group(self, weights: Weights, attacks: list[Attack]) -> dict[str, float]:
        groups = sorted({attack.group for attack in attacks})
        return {
            group: round(caught(weights, [attack for attack in attacks if attack.group == group]), 3)
            for group in groups
        }

    def _by_source(self, weights: Weights, attacks: list[Attack]) -> dict[str, float]:
        sources = sorted({attack.source for attack in attacks})
        return {
            source: round(caught(weights, [attack for attack in attacks if attack.source == source]), 3)
            for source in sources
        }
