"""Charter: processes as text that is checked, executed, measured and audited."""

from os import path as _path

__version__ = "0.1.0"

if not _path.isdir(_path.join(__path__[0], "engine")):
    # A copy without symbolic links (a zip, Windows) holds the rooms nevertheless, two folders up.
    __path__.append(_path.dirname(_path.dirname(__path__[0])))
