"""Search over a million chunks on one machine: against 100,000, under filters, and the memory it takes.

The engine is searched, which is all of a search but HTTP: encoding, vectors, words, fusing. HTTP takes the
same time whatever the size, so that ratios of whole searches through REST are smaller than these.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kb.conf import BUILT_IN, config
from kb.search.assembly import make_engine
from kb.search.engine.encoder import Encoder, load_encoder
from kb.search.engine.engine import SearchEngine
from kb.search.engine.types import Row
from tests.performance.exact_hits import recalls_at_10
from tests.performance.result import Result, compared
from tests.performance.text_vectors import TextVectors, text_vectors

LARGE, SMALL = 1_000_000, 100_000
_OVER, _RECALL, _FILTERED, _MEMORY = (
    "search_1m_over_100k", "filtered_recall_min", "filtered_p50_over_unfiltered", "search_memory_over_vectors"
)  # fmt: skip
_PER_DOCUMENT = 10
_COLLECTIONS = 100
_ALONE = 1000  # a collection with one document
EVERYTHING = frozenset({*range(_COLLECTIONS), _ALONE})
SELECTIVITIES = {
    "100%": EVERYTHING,
    "50%": frozenset(range(50)),
    "10%": frozenset(range(10)),
    "1%": frozenset({7}),
    "one document": frozenset({_ALONE}),
}
_LIMIT, _CANDIDATES = 10, 100
_ROUNDS = 3
_ASKED = 60

Times = npt.NDArray[np.float64]


def run(names: Sequence[str]) -> list[Result]:
    source = text_vectors()
    encoder = load_encoder(BUILT_IN, "cpu", config.data_dir.absolute() / "models")
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="kb-scale-") as folder:
        large = _filled(encoder, source, LARGE, Path(folder) / "large")
        if _OVER in names:
            small = _filled(encoder, source, SMALL, Path(folder) / "small")
            results.append(_large_over_small(large, small, source.questions[:_ASKED]))
        if _FILTERED in names:
            results.append(_filtered_over_unfiltered(large, source.questions[:_ASKED]))
        if _RECALL in names or _MEMORY in names:
            saved = Path(folder) / "saved"
            saved.mkdir()
            large.save(saved)
            del large
            if _RECALL in names:
                results.append(_recall(saved / "dense", source))
            if _MEMORY in names:
                results.append(_memory(saved, encoder.dimension))
    return results


def _filled(encoder: Encoder, source: TextVectors, count: int, folder: Path) -> SearchEngine:
    """Documents of ten chunks, each in one of a hundred collections at random; the last one is alone."""
    engine = make_engine(encoder, encoder.dimension, "cpu", folder)
    collections = np.random.default_rng(2).integers(0, _COLLECTIONS, count // _PER_DOCUMENT)
    collections[-1] = _ALONE
    document = 0
    for texts, vectors in source.mixtures(count):
        for start in range(0, len(texts), _PER_DOCUMENT):
            rows = [
                Row(document * _PER_DOCUMENT + at, vectors[start + at].tobytes(), "", "", texts[start + at])
                for at in range(_PER_DOCUMENT)
            ]
            engine.replace_document(document, int(collections[document]), rows)
            document += 1
        engine.commit()
    print(f"  {count} chunks, vectors searched: {engine.vector_search}", flush=True)  # noqa: T201
    return engine


def _large_over_small(large: SearchEngine, small: SearchEngine, questions: Sequence[str]) -> Result:
    """The sides take turns by questions; the first round warms both up."""
    rounds: list[tuple[Times, Times]] = []
    for _ in range(_ROUNDS + 1):
        pairs = [[_timings(engine, question) for engine in (large, small)] for question in questions]
        rounds.append(tuple(np.array([pair[side] for pair in pairs]) for side in (0, 1)))  # type: ignore[arg-type]
    ours, baseline = ([np.median(one[side], axis=0) for one in rounds[1:]] for side in (0, 1))
    steps = " ".join(
        f"{step} {now:.1f}/{then:.1f}"
        for step, now, then in zip(_STEPS, np.median(ours, axis=0), np.median(baseline, axis=0), strict=True)
    )
    return compared(
        _OVER,
        "<= 4",
        f"ms p50 of the engine ({steps})",
        [float(row[-1]) for row in ours],
        [float(row[-1]) for row in baseline],
    )


_STEPS = ("encode", "dense", "lexical", "total")


def _timings(engine: SearchEngine, question: str, collections: frozenset[int] = EVERYTHING) -> list[float]:
    """Milliseconds by step."""
    timings = engine.search(question, collections, _LIMIT, _CANDIDATES).timings_ms
    return [timings[step] for step in _STEPS]


def _filtered_over_unfiltered(engine: SearchEngine, questions: Sequence[str]) -> Result:
    """The slowest selectivity's median of the vector search over that without a filter."""
    dense, total = _STEPS.index("dense"), _STEPS.index("total")
    medians: list[dict[str, npt.NDArray[np.float64]]] = []
    for _ in range(_ROUNDS + 1):
        times: dict[str, list[list[float]]] = {name: [] for name in SELECTIVITIES}
        for question in questions:
            for name, collections in SELECTIVITIES.items():
                times[name].append(_timings(engine, question, collections))
        medians.append({name: np.median(rows, axis=0) for name, rows in times.items()})
    del medians[0]  # it warmed up
    each = {name: np.median([one[name] for one in medians], axis=0) for name in SELECTIVITIES}
    slowest = max(list(SELECTIVITIES)[1:], key=lambda name: float(each[name][dense]))
    by_name = ", ".join(
        f"{name} {row[dense]:.1f} (whole search {row[total]:.1f})" for name, row in each.items()
    )
    return compared(
        _FILTERED,
        "<= 1.3",
        f"ms p50 of the vector search: {by_name}",
        [float(one[slowest][dense]) for one in medians],
        [float(one["100%"][dense]) for one in medians],
    )


def _recall(folder: Path, source: TextVectors) -> Result:
    """Of the ten nearest allowed vectors, the share that is found: the selectivity with the least."""
    shares = recalls_at_10(folder, source.question_vectors, SELECTIVITIES)
    by_name = ", ".join(f"{name} {share:.4f}" for name, share in shares.items())
    least = round(min(shares.values()), 4)
    return Result(_RECALL, least, ">= 0.99", f"recall@10: {by_name}", least, 1.0,
                  f"{len(source.question_vectors)} questions of people")  # fmt: skip


def _memory(folder: Path, dimension: int) -> Result:
    command = [sys.executable, "-m", "tests.performance.engine_memory", str(folder)]
    child = subprocess.run(command, check=True, capture_output=True, text=True)
    found = json.loads(child.stdout.splitlines()[-1])
    ours, vectors = found["resident_mb"] - found["lexical_mb"], LARGE * dimension * 2 / 1e6
    return Result(
        _MEMORY,
        round(ours / vectors, 3),
        "<= 1.5",
        f"MB; besides {found['lexical_mb']:.0f} of the lexical index; {found['empty_mb']:.0f} when empty",
        round(ours, 1),
        round(vectors, 1),
        f"at the highest while loading {found['peak_mb']:.0f}",
    )
