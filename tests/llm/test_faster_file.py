"""Which file of a model is loaded: the one given, or a copy that was measured to be faster."""

from __future__ import annotations

import logging
import os
import shutil
import struct
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from kb.conf import BUILT_IN, config
from kb.llm import assembly
from kb.llm.engine import faster_file
from kb.llm.engine.copy_trial import Measured
from kb.llm.engine.faster_file import file_to_load, forget_copy, run_trial
from kb.llm.errors import ModelLoadError
from kb.llm.gguf import ModelFacts
from kb.llm.inventory import list_models
from kb.llm.memory import Need
from kb.llm.model_file import ModelFile, find_model, is_copy

FACTS = ModelFacts("qwen2", 1_000_000, "Q4_K_M", 4096, 1000, 100, 600_000)
NEED = Need(600_000, 100_000, 100_000)
FREE = 10_000_000
EMPTY_GGUF = struct.pack("<4sIQQ", b"GGUF", 3, 0, 0)


class Trial:
    """Makes a copy of nothing, and says how long both take."""

    def __init__(self, copy_s: float) -> None:
        self.measured = Measured(10.0, copy_s)
        self.asked: list[Path] = []

    def __call__(self, source: Path, copy: Path) -> Measured:
        self.asked.append(source)
        copy.write_bytes(EMPTY_GGUF)
        return self.measured


@pytest.fixture(autouse=True)
def fast_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faster_file, "computes_in_bfloat16", lambda: True)


@pytest.fixture
def model(tmp_path: Path) -> ModelFile:
    path = tmp_path / "some-model-q4.gguf"
    path.write_bytes(EMPTY_GGUF)
    return ModelFile(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "models"


def names(folder: Path) -> list[str]:
    return sorted(path.suffix for path in folder.iterdir())


def test_copy_that_pays_is_loaded_and_measured_once(model: ModelFile, folder: Path) -> None:
    trial = Trial(copy_s=8.0)
    copy = file_to_load(model, FACTS, NEED, FREE, folder, trial)
    assert copy.parent == folder
    assert is_copy(copy) and copy.name.startswith("some-model-q4-")
    assert file_to_load(model, FACTS, NEED, FREE, folder, trial) == copy
    assert trial.asked == [model.path]


@pytest.mark.parametrize("copy_s", [9.9, 12.0])
def test_copy_that_does_not_pay_is_removed_and_never_made_again(
    model: ModelFile, folder: Path, copy_s: float
) -> None:
    trial = Trial(copy_s)
    for _ in range(2):
        assert file_to_load(model, FACTS, NEED, FREE, folder, trial) == model.path
    assert len(trial.asked) == 1
    assert names(folder) == [".json"]


@pytest.mark.parametrize("quantisation", ["F32", "F16", "BF16", ""])
def test_weights_that_would_lose_or_gain_nothing_stay(
    model: ModelFile, folder: Path, quantisation: str
) -> None:
    facts = replace(FACTS, quantisation=quantisation)
    assert file_to_load(model, facts, NEED, FREE, folder, Trial(1.0)) == model.path
    assert not folder.exists()


def test_processor_without_bfloat16_loads_the_file(
    model: ModelFile, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faster_file, "computes_in_bfloat16", lambda: False)
    assert file_to_load(model, FACTS, NEED, FREE, folder, Trial(1.0)) == model.path


@pytest.mark.parametrize("free", [4_399_999, None])
def test_copy_is_made_only_where_it_leaves_half_of_the_memory(
    model: ModelFile, folder: Path, free: int | None
) -> None:
    """It takes 2,000,000 bytes for the weights, beside 200,000."""
    assert file_to_load(model, FACTS, NEED, free, folder, Trial(1.0)) == model.path
    assert file_to_load(model, FACTS, NEED, 4_400_000, folder, Trial(1.0)) != model.path


def test_copy_is_not_loaded_where_memory_has_become_tight(model: ModelFile, folder: Path) -> None:
    assert file_to_load(model, FACTS, NEED, FREE, folder, Trial(1.0)) != model.path
    assert file_to_load(model, FACTS, NEED, FREE // 5, folder, Trial(1.0)) == model.path


def test_full_disk_is_no_place_for_copies(
    model: ModelFile, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=5_999_999))
    trial = Trial(1.0)
    assert file_to_load(model, FACTS, NEED, FREE, folder, trial) == model.path
    assert trial.asked == []


def test_what_goes_wrong_never_stops_the_start(
    model: ModelFile, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(source: Path, copy: Path) -> Measured:
        raise ModelLoadError("the trial ended with -6.")

    with caplog.at_level(logging.WARNING):
        assert file_to_load(model, FACTS, NEED, FREE, folder, failing) == model.path
    assert "the trial ended with -6" in caplog.text
    assert file_to_load(model, FACTS, NEED, FREE, folder, Trial(1.0)) != model.path
    folder.rename(folder.with_name("away"))
    folder.write_text("a file where the folder should be")
    assert file_to_load(model, FACTS, NEED, FREE, folder, Trial(1.0)) == model.path


@pytest.mark.parametrize("told", ["", "{", "{}", "[1, 2]", '{"file_s": 1}'])
def test_damaged_measurement_is_taken_again(model: ModelFile, folder: Path, told: str) -> None:
    copy = file_to_load(model, FACTS, NEED, FREE, folder, Trial(1.0))
    copy.with_suffix(".json").write_text(told)
    trial = Trial(1.0)
    assert file_to_load(model, FACTS, NEED, FREE, folder, trial) == copy
    assert len(trial.asked) == 1


def test_copy_that_was_removed_is_made_again(model: ModelFile, folder: Path) -> None:
    copy = file_to_load(model, FACTS, NEED, FREE, folder, Trial(1.0))
    copy.unlink()
    assert file_to_load(model, FACTS, NEED, FREE, folder, Trial(1.0)) == copy
    assert copy.exists()
    forget_copy(copy)
    assert list(folder.iterdir()) == []


def test_another_file_of_the_same_name_is_measured_anew(model: ModelFile, folder: Path) -> None:
    first = file_to_load(model, FACTS, NEED, FREE, folder, Trial(1.0))
    neighbour = folder / "some-model-q4-v2-0123456789ab-bf16.gguf"
    neighbour.write_bytes(EMPTY_GGUF)
    os.utime(model.path, ns=(1, 1))
    second = file_to_load(model, FACTS, NEED, FREE, folder, Trial(1.0))
    assert second != first
    assert sorted(folder.glob("*.gguf")) == sorted([second, neighbour])
    assert not first.with_suffix(".json").exists()


def test_copies_are_no_models_of_their_own(model: ModelFile, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    copy = file_to_load(model, FACTS, NEED, FREE, folder, Trial(1.0))
    (folder / "pulled.gguf").write_bytes(EMPTY_GGUF)
    listed = list_models(replace(config, data_dir=tmp_path, llm_model=str(model.path), llm_url=""))
    assert [each.path.name for each in listed] == [model.path.name, "pulled.gguf"]
    assert copy.exists()


def test_setting_turns_all_copies_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[Path] = []
    monkeypatch.setattr(assembly, "LlamaEngine", lambda path, *args, **kwargs: loaded.append(path))
    own = replace(config, data_dir=tmp_path, llm_model=BUILT_IN, llm_faster_copy=False)
    assembly.make_engine(own, threading.Event())
    assert loaded == [find_model(BUILT_IN).path]
    assert not (tmp_path / "models").exists()


def test_real_trial_makes_a_copy_and_measures_both(tmp_path: Path) -> None:
    copy = tmp_path / "models" / "copy.gguf"
    measured = run_trial(2, threading.Event())(find_model(BUILT_IN).path, copy)
    assert copy.stat().st_size > 100_000_000
    assert 0.01 < measured.copy_s < 300
    assert 0.01 < measured.file_s < 300


def test_file_that_cannot_be_read_ends_the_trial_alone(model: ModelFile, tmp_path: Path) -> None:
    with pytest.raises(ModelLoadError, match="the trial ended with"):
        run_trial(1, threading.Event())(model.path, tmp_path / "copy.gguf")


def test_trial_ends_when_the_server_is_to_stop(tmp_path: Path) -> None:
    stopping = threading.Event()
    threading.Timer(0.5, stopping.set).start()
    started_s = time.monotonic()
    with pytest.raises(ModelLoadError, match="told to stop"):
        run_trial(1, stopping)(find_model(BUILT_IN).path, tmp_path / "copy.gguf")
    assert time.monotonic() - started_s < 30
    assert not (tmp_path / "copy.gguf").exists()
