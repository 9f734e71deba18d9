"""The engine put together from the configuration; the one import that leads to llama.cpp."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from kb.conf import Config
from kb.llm.cores import usable_cores
from kb.llm.engine.devices import gpu_layers
from kb.llm.engine.faster_file import file_to_load, forget_copy, run_trial
from kb.llm.engine.llama import LlamaEngine, Shape
from kb.llm.errors import ModelLoadError
from kb.llm.gguf import read_facts
from kb.llm.kept_rows import rows_folder
from kb.llm.memory import available_bytes, check_memory, need_of
from kb.llm.model_file import check_model_file, find_model

logger = logging.getLogger(__name__)


def make_engine(config: Config, stopping: threading.Event) -> LlamaEngine:
    """Check, load and warm the configured model.

    Raises:
        ModelLoadError: with the reason (case 43).
    """
    model = find_model(config.llm_model)
    check_model_file(model)
    facts = read_facts(model.path)  # wherever it is computed: llama.cpp believes a head that lies
    layers = gpu_layers(config.device)
    need, free_bytes = (
        need_of(facts, config.llm_context, config.llm_slots, config.llm_cache),
        available_bytes(),
    )
    if not layers:
        check_memory(model.path, need, free_bytes)
    shape = Shape(
        context_tokens=config.llm_context,
        slots=config.llm_slots,
        cache_tokens=config.llm_cache,
        threads=config.llm_threads or usable_cores(),
        gpu_layers=layers,
        drafts=config.llm_draft,
        units_mib=0 if config.llm_known_passages == "off" else config.llm_known_mib,
        units_again=config.llm_known_again,
        units_disk_mib=config.llm_known_disk_mib,
        units_folder=rows_folder(config.data_dir.absolute()),
    )

    def load(path: Path) -> LlamaEngine:
        return LlamaEngine(path, shape, name=model.name, stopping=stopping)

    if layers or not config.llm_faster_copy:
        return load(model.path)
    trial = run_trial(shape.threads, stopping)
    file = file_to_load(model, facts, need, free_bytes, config.data_dir.absolute() / "models", trial)
    try:
        return load(file)
    except ModelLoadError:
        if file == model.path or stopping.is_set():
            raise
        logger.warning("The copy of the language model is damaged; it will be made again at the next start.")
        forget_copy(file)
        return load(model.path)
