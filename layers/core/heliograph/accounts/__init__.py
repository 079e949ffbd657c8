"""People, their groups, roles, rights, sessions and tokens."""
