"""How well a fast encoder agrees with its reference, and what was measured before.

A measurement is of one model, back end and processor, at one precision; for any other it means nothing, so it
is stored with these and found only under them.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

LEAST_COSINE = 0.999
LEAST_OVERLAP = 0.99
_NEAREST = 10


@dataclass(frozen=True)
class ProbeVectors:
    """The vectors of `kb.search.engine.probe_texts`: float32 [n, dimension], rows L2-normalised."""

    passages: npt.NDArray[np.float32]
    questions: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Agreement:
    """Cosines of the same text's vectors, and the share of the ten nearest passages that are the same."""

    mean_cosine: float
    least_cosine: float
    overlap: float

    @property
    def holds(self) -> bool:
        """The mean is never below the least. Not a number is never enough."""
        return self.least_cosine >= LEAST_COSINE and self.overlap >= LEAST_OVERLAP

    def __str__(self) -> str:
        return (
            f"cosine {self.mean_cosine:.5f} in the mean and {self.least_cosine:.5f} at least, "
            f"{self.overlap:.1%} of the ten nearest"
        )


@dataclass(frozen=True)
class Comparison:
    """How an encoder came to be the one in use.

    Attributes:
        agreement: with the reference; None when it is the reference itself.
        refused: what would have been faster, and why it was not used.
    """

    agreement: Agreement | None = None
    refused: tuple[str, ...] = ()

    def facts(self) -> dict[str, object]:
        """For `/health`."""
        rounded = (
            {name: round(value, 5) for name, value in asdict(self.agreement).items()}
            if (self.agreement)
            else None
        )
        return {"encoder_agreement": rounded, "encoder_refused": list(self.refused)}


def compare(reference: ProbeVectors, found: ProbeVectors) -> Agreement:
    """Compare the vectors of the same texts, in the same order."""
    cosines = np.concatenate(
        [
            (reference.passages * found.passages).sum(axis=1, dtype=np.float64),
            (reference.questions * found.questions).sum(axis=1, dtype=np.float64),
        ]
    )
    shared = [
        len(np.intersect1d(right, ours)) / len(right)
        for right, ours in zip(_nearest(reference), _nearest(found), strict=True)
    ]
    return Agreement(float(cosines.mean()), float(cosines.min()), float(np.mean(shared)))


def _nearest(vectors: ProbeVectors) -> npt.NDArray[np.int64]:
    """For each text, the passages nearest to it, itself left out."""
    among = vectors.passages @ vectors.passages.T
    np.fill_diagonal(among, -np.inf)
    cosines = np.concatenate([among, vectors.questions @ vectors.passages.T])
    return np.argsort(-cosines, axis=1, kind="stable")[:, :_NEAREST]


def stored(folder: Path, bound_to: Mapping[str, str]) -> dict[str, Agreement] | None:
    """What was measured of exactly this, by precision; None when nothing was, or it cannot be read."""
    try:
        body = json.loads(_file(folder, bound_to).read_text())
        if body["of"] != dict(bound_to):
            return None
        return {precision: Agreement(**figures) for precision, figures in body["measured"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def store(folder: Path, bound_to: Mapping[str, str], measured: Mapping[str, Agreement]) -> None:
    """Written whole or not at all."""
    figures = {precision: asdict(agreement) for precision, agreement in measured.items()}
    path = _file(folder, bound_to)
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps({"of": dict(bound_to), "measured": figures}, indent=1))
    draft.replace(path)


def _file(folder: Path, bound_to: Mapping[str, str]) -> Path:
    digest = hashlib.sha256(json.dumps(dict(bound_to), sort_keys=True).encode()).hexdigest()
    return folder / f"agreement-{digest[:16]}.json"
