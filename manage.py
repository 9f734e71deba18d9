#!/usr/bin/env python
"""Django's command-line entry point."""

import os
import re
import sys

# As SQLite and PostgreSQL say it.
_MISSING_TABLE = re.compile(
    r"no such (?:table|column)|relation \".*\" does not exist|column .* does not exist"
)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kb.settings")
    from django.core.management import execute_from_command_line
    from django.db.utils import OperationalError, ProgrammingError

    from kb.exceptions import ConfigurationError

    try:
        execute_from_command_line(sys.argv)
    except ConfigurationError as error:
        sys.exit(f"Configuration error: {error.message}")
    except (OperationalError, ProgrammingError) as error:
        if not _MISSING_TABLE.search(str(error)):
            raise
        from kb.conf import config

        sys.exit(
            f"The database of {config.data_dir} has no tables, or older ones. Start the site once with "
            "`manage.py up` (or run `manage.py migrate`). If it should have some, look at KB_DATA_DIR and "
            "KB_DATABASE_URL."
        )


if __name__ == "__main__":
    main()
