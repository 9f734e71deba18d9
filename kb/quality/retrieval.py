"""evaluate retrieval: how well the product's own search ranks the documents that answer."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from kb.quality import metrics
from kb.quality.datasets import load_data_set
from kb.quality.deployment import described, throw_away_deployment
from kb.quality.rest import rest_client
from kb.quality.typos import with_typo

_CHUNKS = 60  # enough to hold ten different documents


def evaluate_retrieval(folder: Path, limit: int | None, seed: int, *, typos: bool = False) -> dict[str, Any]:
    """Ingest the set into a throw-away installation, search each question, and average.

    Args:
        typos: mistype one word of each question; another seed, other typos.

    Documents are the unit: a document's rank is that of its best chunk. Questions without a relevant
    document are left out.
    """
    data = load_data_set(folder)
    questions = [question for question in data.sample(limit, seed) if question.relevant]
    asked = [with_typo(each.text, f"{seed}:{each.id}") if typos else each.text for each in questions]
    with throw_away_deployment(with_llm=False) as deployment, rest_client(deployment) as client:
        started = time.perf_counter()
        ids = client.upload_all(data.documents)
        ingested = time.perf_counter()
        rankings = [documents_of(client.search(text, _CHUNKS), ids) for text in asked]
        searched = time.perf_counter()
        not_ready = len(ids) - client.count("ready")
    scored = [(ranking, question.relevant) for ranking, question in zip(rankings, questions, strict=True)]
    return {
        "queries": len(questions),
        "ndcg@10": round(metrics.mean([metrics.ndcg(*pair) for pair in scored]), 4),
        "recall@10": round(metrics.mean([metrics.recall(*pair) for pair in scored]), 4),
        "hit@1": round(metrics.mean([metrics.hit(*pair) for pair in scored]), 4),
        "mrr@10": round(metrics.mean([metrics.reciprocal_rank(*pair) for pair in scored]), 4),
        "documents": len(data.documents),
        "documents_not_ready": not_ready,
        "seconds_ingest": round(ingested - started, 2),
        "seconds_search": round(searched - ingested, 2),
        "config": {**described(), "typos": typos},
    }


def documents_of(hits: list[dict[str, Any]], ids: dict[int, list[str]]) -> list[str]:
    """The data set's document ids in the order of their best chunks, without repeats."""
    ranked = [name for hit in hits for name in ids.get(hit["document"]["id"], ())]
    return list(dict.fromkeys(ranked))
