"""What a command does to a case: checked, carried out, and everything that follows. Knows no host."""
