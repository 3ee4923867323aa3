"""What can be proved of a process before anything runs: its steps, explored over values that stand for others."""
