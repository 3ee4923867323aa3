"""The history of another system: its log read, mapped to a process, and retraced case by case."""
