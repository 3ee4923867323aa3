"""The files that the packages bring with them: grammars, tables, words, messages, pages. No other file is read here.

They are asked of the loader that the package came from, as `importlib.resources` does, which would load much to do so.
"""

from __future__ import annotations

import sys
from typing import Any


def shipped(package: str, path: str) -> str:
    """Gives the text of a file in the folder of an imported package."""
    module: Any = sys.modules[package]
    data: bytes = module.__loader__.get_data(f"{module.__path__[0]}/{path}")
    return data.decode("utf-8")
