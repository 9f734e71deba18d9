"""Milvus's own small server, on a free port: the real protocol, through real sockets."""

from __future__ import annotations

import itertools
import signal
import socket
import subprocess
import sys
from pathlib import Path

import grpc

from kb.search.engine.dense_milvus import MilvusIndex
from kb.search.engine.milvus_store import MilvusStore
from kb.search.engine.types import MilvusAddress
from tests.search.engine_parts import DIMENSION

ENOUGH_S = 60.0


class MilvusServer:
    """A process on a folder; started again it has the same port and the same rows."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names = (f"test_{number}" for number in itertools.count())
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.start()

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        arguments = ["--data-dir", str(self._folder), "--host", "127.0.0.1", "--port", str(self.port)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "milvus_lite", "server", *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # Whoever runs the tests in the background may have them ignore it, and its children with them.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        with grpc.insecure_channel(f"127.0.0.1:{self.port}") as channel:
            grpc.channel_ready_future(channel).result(ENOUGH_S)

    def stop(self) -> None:
        self._process.send_signal(signal.SIGINT)  # it saves nothing on SIGTERM
        try:
            self._process.wait(ENOUGH_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise

    def new_address(self) -> MilvusAddress:
        return MilvusAddress(self.uri, next(self._names))

    def new_index(self) -> MilvusIndex:
        """On a collection of its own."""
        return open_index(self.new_address())


def open_index(address: MilvusAddress) -> MilvusIndex:
    return MilvusIndex(DIMENSION, MilvusStore(address, DIMENSION))
