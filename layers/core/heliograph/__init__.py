"""Heliograph: ask a live database, keep the question, be told when the answer changes."""

__version__ = "0.1.0"
