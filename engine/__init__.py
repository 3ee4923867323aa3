"""The pure room: what a process is and what a command does to a case. No clock, no ids, no I/O."""

if __name__ == "engine":  # a bare import would make a second copy of every class
    raise ImportError("import charter.engine, not engine")
