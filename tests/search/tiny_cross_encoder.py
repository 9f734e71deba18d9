"""A cross-encoder of a few hundred numbers that thinks most of passages that say "gold" most often.

Attention is even over all tokens, so the first token carries the share of "gold" among them; the head reads
that one number.
"""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

_VOCABULARY = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "gold")
_SHARE, _CONSTANT, _WIDTH = 0, 1, 8


def save_cross_encoder(folder: Path, scores: int = 1) -> Path:
    """Args: scores: how many it gives for a pair; a reranker gives one."""
    folder.mkdir(parents=True)
    (folder / "vocab.txt").write_text("\n".join(_VOCABULARY))
    BertTokenizerFast(str(folder / "vocab.txt"), do_lower_case=True).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(_VOCABULARY),
        hidden_size=_WIDTH,
        num_hidden_layers=1,
        num_attention_heads=1,
        intermediate_size=_WIDTH,
        max_position_embeddings=512,
        num_labels=scores,
    )
    model = BertForSequenceClassification(config)
    with torch.no_grad():
        for name, value in model.named_parameters():
            value.fill_(1.0 if name.endswith("LayerNorm.weight") else 0.0)
        _teach(model)
    model.save_pretrained(folder, safe_serialization=True)
    return folder


def _teach(model: BertForSequenceClassification) -> None:
    words = model.bert.embeddings.word_embeddings.weight
    words[_VOCABULARY.index("gold"), _SHARE] = 1.0
    words[_VOCABULARY.index("[CLS]"), _CONSTANT] = 1.0
    attention = model.bert.encoder.layer[0].attention
    attention.self.value.weight.copy_(torch.eye(_WIDTH))
    attention.output.dense.weight.copy_(torch.eye(_WIDTH))
    model.bert.pooler.dense.weight.copy_(torch.eye(_WIDTH))
    model.classifier.weight[:, _SHARE] = 1.0
