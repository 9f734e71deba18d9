"""manage.py evaluate parsing: every file of a set through the sandbox, and through another program."""

from __future__ import annotations

import json
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from ingest.fidelity import Fidelity, Readable, compare, mean, readable
from ingest.parsers import ParseError
from ingest.sandbox import Sandbox
from kb.conf import config
from kb.exceptions import KBError

OTHER_TIMEOUT_S = 300


class NoParsingSetError(KBError):
    code = "no_parsing_set"
    http_status = 422


@dataclass(frozen=True)
class Pair:
    """A file, the kind that it counts for, and the text that should come out of it."""

    kind: str
    file: Path
    wanted: Path


@dataclass
class Results:
    """Of the files of one kind, by one program."""

    fidelity: list[Fidelity] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


def evaluate_parsing(path: Path, other: str | None, progress: Callable[[int, int], None]) -> dict[str, Any]:
    """Measure our parsers, and `other FILE`, which prints Markdown, on the same files.

    Raises:
        NoParsingSetError: there is no index.jsonl that names files.
    """
    pairs = list(_pairs(path))
    if not pairs:
        raise NoParsingSetError(f"{path / 'index.jsonl'} names no file with its groundtruth_md.")
    ours: dict[str, Results] = {}
    theirs: dict[str, Results] = {}
    wanted: dict[str, list[Readable]] = {}
    with Sandbox(timeout_s=config.parse_timeout_s, memory_mb=config.parse_memory_mb) as sandbox:
        for done, pair in enumerate(pairs, 1):
            truth = readable(pair.wanted.read_text(encoding="utf-8"))
            wanted.setdefault(pair.kind, []).append(truth)
            _measure(ours.setdefault(pair.kind, Results()), pair, truth, partial(_parsed, sandbox))
            if other:
                _measure(theirs.setdefault(pair.kind, Results()), pair, truth, partial(_printed, other))
            progress(done, len(pairs))
    return {
        kind: {
            "files": len(truths),
            "headings": sum(truth.headings.total() for truth in truths),
            "tables": sum(len(truth.tables) for truth in truths),
            "ours": _figures(ours[kind]),
            **({"other": _figures(theirs[kind])} if other else {}),
        }
        for kind, truths in sorted(wanted.items())
    }


def _pairs(path: Path) -> Iterator[Pair]:
    """The lines of index.jsonl that have a text to compare with.

    A set may put several formats under one name, as "odf" for .odt, .odp and .ods: these count apart.
    """
    index = path / "index.jsonl"
    if not index.is_file():
        return
    entries = [json.loads(line) for line in index.read_text(encoding="utf-8").splitlines() if line.strip()]
    by_format: dict[str, set[str]] = {}
    for entry in entries:
        by_format.setdefault(entry["format"], set()).add(_extension(entry))
    for entry in entries:
        if not entry.get("groundtruth_md"):
            continue
        named = entry["format"] in by_format[entry["format"]]
        kind = entry["format"] if named else _extension(entry)
        yield Pair(kind, path / entry["source"], path / entry["groundtruth_md"])


def _extension(entry: dict[str, Any]) -> str:
    return Path(entry["source"]).suffix.lower().removeprefix(".")


def _measure(results: Results, pair: Pair, truth: Readable, convert: Callable[[Path], Readable]) -> None:
    started = time.perf_counter()
    try:
        shown = convert(pair.file)
    except (ParseError, subprocess.SubprocessError, OSError) as error:
        results.failures[pair.file.name] = getattr(error, "code", type(error).__name__)
        results.fidelity.append(Fidelity(0.0, 0, 0))
    else:
        results.fidelity.append(compare(shown, truth))
    results.seconds += time.perf_counter() - started


def _parsed(sandbox: Sandbox, file: Path) -> Readable:
    parsed = sandbox.parse(file, file.name)
    return readable(parsed.text, parsed.format)


def _printed(program: str, file: Path) -> Readable:
    # The program is named on the command line by whoever runs this.
    done = subprocess.run(  # noqa: S603
        [*shlex.split(program), str(file)], capture_output=True, timeout=OTHER_TIMEOUT_S, check=True
    )
    return readable(done.stdout.decode("utf-8", "replace"))


def _figures(results: Results) -> dict[str, Any]:
    figures: dict[str, Any] = {
        "token_f1": round(mean(one.token_f1 for one in results.fidelity), 3),
        "headings_found": sum(one.headings for one in results.fidelity),
        "tables_found": sum(one.tables for one in results.fidelity),
        "files_per_s": round(len(results.fidelity) / results.seconds, 1) if results.seconds else 0.0,
    }
    if results.failures:
        figures["failed"] = results.failures
    return figures
