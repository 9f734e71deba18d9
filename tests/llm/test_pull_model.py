"""Fetching models from a hub; no test asks any but the one on this machine."""

from __future__ import annotations

import fcntl
import os
import random
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, NamedTuple

import pytest

from kb.llm.model_file import check_model_file, find_model
from kb.llm.pulling import PullError, pull
from tests.llm.fakes import eventually
from tests.llm.hub import COMMIT, Hub, running_hub
from tests.llm.process import ENOUGH_S, ROOT

REPOSITORY, FILE = "owner/repo", "folder/model.gguf"
MODEL = struct.pack("<4sIQQ", b"GGUF", 3, 2, 3) + random.Random(1).randbytes(3_000_000)


@pytest.fixture
def hub() -> Iterator[Hub]:
    with running_hub(MODEL) as running:
        yield running


def fetched(hub: Hub, folder: Path, revision: str = "", sha256: str = "") -> Path:
    return pull(REPOSITORY, FILE, folder, revision, sha256, hub.url)


def usable(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_model_is_fetched_at_its_commit_and_checked_before_each_start(hub: Hub, tmp_path: Path) -> None:
    path = fetched(hub, tmp_path / "models")

    assert path.read_bytes() == MODEL
    assert usable(path.parent) == ["model.gguf", "model.gguf.sha256"]
    assert any(f"/resolve/{COMMIT}/" in asked for method, asked, _ in hub.asked if method == "GET")
    found = find_model(str(path))
    assert found.sha256 == hub.announced
    check_model_file(found)


def test_model_that_is_there_is_not_fetched_again(hub: Hub, tmp_path: Path) -> None:
    path = fetched(hub, tmp_path)
    asked = len(hub.asked)

    assert fetched(hub, tmp_path, sha256=hub.announced) == path
    assert len(hub.asked) == asked
    assert fetched(hub, tmp_path) == path
    assert len(hub.ranges) == 2
    hub.announced = "0" * 64
    with pytest.raises(PullError, match="another file of this name"):
        fetched(hub, tmp_path)


def test_killed_in_the_middle_leaves_nothing_usable_and_goes_on_where_it_was(
    hub: Hub, tmp_path: Path
) -> None:
    hub.stops_after = 2_000_000
    command = [sys.executable, "manage.py", "pull_model", REPOSITORY, FILE]
    environment = {**os.environ, "HF_ENDPOINT": hub.url, "KB_DATA_DIR": str(tmp_path)}
    pulling = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        assert hub.stopped.wait(ENOUGH_S)
        part = eventually(lambda: list((tmp_path / "models").glob(".*.part")), ENOUGH_S)[0]
        eventually(lambda: part.stat().st_size >= 1_000_000)
        with pytest.raises(PullError, match="Another pull"):
            fetched(hub, tmp_path / "models")
    finally:
        pulling.kill()
        pulling.wait()
    there = part.stat().st_size
    assert usable(tmp_path / "models") == []

    hub.stops_after = None
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)

    assert hub.ranges[-1] == f"bytes={there}-"
    assert f"KB_LLM_MODEL={tmp_path / 'models' / 'model.gguf'}" in done.stdout
    assert (tmp_path / "models" / "model.gguf").read_bytes() == MODEL
    assert not part.exists()


def test_link_that_breaks_before_each_mebibyte_still_comes_to_the_end(hub: Hub, tmp_path: Path) -> None:
    hub.breaks_off = True
    for there in range(500_000, 3_000_000, 500_000):
        hub.stops_after = there
        with pytest.raises(PullError, match=f"after {there:,} of 3,000,024 bytes.*Pull again.*not fetched"):
            fetched(hub, tmp_path)
        (part,) = tmp_path.glob(".*.part")
        assert part.stat().st_size == there

    hub.stops_after = None
    assert fetched(hub, tmp_path).read_bytes() == MODEL
    assert hub.ranges[-1] == "bytes=2500000-"


@pytest.mark.parametrize("ignores_ranges", [True, False])
def test_hub_that_breaks_off_is_said_and_the_next_pull_ends_it(
    hub: Hub, tmp_path: Path, ignores_ranges: bool
) -> None:
    hub.stops_after, hub.breaks_off, hub.ignores_ranges = 1_500_000, True, ignores_ranges
    with pytest.raises(PullError, match="broke off"):
        fetched(hub, tmp_path)
    assert usable(tmp_path) == []

    hub.stops_after = None
    assert fetched(hub, tmp_path).read_bytes() == MODEL
    assert hub.ranges[-1].startswith("bytes=")


def test_content_of_the_wrong_checksum_is_removed(hub: Hub, tmp_path: Path) -> None:
    hub.announced = "0" * 64
    with pytest.raises(PullError, match=f"not {'0' * 64}"):
        fetched(hub, tmp_path)
    assert usable(tmp_path) == []
    assert not list(tmp_path.glob(".*.part"))


def test_checksum_that_the_user_knows_wins_over_nothing_and_disagrees_aloud(hub: Hub, tmp_path: Path) -> None:
    right, hub.announced = hub.announced, "short"
    with pytest.raises(PullError, match="--sha256"):
        fetched(hub, tmp_path)
    assert fetched(hub, tmp_path, sha256=right.upper()).read_bytes() == MODEL

    hub.announced = right
    with pytest.raises(PullError, match="checksum"):
        fetched(hub, tmp_path / "other", sha256="1" * 64)
    assert len(hub.ranges) == 2


def test_what_is_no_model_is_removed(tmp_path: Path) -> None:
    with (
        running_hub(b"<html>please sign in</html>") as hub,
        pytest.raises(PullError, match="not a GGUF file"),
    ):
        fetched(hub, tmp_path)
    assert usable(tmp_path) == []


def test_pulls_leave_no_locks(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / ".model.gguf.lock").touch()  # of one that was killed
    fetched(hub, tmp_path)
    with pytest.raises(PullError):
        pull(REPOSITORY, "other.gguf", tmp_path, hub=hub.url)
    assert not list(tmp_path.glob(".*"))


def test_lock_that_was_removed_since_it_was_opened_is_taken_anew(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its holder ended, and a third locks a new file of this name: nobody holds it beside that one."""
    lock, take, third = tmp_path / ".model.gguf.lock", fcntl.flock, ExitStack()

    def late(file: IO[str], operation: int) -> None:
        monkeypatch.setattr(fcntl, "flock", take)
        lock.unlink()
        take(third.enter_context(lock.open("w")), operation)
        take(file, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with third, pytest.raises(PullError, match="Another pull"):
        fetched(hub, tmp_path)
    assert hub.asked == []


def test_only_the_model_is_asked_for_and_no_library_speaks(hub: Hub, tmp_path: Path) -> None:
    command = [sys.executable, "manage.py", "pull_model", REPOSITORY, FILE]
    kept_from = {"HF_HUB_DISABLE_TELEMETRY", "DISABLE_TELEMETRY", "DO_NOT_TRACK", "HF_HUB_OFFLINE"}
    environment = {name: value for name, value in os.environ.items() if name not in kept_from}
    environment |= {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "hub"), "KB_DATA_DIR": str(tmp_path)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)

    assert [path for _, path, _ in hub.asked if not path.endswith((FILE, "/bytes/1"))] == []
    assert done.stderr == ""


def test_missing_files_and_revisions_are_said(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(PullError, match=r"has no other\.gguf in owner/repo"):
        pull(REPOSITORY, "other.gguf", tmp_path, hub=hub.url)
    with pytest.raises(PullError, match="at missing"):
        fetched(hub, tmp_path, revision="missing")


def test_hub_that_cannot_be_reached_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with pytest.raises(PullError, match="cannot be reached"):
        pull(REPOSITORY, FILE, tmp_path, hub=f"http://127.0.0.1:{port}")


@pytest.mark.parametrize("address", ["hub", "ftp://hub", "http://", "http://[", "http://hub:99999", "::"])
def test_address_of_the_hub_that_is_none_is_said(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", address)
    with pytest.raises(PullError, match="HF_ENDPOINT"):
        pull("a/b", "c.gguf", tmp_path)


def test_too_little_disk_is_said_with_both_numbers_before_anything_is_fetched(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage(NamedTuple):
        free: int

    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(50_000))
    with pytest.raises(PullError, match=r"3,000,024 bytes more, and 50,000 are free"):
        fetched(hub, tmp_path)
    assert hub.ranges == []


def test_folder_that_cannot_be_written_is_said(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file")
    with pytest.raises(PullError, match="cannot be written"):
        fetched(hub, tmp_path / "models")


@pytest.mark.parametrize(
    ("repository", "file", "sha256"),
    [
        ("repo", FILE, ""),
        ("../..", "x.gguf", ""),
        ("-owner/repo", FILE, ""),
        ("owner/repo.", FILE, ""),
        ("owner/re--po", FILE, ""),
        ("owner/re..po", FILE, ""),
        ("owner/repo.git", FILE, ""),
        ("owner/" + "r" * 97, FILE, ""),
        ("owner/répo", FILE, ""),
        ("owner/repo\n", FILE, ""),
        (REPOSITORY, "mo\ndel.gguf", ""),
        (REPOSITORY, "mo\x1b[2Jdel.gguf", ""),
        (REPOSITORY, "mo\udcffdel.gguf", ""),
        (REPOSITORY, "model.bin", ""),
        (REPOSITORY, "../model.gguf", ""),
        (REPOSITORY, ".gguf", ""),
        (REPOSITORY, FILE, "123"),
    ],
)
def test_names_that_name_no_model_are_refused(
    tmp_path: Path, repository: str, file: str, sha256: str
) -> None:
    with pytest.raises(PullError, match=r"is no name of|64 hexadecimal digits") as refused:
        pull(repository, file, tmp_path, sha256=sha256, hub="http://127.0.0.1:9")
    assert refused.value.message.isprintable()
    assert list(tmp_path.iterdir()) == []


def test_revision_that_names_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PullError, match="is no name of a revision"):
        pull(REPOSITORY, FILE, tmp_path, revision="ma\nin", hub="http://127.0.0.1:9")
    assert list(tmp_path.iterdir()) == []
