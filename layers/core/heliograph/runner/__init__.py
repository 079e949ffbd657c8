"""The standalone alert runner: one YAML file, one state file, no application database."""
