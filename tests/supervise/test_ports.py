from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.supervise.errors import PortTakenError
from kb.supervise.ports import choose_ports, require_free


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def test_taken_port_is_refused_with_what_to_do(taken_port: int) -> None:
    with pytest.raises(PortTakenError, match=rf"Port {taken_port}.*KB_PORT={taken_port + 1} make up"):
        require_free("127.0.0.1", taken_port, patience_s=0)


def test_free_port_is_accepted(free_port: int) -> None:
    require_free("127.0.0.1", free_port)
    require_free("0.0.0.0", free_port)


def test_address_of_another_machine_is_refused(free_port: int) -> None:
    with pytest.raises(PortTakenError, match=r"KB_HOST=192\.0\.2\.1 is not an address of this machine"):
        require_free("192.0.2.1", free_port)


def test_port_with_connections_that_are_still_closing_is_free(free_port: int) -> None:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", free_port))
        listener.listen()
        client = socket.create_connection(("127.0.0.1", free_port))
        server, _ = listener.accept()
        server.close()  # the side that closes first keeps the port for a minute
        client.close()

    require_free("127.0.0.1", free_port, patience_s=0)


def test_ports_of_the_last_run_are_used_again(tmp_path: Path) -> None:
    first = choose_ports(["search", "llm"], tmp_path)

    assert choose_ports(["search", "llm"], tmp_path) == first
    assert len(set(first.values())) == 2


def test_port_that_was_taken_meanwhile_is_replaced(tmp_path: Path, taken_port: int) -> None:
    (tmp_path / "ports.json").write_text(json.dumps({"search": taken_port}))

    assert choose_ports(["search"], tmp_path)["search"] != taken_port


@pytest.mark.parametrize("content", ["", "[", '{"search": "x"}', '{"search": null}'])
def test_damaged_note_of_the_last_ports_is_ignored(tmp_path: Path, content: str) -> None:
    (tmp_path / "ports.json").write_text(content)

    assert choose_ports(["search"], tmp_path)["search"] > 0


def test_two_names_never_get_one_port(tmp_path: Path, free_port: int) -> None:
    (tmp_path / "ports.json").write_text(json.dumps({"search": free_port, "llm": free_port}))

    ports = choose_ports(["search", "llm"], tmp_path)

    assert ports["search"] == free_port
    assert ports["llm"] != free_port
