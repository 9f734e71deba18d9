"""What is measured: the real handbook where the evaluation data is, else the demo documents."""

from __future__ import annotations

from pathlib import Path

from kb.conf import config
from kb.quality.datasets import DataSet, load_data_set

DEMO = Path(__file__).resolve().parents[2] / "ingest" / "demo"


def corpus_folder() -> Path:
    handbook = config.eval_data / "tts-handbook"
    return handbook if handbook.is_dir() else DEMO


def corpus() -> DataSet:
    return load_data_set(corpus_folder())
