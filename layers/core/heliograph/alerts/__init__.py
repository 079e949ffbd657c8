"""Alerts: rules, the state machine and schedules. Pure: no I/O, no clock of their own."""
