"""The formats in which a result leaves: one file per format, and their registry."""
