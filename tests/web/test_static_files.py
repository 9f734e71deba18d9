"""The static files as they are served."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management import call_command

HASHED = re.compile(r"\.[0-9a-f]{12}\.js$")


@pytest.fixture
def collected(settings: object, tmp_path: Path) -> Path:
    """All static files, collected as `manage.py up` does it."""
    settings.STATIC_ROOT = tmp_path  # type: ignore[attr-defined]
    settings.STORAGES = {  # type: ignore[attr-defined]
        **settings.STORAGES,  # type: ignore[attr-defined]
        "staticfiles": {"BACKEND": "kb.staticfiles.HashedFilesStorage"},
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    return tmp_path


def test_modules_import_each_other_by_hashed_names(collected: Path) -> None:
    modules = [
        path for path in (collected / "js").glob("*.js") if re.search(r"\.[0-9a-f]{12}\.js$", path.name)
    ]
    assert modules
    for module in modules:
        for name in re.findall(r'from "\./([^"]+)"', module.read_text()):
            assert HASHED.search(name), f"{module.name} imports {name}"
            assert (collected / "js" / name).is_file()
