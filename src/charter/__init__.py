"""Charter: processes as text that is checked, executed, measured and audited."""

__version__ = "0.1.0"
