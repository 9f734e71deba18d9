"""A process of workers that upload, publish, replace, delete, purge and search, all at once and at random.

Run with the settings of an installation in which something was published:
`python -m tests.database.writers WORKERS ROUNDS SEED`. Ends with one line of JSON.
"""

from __future__ import annotations

import json
import os
import random
import sys
import traceback
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from tests.database.work import Worker


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kb.settings")
    django.setup()
    from tests.database.work import Worker

    workers, rounds, seed = map(int, sys.argv[1:])
    with ThreadPoolExecutor(workers) as threads:
        hands = [Worker(random.Random(f"{seed}-{number}")) for number in range(workers)]
        reports = list(threads.map(lambda worker: work(worker, rounds), hands))
    troubles = [trouble for _, found in reports for trouble in found]
    done = sum((counted for counted, _ in reports), Counter[str]())
    sys.stdout.write(json.dumps({"done": done, "troubles": troubles}) + "\n")


def work(worker: Worker, rounds: int) -> tuple[Counter[str], list[str]]:
    """What was done how often, and everything that went wrong."""
    from django.db import connections

    done, troubles = Counter[str](), []
    for _ in range(rounds):
        for step in (worker.write, worker.remove, worker.search):
            try:
                done[step()] += 1
            except Exception:
                troubles.append(traceback.format_exc())
    connections.close_all()
    return done, troubles


if __name__ == "__main__":
    main()
