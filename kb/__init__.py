"""Reading and answering: accounts, library, search, language model, chat, API."""

import os

# Of a hub nothing is asked but the model. huggingface_hub reads this once, when it is imported.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
