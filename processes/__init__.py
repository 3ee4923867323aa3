"""The process library that Charter ships, as data."""

if __name__ == "processes":  # a bare import would make a second copy of every class
    raise ImportError("import charter.processes, not processes")
