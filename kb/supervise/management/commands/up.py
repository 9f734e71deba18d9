"""`manage.py up`: the whole site on this machine, until Ctrl-C."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.db.utils import OperationalError

from kb.conf import config
from kb.exceptions import KBError
from kb.secrets import internal_token
from kb.supervise import demo, endpoints, fleet, ports, prepare, valkey
from kb.supervise.files import private_folder
from kb.supervise.lock import only_one
from kb.supervise.output import LogFile
from kb.supervise.process import Place
from kb.supervise.supervisor import Supervisor
from kb.supervise.terminal import Terminal
from kb.supervise.until_stopped import run_until_stopped
from kb.supervise.warden import Warden


class Command(BaseCommand):
    help = (
        "Runs everything on this machine until Ctrl-C: web, worker, scheduler, search, language model, Redis."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-demo", action="store_true", help="do not load the demo documents")

    def handle(self, *args: Any, no_demo: bool, **options: Any) -> None:
        # Documents, logs and the database are this user's alone; the children inherit it.
        os.umask(0o077)
        data_dir = config.data_dir.absolute()
        run_dir = private_folder(data_dir / "run")
        terminal = Terminal(self.stdout, LogFile(data_dir / "log" / "up.log"))
        try:
            with only_one(run_dir):
                ports.require_free(config.host, config.port)
                endpoints.remove(data_dir)
                run_site(terminal, with_demo=config.demo and not no_demo)
        except KBError as error:
            raise CommandError(error.message) from error
        except KeyboardInterrupt:
            terminal.say("Stopped.")


def run_site(terminal: Terminal, *, with_demo: bool) -> None:
    """Prepare, start, and run until a signal; leave nothing behind.

    Raises:
        KBError: something cannot be prepared or does not start.
    """
    data_dir = config.data_dir.absolute()
    username = prepare_site(terminal)
    site = fleet.plan(config, os.environ, settings.BASE_DIR, internal_token())
    with Warden() as warden:
        place = Place(data_dir / "log", terminal.say, warden)

        async def when_healthy() -> None:
            if with_demo and demo.is_wanted(data_dir):
                argv = fleet.django_command(settings.BASE_DIR, "load_demo")
                await demo.load_demo(argv, site.environment, data_dir, terminal.say, warden)
            await say_ready(terminal, username)

        endpoints.write(data_dir, site.endpoints)
        try:
            asyncio.run(run_until_stopped(Supervisor(site.stages, place), when_healthy, terminal.say))
        finally:
            endpoints.remove(data_dir)
            if site.socket:
                valkey.remove_socket(site.socket, data_dir / "run")


def prepare_site(terminal: Terminal) -> str:
    """Tables, static files and the admin, whose name it returns."""
    try:
        prepare.migrate(terminal.say)
        prepare.collect_static(terminal.say, config.data_dir.absolute())
        return prepare.ensure_admin(config)
    except OperationalError as error:
        raise CommandError(f"The database cannot be used: {error}") from error
    finally:
        connections.close_all()


async def say_ready(terminal: Terminal, username: str) -> None:
    line = f"Ready: {config.origin}/  sign in as {username}"
    password = await asyncio.to_thread(prepare.first_password, username)
    if password:
        line += f"  with the password {password} (made for this installation; shown only now)"
    terminal.say_unlogged(line)
