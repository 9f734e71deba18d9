"""What models say of themselves, what they need, and which of them fit."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import time
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from kb.conf import ENDPOINTS_FILE, config
from kb.llm.errors import ModelLoadError
from kb.llm.gguf import ModelFacts, read_facts
from kb.llm.inventory import foreign_endpoint, list_models
from kb.llm.memory import Need, available_bytes, check_memory, need_of
from kb.llm.model_file import find_model
from tests.llm.process import ENOUGH_S, ROOT

FACTS = ModelFacts("qwen2", 7_000_000_000, "Q4_K_M", 4096, 57_344, 150_000, 4_000_000_000)


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


def entry(name: str, value: Any) -> bytes:
    if isinstance(value, str):
        return text(name) + struct.pack("<I", 8) + text(value)
    if isinstance(value, list):
        kind = 8 if isinstance(value[0], str) else 4
        items = b"".join(text(one) if kind == 8 else struct.pack("<I", one) for one in value)
        return text(name) + struct.pack("<IIQ", 9, kind, len(value)) + items
    return text(name) + struct.pack("<II", 4, value)


def gguf(entries: dict[str, Any], tensors: list[tuple[int, ...]]) -> bytes:
    head = struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), len(entries))
    described = b"".join(
        text("weight") + struct.pack(f"<I{len(sizes)}QIQ", len(sizes), *sizes, 0, 0) for sizes in tensors
    )
    return head + b"".join(entry(*one) for one in entries.items()) + described + bytes(64)


ENTRIES = {
    "general.architecture": "some",
    "general.file_type": 15,
    "some.block_count": 3,
    "some.embedding_length": 64,
    "some.context_length": 2048,
    "some.attention.head_count": 8,
    "some.attention.head_count_kv": 2,
    "tokenizer.ggml.tokens": ["word"] * 3000,
}


def test_built_in_model_says_what_it_is() -> None:
    facts = read_facts(find_model("built-in").path)

    assert (facts.architecture, facts.quantisation, facts.trained_context) == ("llama", "Q4_1", 8192)
    assert (facts.parameters, facts.vocabulary) == (134_515_008, 49_152)
    assert facts.cell_bytes == 30 * 3 * 64 * 2 * 2  # layers, heads, size of a head, keys and values, bytes


def test_facts_are_computed_from_the_head(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(gguf(ENTRIES, [(64, 3000), (64,)]))
    facts = read_facts(path)

    assert facts == ModelFacts("some", 64 * 3001, "Q4_K_M", 2048, 3 * 2 * 16 * 2, 3000, path.stat().st_size)
    path.write_bytes(gguf({**ENTRIES, "some.attention.head_count_kv": [2, 0, 4]}, []))
    assert read_facts(path).cell_bytes == 6 * 16 * 2
    path.write_bytes(gguf({"general.architecture": "odd"}, []))
    assert read_facts(path).cell_bytes == read_facts(path).trained_context == 0


@pytest.mark.parametrize("size", [0, 3, 10, 30, 200, 5000])
def test_truncated_file_is_refused(tmp_path: Path, size: int) -> None:
    """Case 43."""
    path = tmp_path / "model.gguf"
    path.write_bytes(gguf(ENTRIES, [(64, 3000)])[:size])
    with pytest.raises(ModelLoadError, match=r"truncated|not a GGUF"):
        read_facts(path)


def test_lengths_that_lie_are_refused_at_once(tmp_path: Path) -> None:
    """Case 43."""
    path = tmp_path / "model.gguf"
    head = struct.pack("<4sIQQ", b"GGUF", 3, 1, 1 << 60)
    for lie in (
        head + struct.pack("<Q", 1 << 62),
        head + text("x") + struct.pack("<IIQ", 9, 8, 1 << 60) + bytes(100),
        head + text("x") + struct.pack("<IIQ", 9, 77, 5000) + bytes(100),
        struct.pack("<4sIQQ", b"GGUF", 3, 1, 0) + text("x") + struct.pack("<I", 0xFFFFFFFF) + bytes(100),
    ):
        path.write_bytes(lie)
        with pytest.raises(ModelLoadError):
            read_facts(path)


def lying_heads() -> dict[str, bytes]:
    nested = struct.pack("<IQ", 9, 1) * 5000 + struct.pack("<IQB", 0, 1, 7)
    name = text("x")
    return {
        "nested": struct.pack("<4sIQQ", b"GGUF", 3, 0, 1) + name + struct.pack("<I", 9) + nested,
        "tensors": struct.pack("<4sIQQ", b"GGUF", 3, 3 * 10**8, 0),
        "entries": struct.pack("<4sIQQ", b"GGUF", 3, 0, 3 * 10**8),
        "strings": struct.pack("<4sIQQ", b"GGUF", 3, 0, 1) + name + struct.pack("<IIQ", 9, 8, 3 * 10**8),
        "dimensions": struct.pack("<4sIQQ", b"GGUF", 3, 1, 0) + name + struct.pack("<I", 3 * 10**8),
    }


@pytest.mark.parametrize("lie", lying_heads())
def test_head_that_no_model_has_is_refused_at_once_and_hides_no_other_model(tmp_path: Path, lie: str) -> None:
    """Case 43. The files are large, as the head says, and take no room on the disk."""
    models = tmp_path / "models"
    models.mkdir()
    (models / "good.gguf").write_bytes(gguf(ENTRIES, [(64, 3000)]))
    with (models / "bad.gguf").open("wb") as file:
        file.write(lying_heads()[lie])
        file.truncate(20 * 10**9)

    started = time.monotonic()
    listed = {model.path.name: model for model in list_models(replace(config, data_dir=tmp_path))}

    assert time.monotonic() - started < ENOUGH_S
    assert "bad.gguf is truncated or no GGUF file" in listed["bad.gguf"].problem
    assert listed["good.gguf"].problem == ""


def test_counts_that_the_rest_of_the_file_cannot_hold_are_refused_before_they_are_counted(
    tmp_path: Path,
) -> None:
    """Case 43."""
    path = tmp_path / "model.gguf"
    sizes = struct.pack("<4sIQQ", b"GGUF", 3, 0, 1) + text("x") + struct.pack("<IIQ", 9, 8, 1_000_000)
    path.write_bytes(sizes + bytes(7_999_999))
    with pytest.raises(ModelLoadError, match="truncated"):
        read_facts(path)
    path.write_bytes(sizes + bytes(8_000_000))
    assert read_facts(path).architecture == ""


def test_link_to_itself_hides_no_other_model(tmp_path: Path) -> None:
    models = tmp_path / "models"
    models.mkdir()
    (models / "good.gguf").write_bytes(gguf(ENTRIES, [(64, 3000)]))
    (models / "loop.gguf").symlink_to(models / "loop.gguf")

    listed = {model.path.name: model.problem for model in list_models(replace(config, data_dir=tmp_path))}
    assert "no model file" in listed["loop.gguf"]
    assert listed["good.gguf"] == ""


def test_need_counts_weights_and_a_cache_that_is_no_longer_than_trained() -> None:
    need = need_of(FACTS, context_tokens=8192, slots=4, cache_tokens=0)
    assert (need.weights_bytes, need.cache_bytes) == (4_000_000_000, 2 * 4096 * 57_344)
    assert need_of(FACTS, 4096, 4, 32_000).cache_bytes == 32_000 * 57_344


def test_model_larger_than_memory_is_refused_with_both_numbers() -> None:
    """Case 43."""
    need = Need(8_000_000_000, 500_000_000, 0)
    with pytest.raises(ModelLoadError, match=r"needs about 8,500 MB .* 4,000 MB are free"):
        check_memory(Path("large.gguf"), need, 4_000_000_000)
    check_memory(Path("large.gguf"), need, 9_000_000_000)
    check_memory(Path("large.gguf"), need, None)


def test_free_memory_is_that_of_the_container_where_that_is_less(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 9000000 kB\nMemAvailable: 8000000 kB\n")
    assert available_bytes(meminfo, tmp_path) == 8_000_000 * 1024
    for name, content in (("max", "max"), ("current", "1000000"), ("stat", "anon 400000\nfile 600000\n")):
        (tmp_path / f"memory.{name}").write_text(content)
    assert available_bytes(meminfo, tmp_path) == 8_000_000 * 1024
    (tmp_path / "memory.max").write_text("3000000")
    assert available_bytes(meminfo, tmp_path) == 2_600_000


def test_configured_and_pulled_models_are_listed(tmp_path: Path) -> None:
    models = tmp_path / "models"
    models.mkdir()
    (models / "good.gguf").write_bytes(gguf(ENTRIES, [(64, 3000)]))
    (models / "broken.gguf").write_bytes(b"PK")
    (models / ".half.gguf").write_bytes(b"GGUF")
    here = replace(config, data_dir=tmp_path)

    listed = {model.path.name: model for model in list_models(here)}
    assert list(listed)[1:] == ["broken.gguf", "good.gguf"]
    assert [model.is_configured for model in listed.values()] == [True, False, False]
    assert "not a GGUF" in listed["broken.gguf"].problem
    assert listed["good.gguf"].fits(10**12) is True
    assert listed["good.gguf"].fits(1000) is False
    assert listed["broken.gguf"].fits(10**12) is None

    other = [*list_models(replace(here, llm_model=str(models / "good.gguf")))]
    assert [(model.path.name, model.is_configured) for model in other] == [
        ("good.gguf", True), ("broken.gguf", False),
    ]  # fmt: skip
    (missing, *_) = list_models(replace(here, llm_model=str(tmp_path / "gone.gguf")))
    assert "no model file" in missing.problem
    assert not any(model.is_configured for model in list_models(replace(here, llm_url="http://gpu/v1")))


def test_own_server_that_is_running_is_no_foreign_endpoint(tmp_path: Path) -> None:
    (tmp_path / ENDPOINTS_FILE).parent.mkdir()
    (tmp_path / ENDPOINTS_FILE).write_text(json.dumps({"KB_LLM_URL": "http://127.0.0.1:9/v1"}))
    here = replace(config, data_dir=tmp_path, llm_url="http://127.0.0.1:9/v1")
    assert foreign_endpoint(here) == ""
    assert next(list_models(here)).is_configured
    assert foreign_endpoint(replace(here, llm_url="http://gpu/v1")) == "http://gpu/v1"


def test_command_tells_people_and_programs() -> None:
    words, line = StringIO(), StringIO()
    call_command("llm_models", stdout=words)
    call_command("llm_models", json=True, stdout=line)

    assert "135 million parameters, Q4_1" in words.getvalue()
    assert "fits into the memory" in words.getvalue()
    found = json.loads(line.getvalue())
    assert found["models"][0]["configured"] is True
    assert found["models"][0]["needed_bytes"] > found["models"][0]["size_bytes"]


def test_model_of_any_name_takes_one_line_and_hides_no_other(tmp_path: Path) -> None:
    models = tmp_path / "models"
    models.mkdir()
    (models / "b\udcff\x1b[2Jad\n.gguf").write_bytes(b"PK")
    (models / "good.gguf").write_bytes(gguf(ENTRIES, [(64, 3000)]))
    environment = {**os.environ, "KB_DATA_DIR": str(tmp_path), "PYTHONIOENCODING": "utf-8:strict"}
    command = [sys.executable, "manage.py", "llm_models"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)

    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert f"{models}/b\\udcff\\x1b[2Jad\\n.gguf" in lines
    assert f"{models}/good.gguf" in lines


def test_listing_loads_no_model_library() -> None:
    code = "import sys, kb.llm.inventory; print('llama_cpp' in sys.modules, 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
