"""Reading and answering: accounts, library, search, language model, chat, API."""
