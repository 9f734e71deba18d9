"""The ASGI application that uvicorn serves."""

from __future__ import annotations

import os
from typing import cast

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kb.settings")
django.setup(set_prefix=False)

from kb.body_limit import Application, BodyLimit
from kb.conf import config
from kb.handler import OneThreadHandler
from kb.request_threads import RequestThreads

_MULTIPART_OVERHEAD = 1 << 20

application = BodyLimit(
    RequestThreads(cast("Application", OneThreadHandler())),
    (config.upload_mb << 20) + _MULTIPART_OVERHEAD,
)
