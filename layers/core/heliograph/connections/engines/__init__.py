"""The database engines, one file or folder per kind, and their registry."""
