"""A certificate authority that lives for one test."""

from __future__ import annotations

import ssl

import trustme


class Authority:
    """Signs server certificates, and makes clients that trust it."""

    def __init__(self) -> None:
        self._ca = trustme.CA()

    def server(self, *names: str) -> ssl.SSLContext:
        """Return a server's context with a certificate for these names."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert(*names).configure_cert(context)
        return context

    def client(self) -> ssl.SSLContext:
        """Return a client's context that trusts this authority only."""
        context = ssl.create_default_context()
        self._ca.configure_trust(context)
        return context
