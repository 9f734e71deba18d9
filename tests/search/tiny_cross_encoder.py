"""A cross-encoder of a few hundred numbers that thinks most of passages that say "gold" most often.

Attention is even over all tokens, so the first token carries the share of "gold" among them; the head reads
that one number.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

_VOCABULARY = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "gold")
_SHARE, _CONSTANT, _WIDTH = 0, 1, 8


def save_cross_encoder(folder: Path, scores: int = 1, labels: Sequence[str] = ()) -> Path:
    """Only the first of several scores looks at the gold; the others are 0.

    Args:
        scores: how many it gives for a pair; a reranker gives one.
        labels: their names, in place of `scores`.
    """
    folder.mkdir(parents=True)
    _tokenizer().save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(_VOCABULARY),
        hidden_size=_WIDTH,
        num_hidden_layers=1,
        num_attention_heads=1,
        intermediate_size=_WIDTH,
    )
    config.num_labels = len(labels) or scores
    if labels:
        config.id2label = dict(enumerate(labels))
        config.label2id = {label: at for at, label in enumerate(labels)}
    model = BertForSequenceClassification(config)
    weights = model.state_dict()
    for name, values in weights.items():
        values.fill_(1.0 if name.endswith("LayerNorm.weight") else 0.0)
    _teach(weights)
    model.save_pretrained(folder)
    return folder


def _tokenizer() -> PreTrainedTokenizerFast:
    words = Tokenizer(WordLevel({word: at for at, word in enumerate(_VOCABULARY)}, unk_token="[UNK]"))
    words.pre_tokenizer = Whitespace()
    pair = [("[CLS]", 2), ("[SEP]", 3)]
    words.post_processor = TemplateProcessing("[CLS] $A [SEP]", "[CLS] $A [SEP] $B [SEP]", pair)
    special = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=words, model_max_length=512, **special
    )


def _teach(weights: dict[str, torch.Tensor]) -> None:
    """The tensors are the model's own."""
    words = weights["bert.embeddings.word_embeddings.weight"]
    words[_VOCABULARY.index("gold"), _SHARE] = 1.0
    words[_VOCABULARY.index("[CLS]"), _CONSTANT] = 1.0
    for name in (
        "encoder.layer.0.attention.self.value",
        "encoder.layer.0.attention.output.dense",
        "pooler.dense",
    ):
        weights[f"bert.{name}.weight"].copy_(torch.eye(_WIDTH))
    weights["classifier.weight"][0, _SHARE] = 1.0
