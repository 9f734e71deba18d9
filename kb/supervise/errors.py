"""Why `manage.py up` cannot run."""

from __future__ import annotations

from kb.exceptions import KBError


class AlreadyRunningError(KBError):
    """Fields: pid, the process that holds the data folder."""

    code = "already_running"
    default_message = "This data folder is already in use."


class PortTakenError(KBError):
    """Fields: host and port."""

    code = "port_taken"
    default_message = "The port is in use."


class StartError(KBError):
    """A process that the site cannot do without does not come up."""

    code = "start_failed"
    default_message = "A process does not start."
