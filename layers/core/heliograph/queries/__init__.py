"""Queries: guard, placeholders, execution and encoders."""
