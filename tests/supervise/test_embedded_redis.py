from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest
import redis
from kombu import Connection

from kb.exceptions import ConfigurationError
from kb.supervise import valkey
from kb.supervise.health import redis_url
from tests.supervise.embedded import embedded_redis


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    """A folder whose name needs care in a configuration file and in a URL."""
    return tmp_path / 'a "b" é%20'


def test_server_answers_celery_and_redis_clients_over_the_socket(run_dir: Path) -> None:
    socket = valkey.socket_path(run_dir)
    with embedded_redis(run_dir, socket) as url:
        with Connection(url) as broker, broker.SimpleQueue("ingest") as queue:
            queue.put({"job": 1})
        with redis.Redis.from_url(redis_url(url)) as client:
            assert client.llen("ingest") == 1


def test_server_listens_on_no_port_keeps_nothing_on_disk_and_drops_no_message(run_dir: Path) -> None:
    socket = valkey.socket_path(run_dir)
    with embedded_redis(run_dir, socket) as url, redis.Redis.from_url(redis_url(url)) as client:
        settings = client.config_get("*")
        client.set("key", "value")

    assert settings["port"] == "0"
    assert settings["save"] == ""
    assert settings["appendonly"] == "no"
    assert settings["maxmemory-policy"] == "noeviction"
    assert [path.name for path in run_dir.iterdir()] == ["valkey.conf"]


def test_only_this_user_reaches_the_socket(run_dir: Path) -> None:
    socket = valkey.socket_path(run_dir)
    with embedded_redis(run_dir, socket):
        assert stat.S_IMODE(socket.stat().st_mode) == 0o700
        assert stat.S_IMODE(run_dir.stat().st_mode) == 0o700


def test_socket_of_a_killed_server_is_no_obstacle(run_dir: Path) -> None:
    socket = valkey.socket_path(run_dir)
    with embedded_redis(run_dir, socket):
        pass
    socket.touch()

    with embedded_redis(run_dir, socket):
        assert socket.is_socket()


def test_long_path_uses_a_short_private_folder_and_removes_it(tmp_path: Path) -> None:
    run_dir = tmp_path / ("long" * 30)

    socket = valkey.socket_path(run_dir)
    assert socket == valkey.socket_path(run_dir)
    assert len(str(socket).encode()) <= valkey.MAX_SOCKET_PATH_BYTES
    assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
    with embedded_redis(run_dir, socket):
        assert socket.is_socket()

    assert not socket.parent.exists()


def test_two_long_paths_get_two_sockets(tmp_path: Path) -> None:
    paths = [valkey.socket_path(tmp_path / (letter * 120)) for letter in "ab"]

    assert len(set(paths)) == 2
    for path in paths:
        path.parent.rmdir()


@pytest.mark.parametrize("mode", [0o755, 0o770])
def test_short_folder_that_others_can_enter_is_refused(tmp_path: Path, mode: int) -> None:
    """Someone else may have made it first, to listen in our place."""
    run_dir = tmp_path / ("long" * 30)
    temporary = tmp_path / "t"
    temporary.mkdir()
    planted = valkey.socket_path(run_dir, temporary).parent
    planted.chmod(mode)

    with pytest.raises(ConfigurationError, match="not private"):
        valkey.socket_path(run_dir, temporary)


def test_short_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    run_dir = tmp_path / ("long" * 30)
    temporary = tmp_path / "t"
    temporary.mkdir()
    planted = valkey.socket_path(run_dir, temporary).parent
    planted.rmdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    planted.symlink_to(elsewhere)

    with pytest.raises(ConfigurationError, match="not private"):
        valkey.socket_path(run_dir, temporary)


def test_binary_of_the_wheel_runs(run_dir: Path) -> None:
    program = valkey.command(valkey.write_config(valkey.socket_path(run_dir), run_dir))[0]

    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)

    assert "server v=" in version.stdout
