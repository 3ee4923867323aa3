"""The third kind of error: our own bug, or the environment. Diagnostics and refusals are values, not exceptions."""

from __future__ import annotations


class CharterError(Exception):
    """Base of every exception that Charter raises on purpose.

    `code` is stable (CH0xx), `exit_code` is what the command line ends with, `arguments` fill the message
    table's sentence for the code; `str()` gives a plain English sentence for logs.
    """

    code = "CH001"
    exit_code = 70

    def __init__(self, message: str, *, code: str | None = None, **arguments: object) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code
        self.arguments: dict[str, object] = {"detail": message, **arguments}
