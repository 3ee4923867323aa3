"""The trail in the formats of others: one stream of rows (`trail.py`), one writer for each format (`formats.py`)."""
