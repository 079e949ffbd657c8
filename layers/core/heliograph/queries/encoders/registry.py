"""The formats by name. Modules are loaded when they are first asked for."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from heliograph.kernel.errors import UsageError
from heliograph.queries.encoders.contract import EncoderFactory

ENCODERS = {
    "json": "heliograph.queries.encoders.json:JsonEncoder",
    "ndjson": "heliograph.queries.encoders.json:NdjsonEncoder",
    "csv": "heliograph.queries.encoders.csv:CsvEncoder",
    "xlsx": "heliograph.queries.encoders.xlsx:XlsxEncoder",
    "table": "heliograph.queries.encoders.table:TableEncoder",
}
"""Format name to ``module:class``. Each class fulfils `contract.Encoder`."""


def load_encoder(name: str) -> EncoderFactory:
    """Return the encoder of a format. Raises `UsageError` for a name that is not registered."""
    if name not in ENCODERS:
        raise UsageError(f"There is no format {name}.", hint=f"There are {', '.join(ENCODERS)}.")
    module, _, attribute = ENCODERS[name].partition(":")
    return cast("EncoderFactory", getattr(import_module(module), attribute))
