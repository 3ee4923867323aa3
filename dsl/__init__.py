"""Text in, (value, diagnostics) out: from process files to definitions. Nothing here raises on user text."""

if __name__ == "dsl":  # a bare import would make a second copy of every class
    raise ImportError("import charter.dsl, not dsl")
