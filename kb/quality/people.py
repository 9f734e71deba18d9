"""How far the support checker agrees with people who rated answers, beside a plain cosine."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from kb.quality.datasets import read_jsonl
from kb.rag.sentences import SentenceStream
from kb.rag.support import check_sentence
from kb.rag.types import Passage

_DRAWS = 1000
# The cosine of one text with others; what the search server takes for a text, with room to spare.
Cosines = Callable[[str, Sequence[str]], list[float]]
_LONGEST_TEXT = 3900
# Neither says anything about support: "Here is what I found:" claims nothing.
_NOTHING_CLAIMED = "no_claim"


@dataclass(frozen=True)
class Rated:
    """An answer with what it was given to read.

    Attributes:
        faithfulness: the mean of the people's ratings.
    """

    question: str
    answer: str
    passages: tuple[Passage, ...]
    faithfulness: float


def rated_in(folder: Path) -> list[Rated]:
    """The answers that people rated and that had a passage; none when the folder has no ratings."""
    texts = {str(row["id"]): row for row in _rows(folder / "documents.jsonl")}
    found = []
    for row in _rows(folder / "questions.jsonl"):
        shown = [texts[str(each)] for each in row.get("doc_ids", ()) if str(each) in texts]
        passages = tuple(_passage(number, text) for number, text in enumerate(shown, 1))
        for response in row.get("responses", ()):
            ratings = response["human"]["faithfulness"]
            if passages and ratings:
                found.append(Rated(row["question"], response["response"], passages, fmean(ratings)))
    return found


def agreement(rated: Sequence[Rated], cosines: Cosines, seed: int) -> dict[str, Any]:
    """Rank correlations with the people's mean rating, with 95% intervals from draws of whole questions.

    share_supported: of the answer's sentences that claim something. share_held: their mean share of content
    that the nearest words hold, 1 where supported. cosine: of the answer with the passage nearest to it.
    """
    ratings = [answer.faithfulness for answer in rated]
    verdicts = [_verdicts(answer) for answer in rated]
    measures = {
        "share_supported": [fmean([float(supported) for supported, _ in each]) for each in verdicts],
        "share_held": [fmean([held for _, held in each]) for each in verdicts],
        "cosine": [_cosine(answer, cosines) for answer in rated],
    }
    draws = list(_draws([answer.question for answer in rated], seed))
    found: dict[str, Any] = {"answers": len(rated)}
    for name, values in measures.items():
        found[name] = _with_interval([_spearman(values, ratings, draw) for draw in draws])
    for name in ("share_supported", "share_held"):
        found[f"{name}_over_cosine"] = _with_interval(
            [
                _spearman(measures[name], ratings, draw) - _spearman(measures["cosine"], ratings, draw)
                for draw in draws
            ]
        )
    return found


def sentences_of(rated: Rated) -> list[str]:
    """The answer's sentences, as the product cuts them."""
    stream = SentenceStream()
    return [sentence.text for sentence in (*stream.feed(rated.answer), *stream.close())]


def _verdicts(rated: Rated) -> list[tuple[bool, float]]:
    found = []
    for sentence in sentences_of(rated):
        verdict = check_sentence(sentence, [], rated.passages, question=rated.question)
        if verdict.reason != _NOTHING_CLAIMED:
            found.append((verdict.supported, 1.0 if verdict.supported else verdict.coverage))
    # An answer that claims nothing is neither proved nor disproved.
    return found or [(False, 0.5)]


def _cosine(rated: Rated, cosines: Cosines) -> float:
    texts = [passage.text[:_LONGEST_TEXT] for passage in rated.passages]
    return max(cosines(rated.answer[:_LONGEST_TEXT], texts))


def _draws(questions: Sequence[str], seed: int) -> Iterator[list[int]]:
    """All answers first, then resamples: answers to one question go together, as they share its passages."""
    yield list(range(len(questions)))
    places: dict[str, list[int]] = {}
    for at, question in enumerate(questions):
        places.setdefault(question, []).append(at)
    groups, chance = list(places.values()), random.Random(seed)  # noqa: S311 - draws, not a secret
    for _ in range(_DRAWS):
        yield [at for group in chance.choices(groups, k=len(groups)) for at in group]


def _spearman(values: Sequence[float], ratings: Sequence[float], at: Sequence[int]) -> float:
    # Imported here: the web process never needs it.
    from scipy.stats import spearmanr

    mine, theirs = [values[i] for i in at], [ratings[i] for i in at]
    if len(set(mine)) == 1 or len(set(theirs)) == 1:
        return 0.0  # what is the same everywhere orders nothing
    return float(spearmanr(mine, theirs).statistic)


def _with_interval(found: Sequence[float]) -> dict[str, Any]:
    """The first is that of all answers, the others of the resamples."""
    drawn = sorted(found[1:])
    low, high = drawn[round(0.025 * (len(drawn) - 1))], drawn[round(0.975 * (len(drawn) - 1))]
    return {"rho": round(found[0], 3), "interval": [round(low, 3), round(high, 3)]}


def _passage(number: int, row: dict[str, Any]) -> Passage:
    text = row["text"]
    return Passage(
        n=number,
        chunk_id=number,
        document_id=number,
        document_title=row.get("title") or "",
        version=1,
        text=text,
        start=0,
        end=len(text),
    )


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    return read_jsonl(path) if path.exists() else iter(())
