"""Our rules for template.yaml, for cfn-lint: what must be true of everything that we deploy.

::

    E9001  a function says its timeout, its memory, and which log it writes; the log forgets
    E9002  a function has a role of its own, which allows no * and nothing to anybody else
    E9003  a queue has a dead-letter queue, and gives its consumer time and a say per message
    E9004  a bucket is private, encrypted, and spoken to by TLS only
    E9005  an environment names secrets and holds none
    E9006  a noun of the API is served with all that lies below it, by any method
    E9007  a logical id ends in what the resource is
    E9008  a schedule is a rule of EventBridge
    E9009  the API's logs hold neither paths nor query strings

`.cfnlintrc.yaml` names this folder, so that ``cfn-lint`` and ``sam validate --lint`` apply them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

FUNCTION = "AWS::Serverless::Function"
QUEUE = "AWS::SQS::Queue"
BUCKET = "AWS::S3::Bucket"
VISIBILITY_FACTOR = 6  # AWS's advice for a queue that Lambda reads
NETWORK_POLICY = "service-role/AWSLambdaVPCAccessExecutionRole"

Found = Iterator[tuple[list[Any], str]]
"""Where something is wrong in the template, and what."""


class _Rule(CloudFormationLintRule):
    """What our rules share: `find` yields what is wrong."""

    source_url = "https://github.com/aws-cloudformation/cfn-lint/blob/main/docs/custom_rules.md"
    tags = ["heliograph"]  # noqa: RUF012  (as cfn-lint declares it)

    def find(self, cfn: Template) -> Found:
        """Yield the path and the sentence of everything that is wrong."""
        raise NotImplementedError

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Return what is wrong, as cfn-lint wants it."""
        return [RuleMatch(path, message) for path, message in self.find(cfn)]


class FunctionLimitsRule(_Rule):
    """A function that does not say what it needs gets 3 s, 128 MB and logs for ever."""

    id = "E9001"
    shortdesc = "Functions say their timeout, memory and log"
    description = "A function has Timeout, MemorySize and a log group of its own with a retention."

    def find(self, cfn: Template) -> Found:
        """Yield functions without one of them."""
        groups = [_target(f.get("LoggingConfig", {}).get("LogGroup")) for _, f in _functions(cfn)]
        for name, function in _functions(cfn):
            path = ["Resources", name, "Properties"]
            for key in ("Timeout", "MemorySize"):
                if not isinstance(function.get(key), int):
                    yield path, f"{name} says no {key}."
            group = _target(function.get("LoggingConfig", {}).get("LogGroup"))
            about = _resources(cfn, "AWS::Logs::LogGroup").get(group)
            if about is None:
                yield path, f"{name} has no log group in this template."
            elif "RetentionInDays" not in about:
                yield ["Resources", group], f"{group} keeps logs for ever."
            if about is not None and groups.count(group) > 1:
                yield path, f"{name} shares its log group {group}."


class FunctionRoleRule(_Rule):
    """SAM's own roles may write any log and, with a queue, read any queue."""

    id = "E9002"
    shortdesc = "Functions have least-privilege roles of their own"
    description = "A function has a role of its own, whose statements allow no * at all."

    def find(self, cfn: Template) -> Found:
        """Yield roles that are missing, shared or too wide."""
        roles = Counter(_target(function.get("Role")) for _, function in _functions(cfn))
        for name, function in _functions(cfn):
            role = _target(function.get("Role"))
            about = _resources(cfn, "AWS::IAM::Role").get(role)
            if about is None or "Policies" in function:
                yield ["Resources", name, "Properties"], f"{name} has no role in this template."
                continue
            if roles[role] > 1:
                yield ["Resources", name, "Properties", "Role"], f"{name} shares its role {role}."
            path = ["Resources", role, "Properties"]
            for arn in _texts(about.get("ManagedPolicyArns")):
                if not arn.endswith(NETWORK_POLICY):
                    yield path, f"{role} takes the managed policy {arn}."
            yield from self._wide(role, path, about)

    def _wide(self, role: str, path: list[Any], about: Any) -> Found:
        for statement in _statements(about.get("Policies")):
            if statement.get("Effect") != "Allow":
                continue
            told = statement.get("Sid", "a statement")
            if "NotAction" in statement or "NotResource" in statement:
                yield path, f"{role} allows in {told} all but something."
            if any("*" in action for action in _texts(statement.get("Action"))):
                yield path, f"{role} allows in {told} actions by *."
            if any(resource in ("*", "arn:*") for resource in _texts(statement.get("Resource"))):
                yield path, f"{role} allows {told} on every resource."


class QueueRule(_Rule):
    """A message that comes again while it is worked on is done twice."""

    id = "E9003"
    shortdesc = "Queues have dead letters, time and partial failures"
    description = (
        "A queue has a dead-letter queue, is encrypted, hides messages for six times the timeout of"
        " its consumer, and its consumer reports which messages failed."
    )

    def find(self, cfn: Template) -> Found:
        """Yield queues and consumers that do not fit."""
        queues = _resources(cfn, QUEUE)
        dead = {_dead_letters(about) for about in queues.values()} - {""}
        for name, about in queues.items():
            path = ["Resources", name, "Properties"]
            if name not in dead and _dead_letters(about) not in queues:
                yield path, f"{name} has no dead-letter queue in this template."
            if about.get("SqsManagedSseEnabled") is not True and "KmsMasterKeyId" not in about:
                yield path, f"{name} is not encrypted."
        for function, properties, event, about in _events(cfn, "SQS"):
            path = ["Resources", function, "Properties", "Events", event]
            queue = _target(about.get("Queue"))
            least = VISIBILITY_FACTOR * _number(properties.get("Timeout"), 3)
            seconds = _number(queues.get(queue, {}).get("VisibilityTimeout"), 30)
            if seconds < least:
                yield path, f"{queue} hides a message for {seconds} s; {function} needs {least}."
            if "ReportBatchItemFailures" not in about.get("FunctionResponseTypes", []):
                yield path, f"{function} fails whole batches: it lacks ReportBatchItemFailures."


class BucketRule(_Rule):
    """What lies in a bucket is somebody's data."""

    id = "E9004"
    shortdesc = "Buckets are private, encrypted and need TLS"
    description = "A bucket blocks public access, is encrypted, and denies what comes without TLS."

    _BLOCKS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")

    def find(self, cfn: Template) -> Found:
        """Yield buckets that are open in some way."""
        for name, about in _resources(cfn, BUCKET).items():
            path = ["Resources", name, "Properties"]
            blocks = about.get("PublicAccessBlockConfiguration", {})
            if missing := [key for key in self._BLOCKS if blocks.get(key) is not True]:
                yield path, f"{name} lacks {', '.join(missing)}."
            if "BucketEncryption" not in about:
                yield path, f"{name} is not encrypted."
            if not any(map(self._is_tls_only, self._policies(cfn, name))):
                yield path, f"{name} can be spoken to without TLS."

    def _policies(self, cfn: Template, bucket: str) -> Iterator[dict[str, Any]]:
        for about in _resources(cfn, "AWS::S3::BucketPolicy").values():
            if _target(about.get("Bucket")) == bucket:
                yield from _statements(about.get("PolicyDocument"))

    def _is_tls_only(self, statement: dict[str, Any]) -> bool:
        return (
            statement.get("Effect") == "Deny"
            and statement.get("Principal") == "*"
            and statement.get("Action") == "s3:*"
            and statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
        )


class EnvironmentRule(_Rule):
    """Whoever may see a function's settings sees its environment."""

    id = "E9005"
    shortdesc = "Environments hold no secrets"
    description = "An environment holds addresses and names of secrets, never a secret."

    _NAMES = re.compile(r"PASSWORD|PASSWD|TOKEN|PRIVATE|CREDENTIAL|SECRET_(ACCESS_)?KEY")
    _VALUES = re.compile(
        r"\{\{resolve:|://[^/\s:@]+:[^/\s@]+@|AKIA[0-9A-Z]{16}|-----BEGIN|xox[abp]-|hooks\.slack\.com"
        r"|^[A-Za-z0-9+/_-]{40,}={0,2}$"
    )

    def find(self, cfn: Template) -> Found:
        """Yield variables that are, or take, a secret."""
        parameters = cfn.template.get("Parameters", {})
        hidden = {name for name, about in parameters.items() if about.get("NoEcho")}
        for name, function in _functions(cfn):
            variables = function.get("Environment", {}).get("Variables", {})
            for key, value in variables.items():
                path = ["Resources", name, "Properties", "Environment", "Variables", key]
                if self._NAMES.search(key):
                    yield path, f"{key} sounds like a secret."
                if any(map(self._VALUES.search, _texts(value))):
                    yield path, f"{key} looks like a secret."
                if hidden & set(_references(value)):
                    yield path, f"{key} takes a parameter that is a secret."


class ApiPathRule(_Rule):
    """Routes below a noun live in code; a function's policy holds about fifty routes."""

    id = "E9006"
    shortdesc = "Nouns of the API come in pairs of paths"
    description = "A function serves ANY /api/<noun> and ANY /api/<noun>/{proxy+}, and no more."

    _PATH = re.compile(r"(?P<noun>/api/[a-z][a-z.-]*)(?P<below>/\{proxy\+\})?")

    def find(self, cfn: Template) -> Found:
        """Yield paths of another form, alone, or served twice."""
        served: Counter[str] = Counter()
        for function, _, event, about in _events(cfn, "Api"):
            path = ["Resources", function, "Properties", "Events", event]
            text = str(about.get("Path"))
            served[text] += 1
            if not self._PATH.fullmatch(text):
                yield path, f"{text} is neither /api/<noun> nor /api/<noun>/{{proxy+}}."
            if str(about.get("Method")).lower() != "any":
                yield path, f"{text} takes one method only: methods live in code."
            if served[text] > 1:
                yield path, f"{text} is served twice."
        for function, properties, event, about in _events(cfn, "Api"):
            if (found := self._PATH.fullmatch(str(about.get("Path")))) is None:
                continue
            other = found["noun"] if found["below"] else f"{found['noun']}/{{proxy+}}"
            own = [e.get("Properties", {}).get("Path") for e in properties["Events"].values()]
            if other not in own:
                path = ["Resources", function, "Properties", "Events", event]
                yield path, f"{found[0]} stands without {other} beside it."


class NameRule(_Rule):
    """``SchemaReaderFunction``, ``SchemaQueue``, ``SchemaDeadLetterQueue``."""

    id = "E9007"
    shortdesc = "Logical ids end in what the resource is"
    description = "A logical id is <Noun><Role>Function, <Noun>Queue, <Noun>DeadLetterQueue."

    _ENDS = {  # noqa: RUF012
        FUNCTION: "Function",
        QUEUE: "Queue",
        BUCKET: "Bucket",
        "AWS::IAM::Role": "Role",
        "AWS::Logs::LogGroup": "LogGroup",
        "AWS::CloudWatch::Alarm": "Alarm",
    }

    def find(self, cfn: Template) -> Found:
        """Yield ids that say something else."""
        for kind, end in self._ENDS.items():
            for name in _resources(cfn, kind):
                if not re.fullmatch(rf"([A-Z][a-z0-9]+)+{end}", name):
                    yield ["Resources", name], f"{name} is a {kind} and does not end in {end}."
        queues = _resources(cfn, QUEUE)
        dead = {_dead_letters(about) for about in queues.values()} - {""}
        for name in queues:
            if (name in dead) is not name.endswith("DeadLetterQueue"):
                yield ["Resources", name], f"{name}: DeadLetterQueue is for dead letters alone."
        for name, function in _functions(cfn):
            folder = str(function.get("Handler")).partition(".")[0]
            wanted = "".join(word.capitalize() for word in folder.split("_")) + "Function"
            if name != wanted:
                yield ["Resources", name], f"{name} has its handler in {folder}/: call it {wanted}."


class ScheduleRule(_Rule):
    """EventBridge Scheduler is missing where we run too, and never fires there."""

    id = "E9008"
    shortdesc = "Schedules are rules of EventBridge"
    description = "A schedule is an event of type Schedule, never ScheduleV2 or a Scheduler."

    def find(self, cfn: Template) -> Found:
        """Yield schedules of the other kind."""
        for function, _, event, _ in _events(cfn, "ScheduleV2"):
            path = ["Resources", function, "Properties", "Events", event]
            yield path, f"{function} is called by EventBridge Scheduler."
        for kind in ("AWS::Scheduler::Schedule", "AWS::Scheduler::ScheduleGroup"):
            for name in _resources(cfn, kind):
                yield ["Resources", name], f"{name} is of EventBridge Scheduler."


class ApiLogRule(_Rule):
    """A path holds ids; a query string whatever somebody typed."""

    id = "E9009"
    shortdesc = "The API's logs hold no paths and no query strings"
    description = "Access logs name the route, never the path; bodies are never traced."

    _SAFE = re.compile(
        r"\$context\.(?:requestId|extendedRequestId|requestTimeEpoch|requestTime|httpMethod"
        r"|resourcePath|status|responseLength|responseLatency|integration\.latency"
        r"|integration\.status|error\.responseType|stage|protocol|tlsVersion)(?![\w.])"
    )

    def find(self, cfn: Template) -> Found:
        """Yield variables of formats that may hold something else."""
        for name, about in _resources(cfn, "AWS::Serverless::Api").items():
            path = ["Resources", name, "Properties"]
            told = _texts(about.get("AccessLogSetting"))
            rest = [self._SAFE.sub("", text) for text in told]
            for variable in re.findall(r"\$[\w.]+(?:\([^)]*\))?", " ".join(rest)):
                yield path, f"The access log of {name} would hold {variable}."
            for setting in about.get("MethodSettings", []):
                if setting.get("DataTraceEnabled") is not False:
                    yield path, f"{name} traces bodies: DataTraceEnabled is not false."


def _resources(cfn: Template, kind: str) -> dict[str, Any]:
    """Return the properties of the resources of a type by their logical id."""
    found = cfn.template.get("Resources", {})
    return {n: r.get("Properties", {}) for n, r in found.items() if r.get("Type") == kind}


def _functions(cfn: Template) -> Iterator[tuple[str, Any]]:
    """Yield each function with its properties, among them what Globals say."""
    common = cfn.template.get("Globals", {}).get("Function", {})
    for name, about in _resources(cfn, FUNCTION).items():
        yield name, {**common, **about}


def _events(cfn: Template, kind: str) -> Iterator[tuple[str, Any, str, Any]]:
    """Yield the events of a type: function, its properties, the event's name, its properties."""
    for name, about in _functions(cfn):
        for event, told in about.get("Events", {}).items():
            if told.get("Type") == kind:
                yield name, about, event, told.get("Properties", {})


def _target(value: Any) -> str:
    """Return the logical id that a Ref or GetAtt names, or ''."""
    if isinstance(value, dict):
        if isinstance(value.get("Ref"), str):
            return str(value["Ref"])
        if found := value.get("Fn::GetAtt"):
            return str(found[0] if isinstance(found, list) else found.partition(".")[0])
    return ""


def _dead_letters(queue: Any) -> str:
    return _target(queue.get("RedrivePolicy", {}).get("deadLetterTargetArn"))


def _number(value: Any, default: int) -> int:
    return value if isinstance(value, int) else default


def _texts(value: Any) -> list[str]:
    """Return every text inside, at any depth, but not the names that references are made of."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    if isinstance(value, dict):
        if "Fn::If" in value:  # the first is a condition's name
            return _texts(value["Fn::If"][1:])
        return [
            t for key, v in value.items() if key not in ("Ref", "Fn::GetAtt") for t in _texts(v)
        ]
    return []


def _references(value: Any) -> Iterator[str]:
    """Yield the names that references inside are made of."""
    if isinstance(value, list):
        for item in value:
            yield from _references(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "Ref":
                yield str(item)
            elif key == "Fn::Sub":
                yield from re.findall(r"\$\{(\w+)", " ".join(_texts(item)))
            else:
                yield from _references(item)


def _statements(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the statements of all policies inside; those under a condition too."""
    if isinstance(value, dict):
        if "Effect" in value:
            yield value
            return
        for item in value.values():
            yield from _statements(item)
    elif isinstance(value, list):
        for item in value:
            yield from _statements(item)
