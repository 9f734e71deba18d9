"""The model process: owns the GGUF model and answers in OpenAI's words, on loopback."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from kb.conf import config
from kb.secrets import internal_token
from kb.server_command import ServerCommand

if TYPE_CHECKING:
    import uvicorn

    from kb.llm.types import Engine

_STALLED = 70  # EX_SOFTWARE: the supervisor starts a new process


class Command(ServerCommand):
    help = "Run the language model server of this installation."
    requires_system_checks = ()  # it needs neither database nor Redis
    default_port = 8020

    def server(self, host: str, port: int) -> tuple[uvicorn.Server, Callable[[], bool]]:
        from kb.llm.model_file import model_version
        from kb.llm.serving import make_server
        from kb.llm.station import Station

        station = Station(
            _load_engine,
            config.llm_queue,
            functools.partial(os._exit, _STALLED),
            version=functools.partial(model_version, config.llm_model),
        )
        server = make_server(station, config.llm_api_key or internal_token(), host, port)
        return server, lambda: not station.is_stopped


def _load_engine(stopping: threading.Event) -> Engine:
    from kb.llm.assembly import make_engine

    return make_engine(config, stopping)
