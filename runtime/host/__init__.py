"""Where cases live: the command path on the database, the outbox, and the same in memory for scenarios."""
