"""Ways to reach people, an extension point: a contract, one file per kind, one registry."""
