"""python -m kb.search.engine.conversion FOLDER IDENTITY TARGET: convert a model for OpenVINO and measure it.

In a process of its own, because torch takes seconds to import and half a gigabyte that a server would never
get rid of. What is in TARGET already is not made again.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np

from kb.search.engine.agreement import Agreement, ProbeVectors, compare, store
from kb.search.engine.encoder_openvino import OpenVINOEncoder, bound_to, load_reference, precisions
from kb.search.engine.probe_texts import PASSAGES, QUESTIONS
from kb.search.engine.tokens import load_tokens


def main(folder: Path, identity: str, target: Path) -> None:
    if not (target / "model.json").exists():
        draft = target.with_name(f".{target.name}-{os.getpid()}")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        try:
            _convert(folder, draft)
            draft.rename(target)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    measured = {precision: _measure(folder, identity, target, precision) for precision in precisions()}
    store(target, bound_to(identity), measured)


def _convert(folder: Path, target: Path) -> None:
    import openvino as ov
    import torch
    from sentence_transformers import SentenceTransformer

    class Network(torch.nn.Module):
        """All modules of the model (transformer, pooling, normalisation) as one graph."""

        def __init__(self, model: SentenceTransformer) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            output: torch.Tensor = self.model({"input_ids": input_ids, "attention_mask": attention_mask})[
                "sentence_embedding"
            ]
            return output

    model = SentenceTransformer(str(folder), device="cpu", trust_remote_code=False, local_files_only=True)
    ids = torch.ones((2, 16), dtype=torch.long)
    graph = ov.convert_model(
        Network(model).eval(), example_input={"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    )
    ov.save_model(graph, target / "model.xml", compress_to_fp16=False)
    passages = model.encode_document(list(PASSAGES), normalize_embeddings=True, show_progress_bar=False)
    questions = model.encode_query(list(QUESTIONS), normalize_embeddings=True, show_progress_bar=False)
    np.savez(
        target / "reference.npz",
        passages=np.asarray(passages, np.float32),
        questions=np.asarray(questions, np.float32),
    )
    prompts = getattr(model, "prompts", None) or {}
    of_passages = next((name for name in ("document", "passage", "corpus") if name in prompts), "")
    facts = {
        "query_prompt": prompts.get("query") or "",
        "passage_prompt": prompts.get(of_passages) or "",
    }
    (target / "model.json").write_text(json.dumps(facts))


def _measure(folder: Path, identity: str, target: Path, precision: str) -> Agreement:
    """Both networks, the way they are used."""
    encoder = OpenVINOEncoder(target, identity, load_tokens(folder), precision)
    found = ProbeVectors(encoder.embed_passages(PASSAGES), encoder.embed_queries(QUESTIONS))
    return compare(load_reference(target), found)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
