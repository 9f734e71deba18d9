"""Which folders are taken for a model of entailment, and what it says, through the real loader."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from kb.conf import load
from kb.exceptions import ConfigurationError
from kb.search.assembly import entailment_of
from kb.search.engine.entailment import entailing_label, load_entailment
from kb.search.engine.reranker import load_reranker
from tests.search.tiny_cross_encoder import save_cross_encoder

LABELS = ("entailment", "neutral", "contradiction")
SAID = "It is so."
PAIRS = [("nothing here at all", SAID), ("gold gold gold gold", SAID), ("some gold", SAID)]


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_cross_encoder(tmp_path_factory.mktemp("models") / "tiny-nli", labels=LABELS)


@pytest.fixture(scope="module")
def one_logit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_cross_encoder(tmp_path_factory.mktemp("models") / "one")


@pytest.fixture
def copy(three: Path, tmp_path: Path) -> Path:
    """Of the model, to be spoilt."""
    copied = tmp_path / "spoilt"
    copied.mkdir()
    for path in three.iterdir():
        (copied / path.name).write_bytes(path.read_bytes())
    return copied


def test_probability_is_that_of_the_label_named_entailment(three: Path, one_logit: Path) -> None:
    model = load_entailment(str(three), "cpu")

    nothing, much, some = model.probabilities(PAIRS)

    assert 1 > much > some > nothing > 0
    logits = load_reranker(str(one_logit), "cpu").logits("gold gold gold gold", ["It is so."])
    assert much == pytest.approx(math.exp(logits[0]) / (math.exp(logits[0]) + 2)), "the other logits are 0"
    assert model.model_id.startswith("tiny-nli@")
    assert model.probabilities([]) == []


def test_the_label_may_stand_anywhere(tmp_path: Path) -> None:
    last = save_cross_encoder(tmp_path / "last", labels=("contradiction", "neutral", "ENTAILMENT"))

    nothing, much, _ = load_entailment(str(last), "cpu").probabilities(PAIRS)

    assert much < nothing, "here the gold speaks for the first label, which is contradiction"


def test_a_single_logit_is_a_probability(one_logit: Path) -> None:
    model = load_entailment(str(one_logit), "cpu")

    nothing, much, some = model.probabilities(PAIRS)

    logits = load_reranker(str(one_logit), "cpu").logits("nothing here at all", ["It is so."])
    assert nothing == pytest.approx(1 / (1 + math.exp(-logits[0])))
    assert 1 > much > some > nothing > 0


def test_many_threads_get_the_same_probabilities_as_one(three: Path) -> None:
    model = load_entailment(str(three), "cpu")
    alone = model.probabilities(PAIRS)

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda _: model.probabilities(PAIRS), range(16)))

    assert all(each == pytest.approx(alone, abs=1e-5) for each in together)


def spoil_code(folder: Path) -> None:
    (folder / "modeling.py").write_text("raise SystemExit('run')")


def make_it_remote_code(folder: Path) -> None:
    described = json.loads((folder / "config.json").read_text())
    described |= {"model_type": "own", "auto_map": {"AutoConfig": "someone/else--configuration.Own"}}
    (folder / "config.json").write_text(json.dumps(described))


def take_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def make_it_no_number(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    weights["classifier.bias"].fill_(float("nan"))
    save_file(weights, folder / "model.safetensors", {"format": "pt"})


def name_no_label(folder: Path) -> None:
    described = json.loads((folder / "config.json").read_text())
    described["id2label"] = {"0": "LABEL_0", "1": "LABEL_1", "2": "LABEL_2"}
    (folder / "config.json").write_text(json.dumps(described))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (spoil_code, "holds Python files"),
        (make_it_remote_code, "cannot be loaded"),
        (take_weights, "no .safetensors weights"),
        (make_it_no_number, "leave KB_SUPPORT_MODEL unset"),
        (name_no_label, "does not name one of them entailment"),
        (lambda folder: (folder / "config.json").unlink(), "no config.json"),
    ],
)
def test_what_is_no_whole_model_of_entailment_is_refused(
    copy: Path, spoil: Callable[[Path], object], said: str
) -> None:
    """Case 44, and models that are damaged or do not say what their scores mean."""
    spoil(copy)

    with pytest.raises(ConfigurationError, match=said):
        load_entailment(str(copy), "cpu")


@pytest.mark.parametrize(
    ("described", "expected"),
    [
        ({"id2label": {"0": "LABEL_0"}}, None),
        ({"num_labels": 1}, None),
        ({"id2label": {"0": "contradiction", "1": "Entailment", "2": "neutral"}}, 1),
        ({"id2label": {"0": "not_entailment", "1": "entailment"}}, 1),
        ({"id2label": {"0": "refuted", "1": "supported"}}, 1),
    ],
)
def test_label_is_known_by_its_name(described: dict[str, object], expected: int | None) -> None:
    assert entailing_label(described) == expected


@pytest.mark.parametrize(
    "described",
    [{}, {"id2label": ["a", "b"]}, {"id2label": {"0": "no", "1": "yes"}},
     {"id2label": {"0": "entailment", "1": "supported"}}, {"id2label": {"4": "entailment", "1": "other"}}],
)  # fmt: skip
def test_labels_that_leave_it_open_are_refused(described: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="label"):
        entailing_label(described)


def test_only_a_named_model_is_loaded_and_only_once(three: Path, tmp_path: Path) -> None:
    assert entailment_of(load({}))() is None
    find = entailment_of(load({"KB_SUPPORT_MODEL": str(three)}))
    assert find() is find()
    with pytest.raises(ConfigurationError, match=r"KB_SUPPORT_MODEL.*does not exist"):
        entailment_of(load({"KB_SUPPORT_MODEL": str(tmp_path / "other")}))()
    with pytest.raises(ConfigurationError, match="hf download someone/nli"):
        load_entailment("someone/nli", "cpu")


def test_without_a_model_torch_is_not_imported() -> None:
    program = (
        "import sys, kb.search.engine.entailment\n"
        "sys.exit('torch' in sys.modules or 'sentence_transformers' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False)

    assert done.returncode == 0


def test_texts_longer_than_the_model_reads_are_cut(three: Path) -> None:
    (found,) = load_entailment(str(three), "cpu").probabilities([("x " * 50_000, "y " * 50_000)])

    assert math.isfinite(found)
