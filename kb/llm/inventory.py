"""Which language models there are, and which of them fit into this machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kb.conf import BUILT_IN, Config, read_endpoints
from kb.llm.errors import ModelLoadError
from kb.llm.gguf import ModelFacts, read_facts
from kb.llm.memory import Need, available_bytes, gpu_free_bytes, need_of
from kb.llm.model_file import ModelFile, check_model_file, find_model, is_copy


def models_folder(config: Config) -> Path:
    """Where models are pulled to, and what is derived from them is kept."""
    return config.data_dir.absolute() / "models"


@dataclass(frozen=True)
class Room:
    """Free bytes of this machine; None where nobody tells, or there is no GPU."""

    memory_bytes: int | None
    gpu_bytes: int | None


@dataclass(frozen=True)
class Listed:
    """A model file.

    Attributes:
        facts: None where the file cannot be used.
        problem: why not.
        is_configured: the model server loads it.
    """

    path: Path
    is_configured: bool
    facts: ModelFacts | None = None
    need: Need | None = None
    problem: str = ""

    def fits(self, free_bytes: int | None) -> bool | None:
        """None where that cannot be said."""
        if self.need is None or free_bytes is None:
            return None
        return self.need.total_bytes <= free_bytes

    def as_json(self, room: Room) -> dict[str, Any]:
        return {
            "path": str(self.path),
            "configured": self.is_configured,
            "problem": self.problem,
            **(asdict(self.facts) if self.facts else {}),
            **(asdict(self.need) | {"needed_bytes": self.need.total_bytes} if self.need else {}),
            "fits_memory": self.fits(room.memory_bytes),
            "fits_gpu": self.fits(room.gpu_bytes),
        }


def room() -> Room:
    return Room(available_bytes(), gpu_free_bytes())


def foreign_endpoint(config: Config) -> str:
    """Where questions go in place of a model here; empty where that is our own running server."""
    own = read_endpoints(config.data_dir).get("KB_LLM_URL", "")
    return "" if config.llm_url == own else config.llm_url


def list_models(config: Config) -> Iterator[Listed]:
    """The configured one first, then those in the data folder.

    A checksum is not looked at here; reading a large file takes long.
    """
    configured = None
    if not foreign_endpoint(config):
        try:
            configured = find_model(config.llm_model).path
            yield _listed(configured, config, is_configured=True)
        except ModelLoadError as error:
            path = Path("" if config.llm_model == BUILT_IN else config.llm_model).expanduser()
            yield Listed(path, True, problem=error.message)
    for path in sorted(models_folder(config).rglob("[!.]*.gguf")):
        if not is_copy(path) and (configured is None or not _is_same(path, configured)):
            yield _listed(path, config, is_configured=False)


def _is_same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:  # one is not there, or is a link to itself
        return path.absolute() == other.absolute()


def _listed(path: Path, config: Config, *, is_configured: bool) -> Listed:
    try:
        check_model_file(ModelFile(path))
        facts = read_facts(path)
    except ModelLoadError as error:
        return Listed(path, is_configured, problem=error.message)
    need = need_of(facts, config.llm_context, config.llm_slots, config.llm_cache)
    return Listed(path, is_configured, facts, need)
