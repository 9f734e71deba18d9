"""A process that changes the database as ingest and the library do: a JSON command a line, a reply each.

Run with KB_DATA_DIR of the installation; it migrates the database first.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kb.settings")
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from tests.search.scribe_commands import COMMANDS

    reply({"ready": True})
    for line in sys.stdin:
        name, arguments = json.loads(line)
        reply(COMMANDS[name](**arguments))


def reply(value: Any) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
