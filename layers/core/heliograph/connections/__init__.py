"""Data sources: how they are reached, tested and spoken to."""
