"""Who did what, and when: written with the change itself, never changed afterwards."""
