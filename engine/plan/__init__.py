"""A definition prepared for cases, and what is seen from a place in one. Looks only, and changes nothing."""
