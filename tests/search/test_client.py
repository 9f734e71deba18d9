from __future__ import annotations

import socket
import threading
from contextlib import closing

import pytest

from kb.exceptions import InvalidInputError, SearchUnavailableError
from kb.search.client import Health, SearchClient
from kb.search.errors import IndexLoadingError
from kb.search.keeper import State
from tests.search.serving import PATIENT_S, TOKEN, Running, StillKeeper


def test_bad_request_is_an_error_of_the_caller(client: SearchClient) -> None:
    with pytest.raises(InvalidInputError, match="query"):
        client.search("  ", [1], 10, 10)
    with pytest.raises(InvalidInputError, match="limit"):
        client.search("hotel", [1], 0, 10)


def test_wrong_token_is_unavailable_to_the_client(server: Running) -> None:
    with (
        closing(SearchClient(server.url, "wrong", PATIENT_S)) as stranger,
        pytest.raises(SearchUnavailableError),
    ):
        stranger.search("hotel", [1], 10, 10)


def test_loading_server_says_so(client: SearchClient, keeper: StillKeeper) -> None:
    keeper.state, keeper.encoder = State("loading"), None

    assert client.health() == Health(status="loading")
    with pytest.raises(IndexLoadingError):
        client.search("hotel", [1], 10, 10)


def test_server_that_is_down_is_unavailable(server: Running, client: SearchClient) -> None:
    client.search("hotel", [1], 10, 10)
    server.close()
    with pytest.raises(SearchUnavailableError):
        client.search("hotel", [1], 10, 10)
    with pytest.raises(SearchUnavailableError):
        client.health()


def test_server_that_came_back_is_reached_at_once(
    server: Running, client: SearchClient, keeper: StillKeeper
) -> None:
    client.search("hotel", [1], 10, 10)
    server.close()
    with closing(Running(keeper, server.port)):
        assert len(client.search("hotel", [1], 10, 10).hits) == 3


def test_server_that_hangs_is_unavailable_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with (
            closing(SearchClient(url, TOKEN, timeout_s=0.2)) as client,
            pytest.raises(SearchUnavailableError),
        ):
            client.search("hotel", [1], 10, 10)


def test_connection_that_breaks_before_the_answer_is_tried_once_more() -> None:
    """A kept connection may belong to a server that ends just now."""
    answer = b'{"hits": [], "seq": 1, "timings_ms": {}}'
    seen = []

    def serve(listener: socket.socket) -> None:
        for respond in (False, True):
            connection, _ = listener.accept()
            with connection:
                seen.append(connection.recv(65536))
                if respond:
                    connection.sendall(
                        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer)
                    )

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=[listener])
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with closing(SearchClient(url, TOKEN, timeout_s=PATIENT_S)) as client:
            assert client.search("hotel", [1], 10, 10).seq == 1
        thread.join()

    assert len(seen) == 2


def test_answer_that_is_no_json_is_unavailable() -> None:
    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=[listener])
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with (
            closing(SearchClient(url, TOKEN, timeout_s=PATIENT_S)) as client,
            pytest.raises(SearchUnavailableError),
        ):
            client.search("hotel", [1], 10, 10)
        thread.join()
