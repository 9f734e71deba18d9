"""The model process: owns the GGUF model and answers in OpenAI's words, on loopback."""

from __future__ import annotations

import functools
import logging
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandParser

from kb.conf import config
from kb.secrets import internal_token

if TYPE_CHECKING:
    from kb.llm.types import Engine

_DEFAULT_PORT = 8020
_STALLED = 70  # EX_SOFTWARE: the supervisor starts a new process


class Command(BaseCommand):
    help = "Run the language model server of this installation."
    requires_system_checks = ()  # it needs neither database nor Redis

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
        parser.add_argument("--port", type=int, default=_DEFAULT_PORT, help=f"default {_DEFAULT_PORT}")

    def handle(self, *args: Any, **options: Any) -> None:
        # uvicorn handles both signals while it serves, and then raises them again for these.
        signal.signal(signal.SIGTERM, _end)
        signal.signal(signal.SIGINT, _end)

        from kb.llm.serving import make_server
        from kb.llm.station import Station

        station = Station(_load_engine, config.llm_queue, functools.partial(os._exit, _STALLED))
        token = config.llm_api_key or internal_token()
        server = make_server(station, token, options["host"], options["port"])
        status: Any = 0
        try:
            server.run()
        except SystemExit as ended:
            status = ended.code
        if not station.is_stopped:
            # A thread deep in native code cannot be stopped, only left.
            logging.shutdown()
            os._exit(status if isinstance(status, int) else 1)
        sys.exit(status)


def _load_engine(stopping: threading.Event) -> Engine:
    from kb.llm.assembly import make_engine

    return make_engine(config, stopping)


def _end(number: int, frame: object) -> None:
    sys.exit(0)
