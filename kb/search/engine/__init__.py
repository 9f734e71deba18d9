"""The index and the encoder: the only place of reading that imports model libraries."""

import sys

# OpenVINO would start a process that reports its use to a server of its maker. Without its reporter, which it
# can do without, nothing leaves this machine.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
