"""Decisions in the terms of OMG DMN 1.5: models, boxed expressions, decision tables, requirement graphs. Pure."""
