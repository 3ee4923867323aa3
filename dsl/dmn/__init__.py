"""DMN models of other tools: read from XML, checked, and taken over as decisions of the language."""
