"""A process that serves the sample deployment: ``python serve_sample.py DATA_DIR DATABASE_URL``."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from heliograph.local.serve import ServeOptions, serve
from heliograph.local.ticks import Pace

options = ServeOptions(
    data_dir=Path(sys.argv[1]),
    port=0,
    database_url=sys.argv[2],
    shared_dir=Path(sys.argv[1]).parent,
    folder=Path(__file__).parent / "sample_deployment",
    leave_out=frozenset({"left_out"}),
    tick_pace=Pace(margin=timedelta(seconds=1), look=timedelta(seconds=0.5)),
)
serve(options, when_ready=lambda serving: print(serving.url, flush=True))
