#!/var/lang/bin/python3
"""The first process in a function's container, where LocalStack cannot download its own.

LocalStack starts a container from Lambda's image, copies this file to ``/var/rapid/init`` and runs
it with the image's Python. It starts the runtime of the image and stands between the two:

- to the runtime it is the Runtime API of Lambda, on port 9001;
- from LocalStack it takes invocations, ``POST /invoke`` on port 9563, and tells it at
  ``LOCALSTACK_RUNTIME_ENDPOINT`` when the function is ready, what it wrote and what it answered.

A function that runs out of time, or whose process ends, is answered for with the error that Lambda
gives, and its runtime starts anew. Extensions and streamed answers are not there.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.request import Request, urlopen

RUNTIME = "/var/runtime/bootstrap"
RUNTIME_PORT = 9001
INVOKE_PORT = 9563
PREFIX = "/2018-06-01/runtime"
SETTLE_SECONDS = 0.02  # what the function wrote before it answered is read by then


class LocalStack:
    """Where LocalStack listens for what becomes of one environment."""

    def __init__(self, endpoint: str, environment_id: str) -> None:
        self._endpoint = endpoint
        self._id = environment_id

    def tell_status(self, status: str, body: bytes = b"{}") -> None:
        """Say ``ready``, or ``error`` and why."""
        self._post(f"/status/{self._id}/{status}", body)

    def tell_outcome(self, invoke_id: str, kind: str, body: bytes, logs: str) -> None:
        """Hand over an answer (``response``) or an ``error``, after what the function wrote."""
        self._post(f"/invocations/{invoke_id}/logs", json.dumps({"logs": logs}).encode())
        self._post(f"/invocations/{invoke_id}/{kind}", body)

    def _post(self, path: str, body: bytes) -> None:
        headers = {"Content-Type": "application/json"}
        request = Request(self._endpoint + path, data=body, method="POST", headers=headers)  # noqa: S310
        try:
            with urlopen(request, timeout=30):  # noqa: S310
                return
        except OSError as error:
            print(f"init: LocalStack did not take {path}: {error}", flush=True)


class Environment:
    """One function's environment: at most one invocation at a time, as Lambda has it."""

    def __init__(self, localstack: LocalStack, timeout_seconds: int) -> None:
        self._localstack = localstack
        self._timeout_seconds = timeout_seconds
        self._waiting: queue.Queue[dict[str, Any]] = queue.Queue()
        self._lock = threading.Lock()
        self._current: str | None = None
        self._timer: threading.Timer | None = None
        self._lines: list[str] = []
        self._is_ready = False
        self._process: subprocess.Popen[str] | None = None

    def run_runtime(self) -> None:
        """Start the runtime, gather what it writes, and start it anew when it ends. Does not end.

        One that ends before it is ready is reported, and nothing comes after it.
        """
        while True:
            self._process = subprocess.Popen(  # noqa: S603
                [RUNTIME],
                env={**os.environ, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{RUNTIME_PORT}"},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
            for line in self._process.stdout or ():
                self._lines.append(line)
                print(line, end="", flush=True)
            code = self._process.wait()
            failure = _failure("Runtime.ExitError", f"Runtime exited with status {code}")
            if not self._is_ready:
                self._localstack.tell_status("error", failure)
                sys.exit(1)
            if self._current is not None:
                self.finish(self._current, "error", failure)

    def accept(self, invocation: dict[str, Any]) -> None:
        """Take an invocation of LocalStack; its time begins."""
        invoke_id = invocation["invoke-id"]
        with self._lock:
            self._current = invoke_id
            self._lines[:] = [f"START RequestId: {invoke_id} Version: $LATEST\n"]
            self._timer = threading.Timer(self._timeout_seconds, self._end_late, [invoke_id])
            self._timer.daemon = True
            self._timer.start()
        self._waiting.put(invocation)

    def next_invocation(self) -> tuple[bytes, dict[str, str]]:
        """Wait for an invocation; return its payload and the headers that describe it."""
        if not self._is_ready:
            self._is_ready = True
            self._localstack.tell_status("ready")
        invocation = self._waiting.get()
        return invocation["payload"].encode(), {
            "Lambda-Runtime-Aws-Request-Id": invocation["invoke-id"],
            "Lambda-Runtime-Invoked-Function-Arn": invocation.get("invoked-function-arn") or "",
            "Lambda-Runtime-Trace-Id": invocation.get("trace-id") or "",
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + self._timeout_seconds) * 1000)),
        }

    def fail_start(self, error: bytes) -> None:
        """Report that the function could not be imported."""
        self._localstack.tell_status("error", error)

    def finish(self, invoke_id: str, kind: str, body: bytes) -> None:
        """Hand over how an invocation ended; the first to say so counts."""
        with self._lock:
            if self._current != invoke_id:
                return
            self._current = None
            if self._timer is not None:
                self._timer.cancel()
        time.sleep(SETTLE_SECONDS)
        end = f"END RequestId: {invoke_id}\n"
        self._localstack.tell_outcome(invoke_id, kind, body, "".join([*self._lines, end]))

    def _end_late(self, invoke_id: str) -> None:
        """End an invocation whose time is over, and the process that does not end it."""
        said = f"Task timed out after {self._timeout_seconds:.2f} seconds"
        self._lines.append(f"{invoke_id} {said}\n")
        self.finish(
            invoke_id, "error", _failure("Sandbox.Timedout", f"RequestId: {invoke_id} {said}")
        )
        if self._process is not None:
            self._process.kill()


class Handler(BaseHTTPRequestHandler):
    """What both servers have in common."""

    protocol_version = "HTTP/1.1"
    environment: Environment

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Write nothing: the output is the function's."""

    def read_body(self) -> bytes:
        """Return the body, in chunks or of a known length."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def answer(self, status: int, body: bytes = b"{}", **headers: str) -> None:
        """Send an answer; the headers' names have _ for -."""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


class RuntimeApi(Handler):
    """What the runtime asks: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html."""

    def do_GET(self) -> None:
        """Give the next invocation."""
        if self.path != f"{PREFIX}/invocation/next":
            return self.answer(404)
        payload, headers = self.environment.next_invocation()
        return self.answer(200, payload, **headers)

    def do_POST(self) -> None:
        """Take an answer, an error, or the failure of the start."""
        body, parts = self.read_body(), self.path.removeprefix(f"{PREFIX}/").split("/")
        if parts == ["init", "error"]:
            self.environment.fail_start(body)
        elif len(parts) == 3 and parts[0] == "invocation" and parts[2] in ("response", "error"):
            self.environment.finish(parts[1], parts[2], body)
        else:
            return self.answer(404)
        return self.answer(202)


class InvokeApi(Handler):
    """What LocalStack asks."""

    def do_POST(self) -> None:
        """Take an invocation."""
        if self.path != "/invoke":
            return self.answer(404)
        self.environment.accept(json.loads(self.read_body()))
        return self.answer(200)


def _failure(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()


def main() -> None:
    """Serve both sides and look after the runtime, until the container is stopped."""
    # The first process of a container has no such habit of its own.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    known = os.environ
    localstack = LocalStack(known["LOCALSTACK_RUNTIME_ENDPOINT"], known["LOCALSTACK_RUNTIME_ID"])
    Handler.environment = Environment(localstack, int(known["AWS_LAMBDA_FUNCTION_TIMEOUT"]))
    runtime_api = ThreadingHTTPServer(("127.0.0.1", RUNTIME_PORT), RuntimeApi)
    invoke_api = ThreadingHTTPServer(("0.0.0.0", INVOKE_PORT), InvokeApi)  # noqa: S104
    for server in (runtime_api, invoke_api):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    Handler.environment.run_runtime()


if __name__ == "__main__":
    main()
