"""The headers that CloudFront puts on the site's files, read from the template that deploys it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from heliograph.kernel.errors import DeploymentInvalid
from heliograph.local.template import Template

POLICY = "SiteHeadersPolicy"
_KIND = "AWS::CloudFront::ResponseHeadersPolicy"


def read_site_headers(template: Template) -> Mapping[str, str]:
    """Return the headers of the resource ``SiteHeadersPolicy``; none where it is not there.

    The policy counts whether or not its condition is met: the site is served the same way here.
    Raises `DeploymentInvalid` for a part of it that is not understood.
    """
    resource = template.all_resources.get(POLICY)
    if resource is None:
        return {}
    if resource.get("Type") != _KIND:
        raise DeploymentInvalid(f"{template.name}, Resources.{POLICY}: it is no {_KIND}.")
    config = template.resolve(resource["Properties"]["ResponseHeadersPolicyConfig"])
    headers: dict[str, str] = {}
    for name, about in (config.get("SecurityHeadersConfig") or {}).items():
        if name not in _SECURITY:
            raise DeploymentInvalid(
                f"{template.name}, Resources.{POLICY}: the header {name} is not known here."
            )
        header, say = _SECURITY[name]
        headers[header] = say(about)
    for item in (config.get("CustomHeadersConfig") or {}).get("Items") or []:
        headers[str(item["Header"]).lower()] = str(item["Value"])
    if not all(isinstance(value, str) for value in headers.values()):
        raise DeploymentInvalid(
            f"{template.name}, Resources.{POLICY}: a header's value is not a text."
        )
    return headers


def _transport(about: Mapping[str, Any]) -> str:
    parts = [f"max-age={about['AccessControlMaxAgeSec']}"]
    if str(about.get("IncludeSubdomains", "false")).lower() == "true":
        parts.append("includeSubDomains")
    if str(about.get("Preload", "false")).lower() == "true":
        parts.append("preload")
    return "; ".join(parts)


def _xss(about: Mapping[str, Any]) -> str:
    is_on = str(about["Protection"]).lower() == "true"
    is_blocking = str(about.get("ModeBlock", "false")).lower() == "true"
    return ("1; mode=block" if is_blocking else "1") if is_on else "0"


_SECURITY: Mapping[str, tuple[str, Callable[[Mapping[str, Any]], str]]] = {
    "ContentSecurityPolicy": (
        "content-security-policy",
        lambda about: str(about["ContentSecurityPolicy"]),
    ),
    "ContentTypeOptions": ("x-content-type-options", lambda _: "nosniff"),
    "FrameOptions": ("x-frame-options", lambda about: str(about["FrameOption"])),
    "ReferrerPolicy": ("referrer-policy", lambda about: str(about["ReferrerPolicy"])),
    "StrictTransportSecurity": ("strict-transport-security", _transport),
    "XSSProtection": ("x-xss-protection", _xss),
}
