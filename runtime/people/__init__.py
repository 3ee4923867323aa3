"""Who there is and what they may do: the directory, its changes, and with whose authority somebody asks."""
