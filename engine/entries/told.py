"""What every kind of entry has alike: its content is a small frozen value with typed fields.

A class is a kind, and its name in small letters is the kind's: `PersonAdded` is written as `person_added`. A field
without a default is always written, also where it is null; one with a default is left out where it holds that. Kinds
are never renamed, nor their fields: trails are older than programs. Knows neither the kinds nor their JSON
(`codec.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from msgspec import Struct

from charter.engine.plain import Kept


class Told(Kept, frozen=True):
    """The content of an entry. `kind`: the word for it; `outcome`: done, refused or failed, the same for a kind."""

    kind: ClassVar[str] = ""
    outcome: ClassVar[str] = "done"

    def __init_subclass__(cls, **config: Any) -> None:
        cls.kind = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


class Because(Struct, frozen=True):
    """Why the engine itself moved something: a code (CH570 to CH579, CH627) and the values that its sentence names."""

    code: str
    arguments: Mapping[str, Any]
