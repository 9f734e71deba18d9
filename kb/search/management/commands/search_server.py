"""The search process: owns the index, embeds queries, answers on loopback."""

from __future__ import annotations

import logging
import os
import signal
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from kb.conf import config
from kb.secrets import internal_token

_DEFAULT_PORT = 8010
# Longer than any client leaves a connection idle, so that it is the client who closes it.
_KEEP_ALIVE_S = 300
_GRACE_S = 1  # for requests that are being answered when the process is told to stop


class Command(BaseCommand):
    help = "Run the search server: the vector and lexical index of this installation."
    # It comes up without a database, says so, and waits for it.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
        parser.add_argument("--port", type=int, default=_DEFAULT_PORT, help=f"default {_DEFAULT_PORT}")

    def handle(self, *args: Any, **options: Any) -> None:
        # uvicorn handles both signals while it serves, and then raises them again for these.
        signal.signal(signal.SIGTERM, _end)
        signal.signal(signal.SIGINT, _end)

        import uvicorn

        from kb.search.assembly import entailment_of, make_keeper
        from kb.search.server import SearchServer

        logging.getLogger("faiss").setLevel(logging.WARNING)  # it tells of every processor it is not for
        redis_url = settings.CELERY_BROKER_URL.replace("redis+socket://", "unix://")
        entailment = entailment_of(config)
        keeper = make_keeper(config, redis_url, entailment)
        server = uvicorn.Server(
            uvicorn.Config(
                SearchServer(keeper, internal_token(), entailment).app(),
                host=options["host"],
                port=options["port"],
                log_config=None,
                log_level=logging.WARNING,
                access_log=False,
                proxy_headers=False,
                date_header=False,
                server_header=False,
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=_GRACE_S,
            )
        )
        status: Any = 0
        try:
            server.run()
        except SystemExit as ended:
            status = ended.code
        if keeper.is_running():
            # A thread deep in loading a model or writing a snapshot cannot be stopped, only left.
            logging.shutdown()
            os._exit(status if isinstance(status, int) else 1)
        sys.exit(status)


def _end(number: int, frame: object) -> None:
    sys.exit(0)
