"""Where the model runs."""

from __future__ import annotations

from llama_cpp import llama_cpp as native

from kb.llm.errors import ModelLoadError

ALL_LAYERS = -1


def gpu_layers(device: str) -> int:
    """How many layers go to the GPU for KB_DEVICE: all or none.

    Raises:
        ModelLoadError: a GPU is demanded, and llama.cpp has or sees none.
    """
    if device == "cpu":
        return 0
    if native.llama_supports_gpu_offload():
        return ALL_LAYERS
    if device == "cuda":
        raise ModelLoadError(
            "KB_DEVICE is cuda, but llama-cpp-python was built without GPU support, or there is no GPU."
        )
    return 0
