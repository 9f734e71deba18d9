"""A Celery application with one task, on the site's own settings."""

from __future__ import annotations

import os
from pathlib import Path

import django
from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kb.settings")
django.setup()

app = Celery("small")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.beat_schedule = {"often": {"task": "often", "schedule": 0.5}}


@app.task
def touch(path: str) -> None:
    Path(path).touch()
