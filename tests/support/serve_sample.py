"""A process that serves the sample deployment: ``python serve_sample.py DATA_DIR DATABASE_URL``."""

from __future__ import annotations

import sys
from pathlib import Path

from heliograph.local.serve import ServeOptions, serve

options = ServeOptions(
    data_dir=Path(sys.argv[1]),
    port=0,
    database_url=sys.argv[2],
    folder=Path(__file__).parent / "sample_deployment",
    leave_out=frozenset({"left_out"}),
)
serve(options, when_ready=lambda serving: print(serving.url, flush=True))
