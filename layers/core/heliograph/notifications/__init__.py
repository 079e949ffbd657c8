"""Notifications: channels, templates and deliveries."""
