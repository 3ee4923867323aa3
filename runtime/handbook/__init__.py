"""The process handbook: pages that people read of processes, made from their files alone."""
