"""What every list takes in its query string."""

from __future__ import annotations

from pydantic import Field

from heliograph.kernel.pagination import DEFAULT_LIMIT, MOST_ITEMS, PageRequest
from heliograph.web.contract import QueryModel


class PageQuery(QueryModel):
    """A page of a list."""

    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MOST_ITEMS, description="How many items at most.")
    cursor: str | None = Field(
        None, max_length=1000, description="The `next` of the page before; none for the first."
    )

    def to_page(self) -> PageRequest:
        """Return what the service asks for."""
        return PageRequest(self.limit, self.cursor)
