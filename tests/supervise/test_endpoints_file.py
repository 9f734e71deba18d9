from __future__ import annotations

import json
from pathlib import Path

from kb.conf import load
from kb.supervise import endpoints
from kb.supervise.files import private_folder

CHOSEN = {"KB_SEARCH_URL": "http://127.0.0.1:4321", "KB_LLM_API_KEY": "token"}


def test_another_terminal_finds_the_addresses(tmp_path: Path) -> None:
    private_folder(tmp_path / "run")

    endpoints.write(tmp_path, CHOSEN)

    assert load({"KB_DATA_DIR": str(tmp_path)}).search_urls == ("http://127.0.0.1:4321",)


def test_only_the_owner_reads_the_file_and_nothing_else_is_left(tmp_path: Path) -> None:
    run_dir = private_folder(tmp_path / "run")

    endpoints.write(tmp_path, CHOSEN)

    assert [path.name for path in run_dir.iterdir()] == ["endpoints.json"]
    assert (run_dir / "endpoints.json").stat().st_mode & 0o777 == 0o600
    assert run_dir.stat().st_mode & 0o777 == 0o700


def test_writing_replaces_the_whole_file(tmp_path: Path) -> None:
    private_folder(tmp_path / "run")
    endpoints.write(tmp_path, {"KB_SEARCH_URL": "x" * 1000})

    endpoints.write(tmp_path, CHOSEN)

    assert json.loads((tmp_path / "run" / "endpoints.json").read_text()) == CHOSEN


def test_removing_twice_is_fine(tmp_path: Path) -> None:
    private_folder(tmp_path / "run")
    endpoints.write(tmp_path, CHOSEN)

    endpoints.remove(tmp_path)
    endpoints.remove(tmp_path)

    assert list((tmp_path / "run").iterdir()) == []


def test_children_get_the_chosen_addresses_and_the_absolute_data_folder() -> None:
    environment = {"PATH": "/bin", "KB_DATA_DIR": "var", "KB_PORT": "9000"}

    child = endpoints.child_environment(environment, CHOSEN, Path("var"), Path("/code"))

    assert child["KB_SEARCH_URL"] == "http://127.0.0.1:4321"
    assert child["KB_DATA_DIR"] == str(Path("var").absolute())
    assert child["KB_PORT"] == "9000"
    assert child["PYTHONPATH"] == "/code"


def test_children_do_not_get_the_admin_password_nor_a_second_source_of_a_chosen_key() -> None:
    """case 23: a secret goes only where it is needed."""
    environment = {"KB_ADMIN_PASSWORD": "secret", "KB_LLM_API_KEY_FILE": "/run/key", "PYTHONPATH": "/more"}

    child = endpoints.child_environment(environment, CHOSEN, Path("var"), Path("/code"))

    assert "KB_ADMIN_PASSWORD" not in child
    assert "KB_LLM_API_KEY_FILE" not in child
    assert child["PYTHONPATH"] == "/code:/more"
