"""Measurements against the floor, in the same run: `make bench`."""
