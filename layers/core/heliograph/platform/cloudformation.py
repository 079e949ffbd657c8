"""Answers to CloudFormation about a custom resource: one PUT to a signed URL of S3.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref-responses.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from heliograph.kernel.errors import PlatformError

_SECONDS = 10
_ATTEMPTS = 3
_MOST_REASON = 1000  # an answer is 4 KB at most


def answer_custom_resource(
    event: Mapping[str, Any],
    *,
    resource_id: str,
    failure: str | None = None,
    data: Mapping[str, str] | None = None,
) -> None:
    """Tell CloudFormation that the request of ``event`` is done, or why it failed.

    ``data`` is what the template may read with GetAtt. Raises `PlatformError` when the answer is
    not taken in three attempts; CloudFormation then waits until the resource's ServiceTimeout.
    """
    body = {
        "Status": "SUCCESS" if failure is None else "FAILED",
        "Reason": (failure or "Done.")[:_MOST_REASON],
        "PhysicalResourceId": event.get("PhysicalResourceId") or resource_id,
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "Data": dict(data or {}),
    }
    _put(event["ResponseURL"], json.dumps(body).encode())


def _put(url: str, body: bytes) -> None:
    if not url.startswith(("https://", "http://")):  # http: LocalStack
        raise PlatformError("CloudFormation's ResponseURL is not one of http or https.")
    # The signature covers an empty type; left out, urllib would add one.
    request = Request(url, data=body, method="PUT", headers={"Content-Type": ""})  # noqa: S310
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with urlopen(request, timeout=_SECONDS):  # noqa: S310
                return
        except HTTPError as error:
            error.close()
            reason = f"status {error.code}"
        except (URLError, OSError) as error:
            reason = type(error).__name__
        if attempt < _ATTEMPTS:
            time.sleep(attempt)
    raise PlatformError(f"CloudFormation's ResponseURL did not take the answer: {reason}.")
