"""The ASGI application that uvicorn serves."""

from __future__ import annotations

import os
from typing import cast

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kb.settings")

from kb.body_limit import Application, BodyLimit
from kb.conf import config
from kb.request_threads import RequestThreads

_MULTIPART_OVERHEAD = 1 << 20

application = BodyLimit(
    RequestThreads(cast("Application", get_asgi_application())),
    (config.upload_mb << 20) + _MULTIPART_OVERHEAD,
)
