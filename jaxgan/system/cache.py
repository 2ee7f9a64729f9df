"""Where what can be made again is kept: compiled programs, weights, reference statistics."""

import os
from pathlib import Path


def cache_directory() -> Path:
    """``~/.cache/jaxgan``, or below ``XDG_CACHE_HOME``; made by whoever writes to it."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "jaxgan"
