"""Cold starts: CPU from a fresh interpreter to a handler's first answer, with the AWS adapters in.

moto's server stands for AWS, a PostgreSQL for the app database. The floor is the import of what no
handler of this kind can do without.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
from tests.support.moto_server import MotoServer, running_moto

from heliograph.accounts.demo import make_demo_people
from heliograph.connections.models import ConnectionDraft
from heliograph.connections.url import parse_connection_url
from heliograph.kernel.actors import Actor, ActorKind
from heliograph.local.postgres_server import PostgresServer
from heliograph.platform.migrations import migrate
from heliograph.platform.postgres import connect
from heliograph.platform.settings import AppSettings
from heliograph.web.services import Services

ROOT = Path(__file__).parent.parent
FLOOR = "import chalice, psycopg, pydantic, botocore.session"
RUNNER = """
import json, sys
sys.path.insert(0, "functions")
asked = json.load(sys.stdin)

class Context:
    aws_request_id = "bench"
    def get_remaining_time_in_millis(self): return 29_000

module = __import__(asked["module"], fromlist=["handler"])
answer = getattr(module, asked["attribute"])(asked["event"], Context())
print(json.dumps(answer, default=str)[:200])
"""


def run(code: str, environment: Mapping[str, str], given: Any = None, repeat: int = 5) -> float:
    """Return the CPU milliseconds of an interpreter that runs ``code``: the quickest of several."""
    took = []
    for _ in range(repeat):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-c", code],
            input=json.dumps(given),
            env={"PATH": os.defpath, **environment},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return 1000 * min(took)


def api_event(path: str, token: str) -> dict[str, Any]:
    """Return the event of a GET by somebody who is signed in."""
    return {
        "resource": path,
        "path": path,
        "httpMethod": "GET",
        "headers": {"Authorization": f"Bearer {token}"},
        "multiValueHeaders": {"Authorization": [f"Bearer {token}"]},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "requestContext": {"resourcePath": path, "identity": {"sourceIp": "203.0.113.7"}},
        "body": None,
        "isBase64Encoded": False,
    }


def prepare(moto: MotoServer, url: str) -> dict[str, str]:
    """Make the neighbours in moto, and return the environment of a deployed function."""
    keys = {
        "endpoint_url": moto.url,
        "region_name": "us-east-1",
        "aws_access_key_id": "testing",
        "aws_secret_access_key": "testing",
    }
    secret = boto3.client("secretsmanager", **keys).create_secret(Name="app", SecretString=url)
    key = boto3.client("kms", **keys).create_key()["KeyMetadata"]["Arn"]
    sqs = boto3.client("sqs", **keys)
    queues = {
        f"HELIOGRAPH_{name.upper()}_QUEUE": sqs.create_queue(QueueName=name)["QueueUrl"]
        for name in ("schema", "query", "export")
    }
    boto3.client("s3", **keys).create_bucket(Bucket="results")
    return {
        **moto.environment,
        "HELIOGRAPH_DATABASE": secret["ARN"],
        "HELIOGRAPH_KEY": key,
        **queues,
        "HELIOGRAPH_BLOBS": "s3://results",
        "HELIOGRAPH_PUBLIC_URL": "https://heliograph.example",
    }


def bench_cold_starts(server: PostgresServer) -> None:
    """Measure every handler of the app."""
    with connect(server.url()) as connection:
        connection.execute(b"CREATE DATABASE cold")
    url = server.url("cold")
    migrate(url)
    with running_moto() as moto:
        environment = prepare(moto, url)
        settings = AppSettings(database=url, key=environment["HELIOGRAPH_KEY"])
        services = Services(settings, environment)
        admin, *_ = make_demo_people(services.database, services.clock)
        visitor = Actor(ActorKind.ANONYMOUS, address="203.0.113.7")
        token = services.sessions.sign_in(admin.email, admin.password, visitor).access_token
        place = parse_connection_url(server.url())
        draft = ConnectionDraft(
            name="Bench",
            host=place.host,
            port=place.port,
            database="postgres",
            username=place.user or "",
            password=place.password,
        )
        made = services.connections.create(Actor(ActorKind.CLI), draft)
        message = {"messageId": "1", "body": json.dumps({"connection_id": str(made.id)})}
        cases = [
            ("accounts", "handle", api_event("/api/me", token)),
            ("connections", "handle", api_event("/api/connections", token)),
            ("queries", "handle", api_event("/api/queries", token)),
            ("exports", "handle", api_event("/api/exports", token)),
            ("audit", "handle", api_event("/api/audit-events", token)),
            ("system", "handle", api_event("/api/health", token)),
            ("schema_reader", "read_schemas", {"Records": [message]}),
            ("query_runner", "run_queries", {"Records": [message]}),
            ("export_writer", "write_exports", {"Records": [message]}),
            ("janitor", "clean", {"look": "queries"}),
            ("migrator", "migrate", {}),
        ]
        print("\ncold starts, CPU ms from a fresh interpreter to the first answer, AWS adapters in")
        bare, floor = run("pass", {}), run(FLOOR, {})
        print(f"  an interpreter {bare:.0f}   {FLOOR} {floor:.0f}")
        for function, attribute, event in cases:
            given = {"module": f"{function}.handler", "attribute": attribute, "event": event}
            took = run(RUNNER, environment, given)
            aim = "  (aim: at most 2)" if attribute == "handle" else ""
            print(f"  {function:<16} {took:>6.0f}   / floor {took / floor:.2f}{aim}", flush=True)
        services.close()
