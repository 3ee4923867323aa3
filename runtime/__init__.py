"""The room with doors: storage, people, time, connectors and the command line."""

if __name__ == "runtime":  # a bare import would make a second copy of every class
    raise ImportError("import charter.runtime, not runtime")
