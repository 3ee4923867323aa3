"""Pictures of a process: what is drawn, where it stands, and the formats it is written in."""
