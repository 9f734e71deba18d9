"""Loaded before Django: the tests' own data folder and settings, whatever the shell has set."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

# The one that tests may be given: another database, by its address. Django makes one of its own there.
_DATABASE_URL = os.environ.get("TESTS_DATABASE_URL", "")

for _name in [name for name in os.environ if name.startswith("KB_") and name != "KB_EVAL_DATA"]:
    del os.environ[_name]

DATA_DIR = tempfile.mkdtemp(prefix="kb-tests-")
(Path(DATA_DIR) / "static").mkdir()  # whitenoise warns when it is missing
atexit.register(shutil.rmtree, DATA_DIR, ignore_errors=True)

os.environ["KB_DATA_DIR"] = DATA_DIR
os.environ["KB_SECRET_KEY"] = "only-for-tests-" + "x" * 50
os.environ["KB_DEMO"] = "0"
if _DATABASE_URL:
    os.environ["KB_DATABASE_URL"] = _DATABASE_URL
# Nothing listens there: a unit test that needs Redis starts its own.
os.environ["KB_REDIS_URL"] = "redis://127.0.0.1:1/0"
os.environ["HF_HUB_OFFLINE"] = "1"
