"""moto's S3 behind a real socket, with the one promise of S3 that moto's threads do not keep.

moto compares the condition of a write and then writes, in two steps, so two threads of its server
can both win. Here requests take turns; then it keeps conditional writes as S3 does.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

BUCKET = "alerts"


class MotoServer:
    """An S3 at ``url``, and the environment in which it is found."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.environment: Mapping[str, str] = {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_REGION": "us-east-1",
        }

    def new_place(self) -> str:
        """Return an object's URL that nobody uses yet."""
        return f"s3://{BUCKET}/{uuid4().hex}/alerts.json"


@contextmanager
def running_moto() -> Iterator[MotoServer]:
    """Run the server on a free port of 127.0.0.1, with one empty bucket."""
    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server

    class Quiet(MotoRequestHandler):
        def log_request(self, *_args: object) -> None:
            """Say nothing of each request."""

    app, turn = DomainDispatcherApplication(create_backend_app), threading.Lock()

    def in_turn(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        with turn:
            return list(app(environ, start_response))

    server = make_server("127.0.0.1", 0, in_turn, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        moto = MotoServer(f"http://127.0.0.1:{server.server_port}")
        _make_bucket(moto)
        yield moto
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


def _make_bucket(moto: MotoServer) -> None:
    import boto3

    client = boto3.Session(
        aws_access_key_id="testing", aws_secret_access_key="testing", region_name="us-east-1"
    ).client("s3", endpoint_url=moto.url)
    client.create_bucket(Bucket=BUCKET)
    client.close()
