"""The demo shop: a small, believable database that Heliograph makes by itself."""
