"""The encoder on a CPU with the real model, converted once for this file."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from kb.conf import BUILT_IN
from kb.search.engine.agreement import LEAST_COSINE, LEAST_OVERLAP, Comparison
from kb.search.engine.encoder import load_encoder, model_folder
from kb.search.engine.encoder_openvino import OpenVINOEncoder, precisions
from kb.search.engine.encoder_torch import TorchEncoder
from kb.search.engine.query_batches import QueryBatches
from kb.search.engine.tokens import load_tokens
from tests.search.installation import ROOT

TEXTS = [f"Rule {number}: " + "hotels are booked in Concur. " * (number % 5) for number in range(40)]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Converted once; a test that changes it makes a copy."""
    folder = tmp_path_factory.mktemp("models")
    load_encoder(BUILT_IN, "cpu", folder)
    return folder


@pytest.fixture
def encoder(models: Path) -> OpenVINOEncoder:
    """As a process has it that was just started."""
    found = load_encoder(BUILT_IN, "cpu", models)
    assert isinstance(found, OpenVINOEncoder)
    return found


@pytest.fixture
def own_models(models: Path, tmp_path: Path) -> Path:
    shutil.copytree(models, tmp_path / "models")
    return tmp_path / "models"


def measurement(models: Path) -> Path:
    (path,) = models.glob("*/agreement-*.json")
    return path


def spoil(models: Path, *precisions: str) -> None:
    """Let it have been measured that these disagree."""
    path = measurement(models)
    body = json.loads(path.read_text())
    for precision in precisions:
        body["measured"][precision]["overlap"] = 0.5
    path.write_text(json.dumps(body))


def cosines(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.sum(one * other, axis=1)
    return found


def test_built_in_model_agrees_with_sentence_transformers(encoder: OpenVINOEncoder) -> None:
    agreement = encoder.comparison.agreement
    assert agreement is not None
    assert LEAST_COSINE <= agreement.least_cosine <= agreement.mean_cosine <= 1.0001
    assert LEAST_OVERLAP <= agreement.overlap <= 1
    assert encoder.backend.startswith("OpenVINO") and encoder.comparison.refused == ()

    reference = SentenceTransformer(str(model_folder(BUILT_IN)), device="cpu")
    right = np.asarray(reference.encode(TEXTS, normalize_embeddings=True, show_progress_bar=False))
    assert cosines(encoder.embed_passages(TEXTS), right).min() >= LEAST_COSINE


def test_passages_and_queries_of_the_same_text_have_the_same_vector(encoder: OpenVINOEncoder) -> None:
    """The built-in model has no prompts. The two networks are compiled differently, and may round so."""
    passages, queries = encoder.embed_passages(TEXTS), encoder.embed_queries(TEXTS)

    assert cosines(passages, queries).min() >= LEAST_COSINE
    assert np.linalg.norm(passages, axis=1) == pytest.approx(1, abs=1e-5)
    alone = np.concatenate([encoder.embed_queries([text]) for text in TEXTS])
    assert cosines(alone, queries).min() >= LEAST_COSINE


def test_a_vector_belongs_to_its_text_whatever_the_order_and_the_batch(encoder: OpenVINOEncoder) -> None:
    vectors = encoder.embed_passages(TEXTS)
    backwards = encoder.embed_passages(TEXTS[::-1])[::-1]

    assert cosines(vectors, backwards).min() >= LEAST_COSINE
    assert encoder.embed_passages([]).shape == (0, encoder.dimension)


def test_queries_alone_never_compile_the_passage_network(encoder: OpenVINOEncoder) -> None:
    encoder.embed_queries(TEXTS)
    QueryBatches(encoder).embed_queries(["May I book a hotel?"])
    assert not encoder.has_passage_network

    encoder.embed_passages(TEXTS[:1])
    assert encoder.has_passage_network


FIRST_USE = """
import sys, threading, tracemalloc
from pathlib import Path
from kb.search.engine.encoder import load_encoder

encoder = load_encoder("built-in", "cpu", Path(sys.argv[1]))
start = threading.Barrier(8)
failed = []

def use(number):
    start.wait()
    embed = encoder.embed_queries if number % 2 else encoder.embed_passages
    if embed([f"hotel {number} {at}" for at in range(20)]).shape != (20, encoder.dimension):
        failed.append(number)

threads = [threading.Thread(target=use, args=(number,)) for number in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
heavy = [name for name in ("torch", "sentence_transformers") if name in sys.modules]
print(failed, heavy)
"""


def test_first_use_by_many_threads_at_once_in_a_fresh_process(models: Path) -> None:
    """It deadlocks where the first conversion of an array happens in two threads; so it needs a process."""
    command = [sys.executable, "-c", FIRST_USE, str(models)]
    for _ in range(3):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200, check=True)
        assert done.stdout.strip() == "[] []", "no thread failed, and torch was not imported"


WEIGHTS_IN_MEMORY = """
import sys
from pathlib import Path
from kb.search.engine.encoder import load_encoder

def resident_kb():
    kb, counts = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        words = line.split()
        if "-" in words[0] and not words[0].endswith(":"):
            counts = words[-1].endswith("model.bin")
        elif counts and words[0] == "Rss:":
            kb += int(words[1])
    return kb

encoder = load_encoder("built-in", "cpu", Path(sys.argv[1]))
encoder.embed_queries(["hotel"])
print(resident_kb())
encoder.embed_passages(["hotel"] * 20)
print(resident_kb())
"""


def test_compiled_weights_are_not_kept_a_second_time(models: Path) -> None:
    """90 MB are mapped for compiling; what lies in the file is read again when it is wanted again."""
    command = [sys.executable, "-c", WEIGHTS_IN_MEMORY, str(models)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200, check=True)
    (size,) = [path.stat().st_size for path in models.glob("*/model.bin")]

    assert all(int(kb) * 1024 < size / 2 for kb in done.stdout.split()), (done.stdout, size)


def test_a_measured_model_is_not_converted_or_measured_again(own_models: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in own_models.rglob("*.*")}
    load_encoder(BUILT_IN, "cpu", own_models)

    assert {path: path.stat().st_mtime_ns for path in own_models.rglob("*.*")} == before


def test_a_measurement_of_another_processor_is_made_anew_without_converting(own_models: Path) -> None:
    path = measurement(own_models)
    body = json.loads(path.read_text())
    body["of"]["processor"] = "FP32"
    path.write_text(json.dumps(body))
    (network,) = own_models.glob("*/model.bin")
    made = network.stat().st_mtime_ns
    load_encoder(BUILT_IN, "cpu", own_models)

    assert json.loads(path.read_text())["of"]["processor"] != "FP32"
    assert network.stat().st_mtime_ns == made


@pytest.mark.skipif(precisions() == ("f32",), reason="This processor does not compute in bfloat16.")
def test_refused_bfloat16_leaves_float32(own_models: Path) -> None:
    spoil(own_models, "bf16")
    encoder = load_encoder(BUILT_IN, "cpu", own_models)

    assert encoder.backend == "OpenVINO float32"
    assert encoder.comparison.refused[0].startswith("OpenVINO bfloat16")
    assert encoder.embed_passages(TEXTS).shape == (len(TEXTS), encoder.dimension)


def test_where_no_precision_agrees_sentence_transformers_computes(
    own_models: Path, encoder: OpenVINOEncoder
) -> None:
    spoil(own_models, *precisions())
    slow = load_encoder(BUILT_IN, "cpu", own_models)

    assert isinstance(slow, TorchEncoder)
    assert (slow.device, slow.model_id) == ("cpu", encoder.model_id)
    assert len(slow.comparison.refused) == len(precisions())
    assert cosines(slow.embed_queries(TEXTS[:5]), encoder.embed_queries(TEXTS[:5])).min() >= LEAST_COSINE


def flip_weights(network: Path) -> None:
    words = np.fromfile(network, np.uint32)
    words[len(words) // 2 :] ^= np.uint32(1 << 31)
    words.tofile(network)


def cut_weights(network: Path) -> None:
    network.write_bytes(network.read_bytes()[:1000])


@pytest.mark.parametrize("damage", [flip_weights, cut_weights])
def test_damaged_converted_files_are_noticed_at_the_start(
    own_models: Path, damage: Callable[[Path], None]
) -> None:
    (network,) = own_models.glob("*/model.bin")
    damage(network)
    encoder = load_encoder(BUILT_IN, "cpu", own_models)

    assert isinstance(encoder, TorchEncoder)
    assert all("Remove them" in refusal for refusal in encoder.comparison.refused)


def test_where_converting_fails_sentence_transformers_computes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    encoder = load_encoder(BUILT_IN, "cpu", tmp_path)

    assert isinstance(encoder, TorchEncoder)
    assert "could not be converted" in encoder.comparison.refused[0]
    assert "exit status 1" in caplog.text


def test_what_is_being_measured_is_not_refused_before(models: Path) -> None:
    folder = model_folder(BUILT_IN)
    (target,) = [path.parent for path in models.glob("*/model.xml")]
    encoder = OpenVINOEncoder(target, "any@1", load_tokens(folder), "f32")

    assert encoder.comparison == Comparison()
    assert encoder.embed_passages(TEXTS[:3]).shape == (3, 384)
