"""What is to be known of the schema before its tables are loaded: its number, and the chain that is no case's."""

from __future__ import annotations

SCHEMA = 19  # raised with every migration

# The chain of what concerns no single case: people, deployments, configuration, commands that reached no case.
ORGANISATION = "organisation"
