"""What a benchmark gives back."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


class CannotRunError(Exception):
    """Why a benchmark cannot run here, as a sentence."""


@dataclass(frozen=True)
class Result:
    """A ratio with both of its sides.

    Attributes:
        target: like ``>= 0.7`` or ``<= 1.5``; empty when the figure is only printed.
        spread: least and greatest of the repeated ratios, or why there is none.
    """

    name: str
    ratio: float | None
    target: str
    unit_of_each_side: str
    ours: float | None
    baseline: float | None
    spread: str

    @property
    def meets(self) -> bool | None:
        if self.ratio is None or not self.target:
            return None
        sign, bound = self.target.split()
        return self.ratio >= float(bound) if sign == ">=" else self.ratio <= float(bound)

    @classmethod
    def not_run(cls, name: str, why: str) -> Result:
        return cls(name, None, "", "", None, None, why)

    def line(self) -> str:
        if self.ratio is None:
            return f"{self.name:32} {'—':>7} {'':>8}  {self.spread}"
        mark = {True: "yes", False: "NO", None: ""}[self.meets]
        return (
            f"{self.name:32} {self.ratio:7.3f} {self.target:>8}  {self.ours:10.2f} {self.baseline:10.2f}"
            f"  {self.unit_of_each_side}; {self.spread} {mark}"
        )


def compared(name: str, target: str, unit: str, ours: Sequence[float], baseline: Sequence[float]) -> Result:
    """Medians of both sides; the spread is over ratios of neighbouring measurements."""
    ratios = [one / other for one, other in zip(ours, baseline, strict=False)]
    return Result(
        name=name,
        ratio=round(statistics.median(ours) / statistics.median(baseline), 4),
        target=target,
        unit_of_each_side=unit,
        ours=round(statistics.median(ours), 3),
        baseline=round(statistics.median(baseline), 3),
        spread=f"{min(ratios):.2f} to {max(ratios):.2f} in {len(ratios)} runs",
    )
