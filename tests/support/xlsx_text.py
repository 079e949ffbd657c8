"""What Excel shows of a cell's text, which openpyxl leaves to its reader."""

from __future__ import annotations

import re


def unescape(text: str) -> str:
    """Undo ``_xHHHH_``, once and from left to right, as Excel does and openpyxl does not."""
    return re.sub("_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), text)
