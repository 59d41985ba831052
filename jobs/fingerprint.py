"""Recognising our own request in the vendor's history.

The history echoes the model and the prompt and nothing else of a request. A vendor may trim, fold
or cut a prompt, so both sides are compared in a normal form.
"""

import hashlib
import unicodedata

from neuralbox import family

# A vendor that cuts long prompts has been assumed to keep at least this much.
COMPARED_CHARS = 400


def of(model: str, prompt: str) -> str:
    """Return the fingerprint of a request, or of a history entry, as hex text."""
    plain = " ".join(unicodedata.normalize("NFC", prompt).split()).casefold()[:COMPARED_CHARS]
    return hashlib.sha256(f"{family(model)}\n{plain}".encode()).hexdigest()
