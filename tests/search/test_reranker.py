"""Which folders are taken for a reranker, through the real loader."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from kb.exceptions import ConfigurationError
from kb.search.engine.reranker import load_reranker
from tests.search.tiny_cross_encoder import save_cross_encoder

QUERY = "Where is it?"
PASSAGES = ["nothing here at all", "gold gold gold gold", "some gold lies here"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_cross_encoder(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    """Of the model, to be spoilt."""
    copied = tmp_path / "spoilt"
    copied.mkdir()
    for path in folder.iterdir():
        (copied / path.name).write_bytes(path.read_bytes())
    return copied


def test_passages_are_scored_by_what_they_say(folder: Path) -> None:
    reranker = load_reranker(str(folder), "cpu")

    nothing, much, some = reranker.logits(QUERY, PASSAGES)

    assert much > some > nothing
    assert reranker.device == "cpu"
    assert reranker.model_id.startswith("tiny@")
    assert reranker.logits(QUERY, []) == []


def test_texts_longer_than_the_model_reads_are_cut(folder: Path) -> None:
    reranker = load_reranker(str(folder), "cpu")

    gold_first, gold_last = reranker.logits("x " * 50_000, ["gold " * 600 + "x " * 600, "x " * 600 + "gold"])

    assert gold_first > gold_last


def test_many_threads_get_the_same_scores_as_one(folder: Path) -> None:
    reranker = load_reranker(str(folder), "cpu")
    passages = [f"{'gold ' * number} {'x ' * (20 - number)}" for number in range(20)]
    alone = reranker.logits(QUERY, passages)

    with ThreadPoolExecutor(16) as pool:
        together = list(pool.map(lambda _: reranker.logits(QUERY, passages), range(32)))

    assert all(scores == pytest.approx(alone, abs=1e-5) for scores in together)


def spoil_code(folder: Path) -> None:
    (folder / "deeper").mkdir()
    (folder / "deeper" / "modeling.py").write_text("raise SystemExit('run')")


def spoil_weights(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"not weights")


def take_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def make_it_an_encoder(folder: Path) -> None:
    described = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**described, "architectures": ["BertModel"]}))


def make_it_remote_code(folder: Path) -> None:
    described = json.loads((folder / "config.json").read_text())
    described |= {"model_type": "own", "auto_map": {"AutoConfig": "someone/else--configuration.Own"}}
    (folder / "config.json").write_text(json.dumps(described))


def make_it_no_number(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    weights["classifier.bias"].fill_(float("nan"))
    save_file(weights, folder / "model.safetensors", {"format": "pt"})


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (spoil_code, "holds Python files"),
        (spoil_weights, "cannot be loaded"),
        (take_weights, "no .safetensors weights"),
        (make_it_an_encoder, r"is no cross-encoder \(BertModel\)"),
        (make_it_remote_code, "cannot be loaded"),
        (make_it_no_number, "one score"),
        (lambda folder: (folder / "config.json").unlink(), "no config.json"),
        (lambda folder: (folder / "config.json").write_text("[]"), "no config.json"),
    ],
)
def test_what_is_no_whole_cross_encoder_is_refused(
    copy: Path, spoil: Callable[[Path], object], said: str
) -> None:
    """Case 44, and models that are damaged or of another kind."""
    spoil(copy)

    with pytest.raises(ConfigurationError, match=said):
        load_reranker(str(copy), "cpu")


def test_several_scores_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="leave KB_RERANKER_MODEL unset"):
        load_reranker(str(save_cross_encoder(tmp_path / "three", scores=3)), "cpu")


@pytest.mark.parametrize("name", ["./not-there", "/not/there", "~/not-there-at-all"])
def test_folder_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"does not exist.*leave KB_RERANKER_MODEL unset"):
        load_reranker(name, "cpu")


def test_hub_name_that_is_not_in_the_cache_is_refused_and_not_fetched() -> None:
    with pytest.raises(ConfigurationError, match="hf download someone/reranker"):
        load_reranker("someone/reranker", "cpu")


def test_without_a_model_torch_is_not_imported() -> None:
    program = (
        "import sys, kb.search.engine.engine, kb.search.engine.reranker, kb.search.engine.reranking\n"
        "sys.exit('torch' in sys.modules or 'sentence_transformers' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False)

    assert done.returncode == 0
