"""The deployed wiring on LocalStack: ``make localstack``."""
