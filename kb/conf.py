"""Every setting: read once from the environment, strictly parsed, bounded, frozen.

`docs/configuration.md` lists the same table; a test holds the two together.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from kb.exceptions import ConfigurationError

ENDPOINTS_FILE = Path("run") / "endpoints.json"
BUILT_IN = "built-in"

Parser = Callable[[str, str], Any]


def text(name: str, value: str) -> str:
    return value


def path(name: str, value: str) -> Path:
    return Path(value).expanduser()


def boolean(name: str, value: str) -> bool:
    if value not in ("0", "1"):
        raise ConfigurationError(f"{name} must be 0 or 1, not {value!r}.")
    return value == "1"


def integer(low: int, high: int) -> Parser:
    def parse(name: str, value: str) -> int:
        if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
            raise ConfigurationError(f"{name} must be a whole number from {low} to {high}, not {value!r}.")
        return int(value)

    return parse


def number(low: float, high: float) -> Parser:
    def parse(name: str, value: str) -> float:
        try:
            parsed = float(value)
        except ValueError:
            parsed = float("nan")
        if not low <= parsed <= high:
            raise ConfigurationError(f"{name} must be a number from {low} to {high}, not {value!r}.")
        return parsed

    return parse


def choice(*allowed: str) -> Parser:
    def parse(name: str, value: str) -> str:
        if value not in allowed:
            raise ConfigurationError(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")
        return value

    return parse


def words(name: str, value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())


def setting(name: str, parse: Parser, default: str, *, secret: bool = False) -> Any:
    """A field of `Config`. A secret is also read from the file that NAME_FILE names."""
    return field(metadata={"name": name, "parse": parse, "default": default, "secret": secret})


@dataclass(frozen=True)
class Config:
    """The settings of this process. Units are in the names."""

    data_dir: Path = setting("KB_DATA_DIR", path, "var")
    host: str = setting("KB_HOST", text, "127.0.0.1")
    port: int = setting("KB_PORT", integer(1, 65535), "8000")
    public_url: str = setting("KB_PUBLIC_URL", text, "")
    allowed_hosts: tuple[str, ...] = setting("KB_ALLOWED_HOSTS", words, "")
    web_workers: int = setting("KB_WEB_WORKERS", integer(1, 64), "1")
    worker_threads: int = setting("KB_WORKER_THREADS", integer(1, 64), "3")
    debug: bool = setting("KB_DEBUG", boolean, "0")
    log_level: str = setting("KB_LOG_LEVEL", choice("DEBUG", "INFO", "WARNING", "ERROR"), "INFO")
    secret_key: str = setting("KB_SECRET_KEY", text, "", secret=True)
    secret_key_previous: str = setting("KB_SECRET_KEY_PREVIOUS", text, "", secret=True)
    admin_username: str = setting("KB_ADMIN_USERNAME", text, "admin")
    admin_password: str = setting("KB_ADMIN_PASSWORD", text, "", secret=True)
    demo: bool = setting("KB_DEMO", boolean, "1")

    database_url: str = setting("KB_DATABASE_URL", text, "", secret=True)
    redis_url: str = setting("KB_REDIS_URL", text, "", secret=True)
    search_urls: tuple[str, ...] = setting("KB_SEARCH_URL", words, "")
    vector_index: str = setting("KB_VECTOR_INDEX", choice("faiss", "milvus"), "faiss")
    milvus_uri: str = setting("KB_MILVUS_URI", text, "", secret=True)
    device: str = setting("KB_DEVICE", choice("auto", "cpu", "cuda"), "auto")

    embedding_model: str = setting("KB_EMBEDDING_MODEL", text, BUILT_IN)
    reranker_model: str = setting("KB_RERANKER_MODEL", text, "")
    support_model: str = setting("KB_SUPPORT_MODEL", text, "")
    chunk_tokens: int = setting("KB_CHUNK_TOKENS", integer(32, 2048), "200")
    candidates: int = setting("KB_CANDIDATES", integer(10, 1000), "100")
    passages: int = setting("KB_PASSAGES", integer(1, 20), "5")
    passage_tokens: int = setting("KB_PASSAGE_TOKENS", integer(64, 16384), "300")
    withhold_flagged: bool = setting("KB_WITHHOLD_FLAGGED", boolean, "1")

    llm_model: str = setting("KB_LLM_MODEL", text, BUILT_IN)
    llm_url: str = setting("KB_LLM_URL", text, "")
    llm_api_key: str = setting("KB_LLM_API_KEY", text, "", secret=True)
    llm_context: int = setting("KB_LLM_CONTEXT", integer(512, 1_048_576), "4096")
    llm_slots: int = setting("KB_LLM_SLOTS", integer(1, 64), "8")
    llm_cache: int = setting("KB_LLM_CACHE", integer(0, 16_777_216), "0")
    llm_draft: bool = setting("KB_LLM_DRAFT", boolean, "1")
    llm_faster_copy: bool = setting("KB_LLM_FASTER_COPY", boolean, "1")
    llm_known_passages: str = setting("KB_LLM_KNOWN_PASSAGES", choice("off", "on", "auto"), "auto")
    llm_known_mib: int = setting("KB_LLM_KNOWN_MIB", integer(16, 1_048_576), "256")
    llm_known_again: int = setting("KB_LLM_KNOWN_AGAIN", integer(0, 64), "0")
    llm_known_disk_mib: int = setting("KB_LLM_KNOWN_DISK_MIB", integer(0, 16_777_216), "0")
    llm_queue: int = setting("KB_LLM_QUEUE", integer(0, 1000), "16")
    llm_threads: int = setting("KB_LLM_THREADS", integer(0, 512), "0")
    llm_timeout_s: int = setting("KB_LLM_TIMEOUT_S", integer(1, 3600), "120")
    answer_tokens: int = setting("KB_ANSWER_TOKENS", integer(16, 8192), "256")
    question_chars: int = setting("KB_QUESTION_CHARS", integer(100, 100_000), "4000")

    rule_log_days: int = setting("KB_RULE_LOG_DAYS", integer(1, 3650), "365")
    rule_trials_show_questions: bool = setting("KB_RULE_TRIALS_SHOW_QUESTIONS", boolean, "0")

    upload_mb: int = setting("KB_UPLOAD_MB", integer(1, 10_000), "50")
    parse_timeout_s: int = setting("KB_PARSE_TIMEOUT_S", integer(1, 3600), "180")
    parse_memory_mb: int = setting("KB_PARSE_MEMORY_MB", integer(128, 65_536), "1024")
    ocr: str = setting("KB_OCR", choice("auto", "on", "off"), "auto")
    ocr_languages: tuple[str, ...] = setting("KB_OCR_LANGUAGES", words, "eng")
    ocr_pages: int = setting("KB_OCR_PAGES", integer(1, 5000), "500")
    ocr_timeout_s: int = setting("KB_OCR_TIMEOUT_S", integer(1, 3600), "60")
    ocr_memory_mb: int = setting("KB_OCR_MEMORY_MB", integer(128, 65_536), "1024")
    page_cache_mb: int = setting("KB_PAGE_CACHE_MB", integer(1, 1_048_576), "256")
    archive_files: int = setting("KB_ARCHIVE_FILES", integer(1, 100_000), "2000")
    archive_mb: int = setting("KB_ARCHIVE_MB", integer(1, 100_000), "1024")
    source_roots: tuple[str, ...] = setting("KB_SOURCE_ROOTS", words, "")
    source_networks: tuple[str, ...] = setting("KB_SOURCE_NETWORKS", words, "")
    lease_s: int = setting("KB_LEASE_S", integer(5, 3600), "60")

    eval_data: Path = setting("KB_EVAL_DATA", path, "../shared/data")

    @property
    def origin(self) -> str:
        """The address people open, without a slash at the end."""
        host = "127.0.0.1" if self.host in ("", "0.0.0.0", "::") else self.host  # noqa: S104
        return (self.public_url or f"http://{host}:{self.port}").rstrip("/")


def load(environment: Mapping[str, str]) -> Config:
    """Parse the environment.

    What `manage.py up` chose (the addresses of its embedded processes) is read from the data folder, so
    that a command in another terminal finds them; a variable that is set wins.

    Raises:
        ConfigurationError: an unknown KB_ name, or a value that does not parse or is out of bounds.
    """
    specs = [item.metadata for item in fields(Config)]
    known = {spec["name"] for spec in specs} | {f"{spec['name']}_FILE" for spec in specs if spec["secret"]}
    unknown = sorted(name for name in environment if name.startswith("KB_") and name not in known)
    if unknown:
        raise ConfigurationError(f"Unknown setting: {', '.join(unknown)}. See docs/configuration.md.")
    data_dir = path("KB_DATA_DIR", environment.get("KB_DATA_DIR") or "var")
    endpoints = read_endpoints(data_dir)
    if environment.get("KB_LLM_URL"):
        endpoints.pop("KB_LLM_API_KEY", None)  # it opens our own model server and is nobody else's to see
    values = {item.name: _value(item.metadata, environment, endpoints) for item in fields(Config)}
    return Config(**values)


def read_endpoints(data_dir: Path) -> dict[str, str]:
    """The addresses that a running `manage.py up` wrote; empty when there is none."""
    try:
        found = json.loads((data_dir / ENDPOINTS_FILE).read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    except OSError as error:
        raise ConfigurationError(f"KB_DATA_DIR {data_dir} cannot be used: {error.strerror}.") from error
    return {name: value for name, value in found.items() if isinstance(value, str)}


def _value(spec: Mapping[str, Any], environment: Mapping[str, str], endpoints: Mapping[str, str]) -> Any:
    name = spec["name"]
    raw = environment.get(name, "")
    file_name = environment.get(f"{name}_FILE", "") if spec["secret"] else ""
    if raw and file_name:
        raise ConfigurationError(f"Set {name} or {name}_FILE, not both.")
    if file_name:
        try:
            raw = Path(file_name).read_text().strip()
        except OSError as error:
            raise ConfigurationError(f"{name}_FILE cannot be read: {error.strerror}.") from error
    return spec["parse"](name, raw or endpoints.get(name, "") or spec["default"])


config = load(os.environ)
