"""A search server on a free port, with an index that is a dictionary and does not move."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass

import django.db
import uvicorn

from kb.search.engine.agreement import Agreement, Comparison
from kb.search.engine.entailment import Entailment
from kb.search.engine.types import Row
from kb.search.keeper import State
from kb.search.server import SearchServer
from kb.search.tail import Position, Tailer
from tests.search.fakes import FakeEngine

AGREES = Comparison(Agreement(0.99998, 0.99991, 0.995), ("Something faster: it agrees too little",))
TOKEN = "a token of this installation"
# A test machine may stand still for seconds; what should happen gets this long.
PATIENT_S = 60.0


class SteadyTailer(Tailer):
    def lag(self) -> int:
        return 3


class CutOffTailer(Tailer):
    def lag(self) -> int:
        raise django.db.OperationalError("gone")


@dataclass
class FakeEncoder:
    model_id: str = "tiny@1"
    dimension: int = 4
    device: str = "cpu"
    backend: str = "by hand"
    comparison: Comparison = AGREES


@dataclass
class StillKeeper:
    """A keeper whose index does not move."""

    state: State
    encoder: FakeEncoder | None = None
    running: bool = False
    ordered: bool = False

    def rebuild(self) -> None:
        self.ordered = True

    def start(self) -> None:
        self.running = True

    def stop(self, timeout_s: float) -> bool:
        self.running = False
        return True


class Running:
    """A server on a free port, in a thread."""

    def __init__(
        self, keeper: StillKeeper, port: int = 0, entailment: Callable[[], Entailment | None] = lambda: None
    ) -> None:
        self.socket = socket.create_server(("127.0.0.1", port))
        self.port: int = self.socket.getsockname()[1]
        app = SearchServer(keeper, TOKEN, entailment).app()
        self._server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self.socket]})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join()
        self.socket.close()


def engine() -> FakeEngine:
    made = FakeEngine()
    for collection in (1, 2):
        rows = [Row(collection * 10 + number, b"", "", "", f"hotel {number}") for number in range(3)]
        made.replace_document(collection, collection, rows)
    made.commit()
    return made


def ready_keeper() -> StillKeeper:
    return StillKeeper(State("ok", tailer=SteadyTailer(engine(), 5, Position(42, "then"))), FakeEncoder())
