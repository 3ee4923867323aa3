"""What the engine runs, made of what the passes have checked: definitions and scenarios."""
