"""python -m tests.performance [NAME …]: run benchmarks, print a table, write var/bench/latest.json."""

from __future__ import annotations

import importlib
import json
import os
import platform
import sys
import traceback
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kb.settings")

from tests.performance.result import CannotRunError, Result

WHERE = {
    "ingest_vs_bare": "ingest",
    "ingest_shipped_vs_bare": "ingest",
    "parse_vs_pypdf": "parsing",
    "encoder_bulk_over_bare": "encoder",
    "search_vs_bare_handbook": "search",
    "search_vs_bare": "search",
    "search_16_over_1": "search",
    "search_1m_over_100k": "scale",
    "filtered_recall_min": "scale",
    "filtered_p50_over_unfiltered": "scale",
    "search_memory_over_vectors": "scale",
    "replay_100k": "replay",
    "ttft_cold_vs_raw": "first_token",
    "ttft_warm_over_cold": "first_token",
    "ttft_second_question_over_cold": "first_token",
    "answer_again_over_cold": "first_token",
    "ttft_turn20_over_turn2": "conversation",
    "answer_overhead_1": "overhead",
    "answer_overhead_50": "overhead",
    "sse_200_total_over_ideal": "overhead",
    "sse_200_pace_over_ideal": "overhead",
    "ttft_known_passages_over_cold": "known_passages",
    "llm_8_over_1": "many_readers",
    "llm_worst_first_token_8_over_1": "many_readers",
    "stream_gap_under_prefill": "many_readers",
    "cold_prompts_8_over_1": "cold_prompts",
    "cold_prompts_median_first_token": "cold_prompts",
    "llm_8_over_native_server": "native_server",
    "llm_python_share": "python_share",
    "support_overhead": "support",
    "draft_speedup": "drafting",
    "draft_speedup_elsewhere": "drafting",
}
LATEST = Path("var") / "bench" / "latest.json"


def main(names: Sequence[str]) -> int:
    """Returns the exit status: 1 when a name is unknown or a benchmark broke, never for a missed target."""
    unknown = [name for name in names if name not in WHERE]
    if unknown:
        print(f"Unknown: {', '.join(unknown)}. There are: {', '.join(WHERE)}.")  # noqa: T201
        return 1
    _set_up_django()
    results, broken = [], False
    for module in dict.fromkeys(WHERE[name] for name in names or WHERE):
        wanted = [name for name in names or WHERE if WHERE[name] == module]
        print(f"Running {', '.join(wanted)} …", flush=True)  # noqa: T201
        try:
            run = importlib.import_module(f"tests.performance.{module}").run
            results += run(wanted)
        except CannotRunError as error:
            results += [Result.not_run(name, str(error)) for name in wanted]
        except Exception:
            traceback.print_exc()
            broken = True
    _report(results)
    return int(broken)


def _set_up_django() -> None:
    import django

    django.setup()


def _report(results: Sequence[Result]) -> None:
    machine = f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores"
    print(f"\n{'name':32} {'ratio':>7} {'target':>8}  {'ours':>10} {'baseline':>10}  unit, spread")  # noqa: T201
    for result in results:
        print(result.line())  # noqa: T201
    LATEST.parent.mkdir(parents=True, exist_ok=True)
    rows = [{**asdict(result), "meets": result.meets, "machine": machine} for result in results]
    LATEST.write_text(json.dumps(rows, indent=2) + "\n")
    print(f"\n{machine}; written to {LATEST}")  # noqa: T201


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
