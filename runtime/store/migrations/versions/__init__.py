"""One file a schema number, named by it; each goes from the number before to its own."""
