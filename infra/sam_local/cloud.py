"""What a deployment makes of AWS, made in moto: buckets, queues, a key, secrets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from heliograph.platform.aws import open_client
from heliograph.platform.settings import AlertFileSettings, AppSettings, setting_name

REGION = "us-east-1"
CREDENTIALS: Mapping[str, str] = {
    "AWS_REGION": REGION,
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
}
_MOST_RECEIVES = 5
_ANSWER = "answer.json"


@dataclass(frozen=True, slots=True)
class Cloud:
    """Names of what was made; ``endpoint`` is moto's address for whoever uses them."""

    endpoint: str
    app: AppSettings
    alerts: AlertFileSettings

    @property
    def environment(self) -> dict[str, str]:
        """What boto3 needs to know."""
        return {"AWS_ENDPOINT_URL": self.endpoint, **CREDENTIALS}

    @property
    def variables(self) -> dict[str, str]:
        """What the functions of a deployment find in their environment, all of them together."""
        found = {"AWS_ENDPOINT_URL": self.endpoint}
        for settings in (self.app, self.alerts):
            for field in type(settings).__dataclass_fields__:
                found[setting_name(field)] = getattr(settings, field) or ""
        return found

    def client(self, service: str) -> Any:
        """Return a client of a service, to be closed by whoever asks."""
        return open_client(service, self.environment)

    def put_alerts(self, document: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        """Put the file of alerts, and the texts that it names, where the function finds them."""
        bucket, _, key = self.alerts.alerts_file.removeprefix("s3://").partition("/")
        with closing(self.client("s3")) as s3:
            s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(document).encode())
        with closing(self.client("secretsmanager")) as manager:
            manager.put_secret_value(
                SecretId=self.alerts.alerts_secret, SecretString=json.dumps(secrets)
            )

    def answer_url(self) -> str:
        """Return a URL that takes an answer to CloudFormation: signed, good for one object."""
        with closing(self.client("s3")) as s3:
            place = {"Bucket": self._results, "Key": _ANSWER}
            return str(s3.generate_presigned_url("put_object", Params=place))

    def read_answer(self) -> Any:
        """Return what was answered to CloudFormation."""
        with closing(self.client("s3")) as s3:
            return json.load(s3.get_object(Bucket=self._results, Key=_ANSWER)["Body"])

    @property
    def _results(self) -> str:
        return (self.app.blobs or "").removeprefix("s3://")


def make_cloud(endpoint: str, database_url: str) -> Cloud:
    """Make in the moto at ``endpoint`` what the template names; the functions find the database."""
    environment = {"AWS_ENDPOINT_URL": endpoint, **CREDENTIALS}
    stack = f"heliograph-{uuid4().hex[:8]}"
    with closing(open_client("s3", environment)) as s3:
        for name in ("results", "alerts"):
            s3.create_bucket(Bucket=f"{stack}-{name}")
    with closing(open_client("sqs", environment)) as sqs:
        queues = {
            f"{kind}_queue": _make_queue(sqs, f"{stack}-{kind}")
            for kind in ("schema", "query", "export")
        }
    with closing(open_client("kms", environment)) as kms:
        key = kms.create_key()["KeyMetadata"]["Arn"]
    with closing(open_client("secretsmanager", environment)) as manager:
        database = manager.create_secret(Name=f"{stack}/database", SecretString=database_url)
        secrets = manager.create_secret(Name=f"{stack}/alerts", SecretString="{}")
    app = AppSettings(
        database=database["ARN"],
        key=key,
        blobs=f"s3://{stack}-results",
        public_url="https://heliograph.example",
        **queues,
    )
    place = f"s3://{stack}-alerts"
    alerts = AlertFileSettings(f"{place}/alerts.yaml", f"{place}/state/alerts.json", secrets["ARN"])
    return Cloud(endpoint, app, alerts)


def _make_queue(sqs: Any, name: str) -> str:
    dead = sqs.create_queue(QueueName=f"{name}-dead-letters")["QueueUrl"]
    about = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]
    policy = {"deadLetterTargetArn": about["QueueArn"], "maxReceiveCount": _MOST_RECEIVES}
    attributes = {"RedrivePolicy": json.dumps(policy)}
    return str(sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])
