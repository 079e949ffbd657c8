"""Our rules for cfn-lint: each finds what it is for, in a template that is well but for that."""

from __future__ import annotations

import copy
import json
import subprocess
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from tests.support.repository import ROOT
from tests.support.sam_cli import tool
from tests.support.template import TEMPLATE

RULES = ROOT / "infra/lint/rules.py"

# The rules run where cfn-lint with SAM's part is: all templates in one interpreter.
PROBE = r"""
import importlib.util, json, sys
from cfnlint.rules import CloudFormationLintRule
from cfnlint.template import Template

spec = importlib.util.spec_from_file_location("rules", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
rules = [
    kind() for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, CloudFormationLintRule) and kind.id
]
found = {}
for name, document in json.load(sys.stdin).items():
    template = Template("template.yaml", document, ["eu-west-1"])
    found[name] = [[r.id, m.message] for r in rules for m in r.match(template)]
print(json.dumps({"rules": {r.id: r.shortdesc for r in rules}, "found": found}))
"""

GOOD: dict[str, Any] = {
    "Parameters": {"Key": {"Type": "String", "NoEcho": True}, "Url": {"Type": "String"}},
    "Globals": {"Function": {"Runtime": "python3.13"}},
    "Resources": {
        "SchemaReaderFunction": {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "Handler": "schema_reader.handler.read_schemas",
                "Timeout": 60,
                "MemorySize": 512,
                "Role": {"Fn::GetAtt": ["SchemaReaderRole", "Arn"]},
                "LoggingConfig": {"LogGroup": {"Ref": "SchemaReaderLogGroup"}},
                "Environment": {
                    "Variables": {
                        "HELIOGRAPH_DATABASE": {"Ref": "Url"},
                        "HELIOGRAPH_KEY": {"Fn::GetAtt": ["SecretsKey", "Arn"]},
                    }
                },
                "Events": {
                    "Schemas": {
                        "Type": "SQS",
                        "Properties": {
                            "Queue": {"Fn::GetAtt": ["SchemaQueue", "Arn"]},
                            "FunctionResponseTypes": ["ReportBatchItemFailures"],
                        },
                    },
                    "Hour": {"Type": "Schedule", "Properties": {"Schedule": "rate(1 hour)"}},
                    "Users": {"Type": "Api", "Properties": {"Path": "/api/users", "Method": "any"}},
                    "UsersProxy": {
                        "Type": "Api",
                        "Properties": {"Path": "/api/users/{proxy+}", "Method": "any"},
                    },
                },
            },
        },
        "SchemaReaderRole": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "ManagedPolicyArns": {
                    "Fn::If": [
                        "HasVpc",
                        ["arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"],
                        {"Ref": "AWS::NoValue"},
                    ]
                },
                "Policies": [
                    {
                        "PolicyName": "schema_reader",
                        "PolicyDocument": {
                            "Statement": [
                                {
                                    "Sid": "Take",
                                    "Effect": "Allow",
                                    "Action": ["sqs:ReceiveMessage"],
                                    "Resource": {"Fn::GetAtt": ["SchemaQueue", "Arn"]},
                                }
                            ]
                        },
                    }
                ],
            },
        },
        "SchemaReaderLogGroup": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"RetentionInDays": 30},
        },
        "SchemaQueue": {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "VisibilityTimeout": 360,
                "SqsManagedSseEnabled": True,
                "RedrivePolicy": {
                    "deadLetterTargetArn": {"Fn::GetAtt": ["SchemaDeadLetterQueue", "Arn"]},
                    "maxReceiveCount": 5,
                },
            },
        },
        "SchemaDeadLetterQueue": {
            "Type": "AWS::SQS::Queue",
            "Properties": {"SqsManagedSseEnabled": True},
        },
        "ResultsBucket": {
            "Type": "AWS::S3::Bucket",
            "Properties": {
                "BucketEncryption": {"ServerSideEncryptionConfiguration": []},
                "PublicAccessBlockConfiguration": {
                    "BlockPublicAcls": True,
                    "BlockPublicPolicy": True,
                    "IgnorePublicAcls": True,
                    "RestrictPublicBuckets": True,
                },
            },
        },
        "ResultsBucketPolicy": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {
                "Bucket": {"Ref": "ResultsBucket"},
                "PolicyDocument": {
                    "Statement": [
                        {
                            "Effect": "Deny",
                            "Principal": "*",
                            "Action": "s3:*",
                            "Resource": "*",
                            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                        }
                    ]
                },
            },
        },
        "Api": {
            "Type": "AWS::Serverless::Api",
            "Properties": {
                "MethodSettings": [{"DataTraceEnabled": False}],
                "AccessLogSetting": {"Format": "$context.requestId $context.resourcePath"},
            },
        },
    },
}

Breaking = Callable[[dict[str, Any]], object]
"""Breaks a template, given its resources."""


def function(resources: dict[str, Any]) -> Any:
    return resources["SchemaReaderFunction"]["Properties"]


def event(resources: dict[str, Any], name: str) -> Any:
    return function(resources)["Events"][name]["Properties"]


def statement(resources: dict[str, Any]) -> Any:
    policies = resources["SchemaReaderRole"]["Properties"]["Policies"]
    return policies[0]["PolicyDocument"]["Statement"][0]


def set_variable(resources: dict[str, Any], key: str, value: Any) -> None:
    function(resources)["Environment"]["Variables"][key] = value


def add_function(resources: dict[str, Any], name: str, handler: str) -> None:
    """Add a function that shares role and log with the first."""
    about = copy.deepcopy(resources["SchemaReaderFunction"])
    about["Properties"] |= {"Handler": handler, "Events": {}}
    resources[name] = about


def rename(resources: dict[str, Any], old: str, new: str) -> None:
    text = json.dumps(resources).replace(f'"{old}"', f'"{new}"')
    resources.clear()
    resources.update(json.loads(text))


# Built of parts, so that this file holds nothing that looks like a secret.
LOGIN_URL = "postgresql://" + "ann:horse" + "@db.example/app"
ACCESS_KEY = "AKIA" + "ABCDEFGHIJKLMNOP"

BROKEN: dict[str, tuple[str, str, Breaking]] = {
    "no timeout": ("E9001", "says no Timeout", lambda r: function(r).pop("Timeout")),
    "no memory": ("E9001", "says no MemorySize", lambda r: function(r).pop("MemorySize")),
    "no log": ("E9001", "has no log group", lambda r: function(r).pop("LoggingConfig")),
    "a log that keeps": (
        "E9001",
        "keeps logs for ever",
        lambda r: r["SchemaReaderLogGroup"]["Properties"].clear(),
    ),
    "a shared log": (
        "E9001",
        "shares its log group",
        lambda r: add_function(r, "JanitorFunction", "janitor.handler.clean"),
    ),
    "SAM's own role": ("E9002", "has no role", lambda r: function(r).pop("Role")),
    "policies for SAM": (
        "E9002",
        "has no role",
        lambda r: function(r).update(Policies=["AmazonS3FullAccess"]),
    ),
    "a shared role": (
        "E9002",
        "shares its role",
        lambda r: add_function(r, "JanitorFunction", "janitor.handler.clean"),
    ),
    "a managed policy": (
        "E9002",
        "takes the managed policy",
        lambda r: r["SchemaReaderRole"]["Properties"].update(
            ManagedPolicyArns=["arn:aws:iam::aws:policy/AdministratorAccess"]
        ),
    ),
    "actions by a star": (
        "E9002",
        "actions by *",
        lambda r: statement(r).update(Action=["sqs:*"]),
    ),
    "every resource": (
        "E9002",
        "on every resource",
        lambda r: statement(r).update(Resource=["*"]),
    ),
    "all but something": (
        "E9002",
        "all but something",
        lambda r: statement(r).update(NotAction="iam:*"),
    ),
    "a wide statement under a condition": (
        "E9002",
        "on every resource",
        lambda r: r["SchemaReaderRole"]["Properties"]["Policies"][0]["PolicyDocument"].update(
            Statement=[{"Fn::If": ["X", statement(r) | {"Resource": "*"}, {"Ref": "AWS::NoValue"}]}]
        ),
    ),
    "no dead letters": (
        "E9003",
        "has no dead-letter queue",
        lambda r: r.pop("SchemaDeadLetterQueue"),
    ),
    "too short a visibility": (
        "E9003",
        "hides a message for 359 s; SchemaReaderFunction needs 360",
        lambda r: r["SchemaQueue"]["Properties"].update(VisibilityTimeout=359),
    ),
    "whole batches": (
        "E9003",
        "lacks ReportBatchItemFailures",
        lambda r: event(r, "Schemas").pop("FunctionResponseTypes"),
    ),
    "messages in clear": (
        "E9003",
        "is not encrypted",
        lambda r: r["SchemaQueue"]["Properties"].pop("SqsManagedSseEnabled"),
    ),
    "a public bucket": (
        "E9004",
        "lacks IgnorePublicAcls",
        lambda r: r["ResultsBucket"]["Properties"]["PublicAccessBlockConfiguration"].update(
            IgnorePublicAcls=False
        ),
    ),
    "a bucket in clear": (
        "E9004",
        "is not encrypted",
        lambda r: r["ResultsBucket"]["Properties"].pop("BucketEncryption"),
    ),
    "a bucket without TLS": (
        "E9004",
        "without TLS",
        lambda r: r["ResultsBucketPolicy"]["Properties"].update(Bucket={"Ref": "Other"}),
    ),
    "a password's name": (
        "E9005",
        "sounds like a secret",
        lambda r: set_variable(r, "DATABASE_PASSWORD", {"Ref": "Url"}),
    ),
    "a login in a URL": (
        "E9005",
        "looks like a secret",
        lambda r: set_variable(r, "HELIOGRAPH_DATABASE", LOGIN_URL),
    ),
    "an access key": (
        "E9005",
        "looks like a secret",
        lambda r: set_variable(r, "HELIOGRAPH_KEY", {"Fn::If": ["X", ACCESS_KEY, ""]}),
    ),
    "a secret that is resolved": (
        "E9005",
        "looks like a secret",
        lambda r: set_variable(r, "DATABASE", {"Fn::Sub": "{{resolve:secretsmanager:${Url}}}"}),
    ),
    "a hidden parameter": (
        "E9005",
        "takes a parameter that is a secret",
        lambda r: set_variable(r, "HELIOGRAPH_KEY", {"Fn::Sub": "${Key}"}),
    ),
    "a noun alone": (
        "E9006",
        "/api/users stands without /api/users/{proxy+}",
        lambda r: function(r)["Events"].pop("UsersProxy"),
    ),
    "what lies below alone": (
        "E9006",
        "stands without /api/users beside it",
        lambda r: function(r)["Events"].pop("Users"),
    ),
    "a route in the template": (
        "E9006",
        "is neither /api/<noun> nor",
        lambda r: event(r, "UsersProxy").update(Path="/api/users/{id}"),
    ),
    "one method": (
        "E9006",
        "takes one method only",
        lambda r: event(r, "Users").update(Method="get"),
    ),
    "a path twice": (
        "E9006",
        "is served twice",
        lambda r: function(r)["Events"].update(Again=function(r)["Events"]["Users"]),
    ),
    "a queue's name": (
        "E9007",
        "does not end in Queue",
        lambda r: rename(r, "SchemaQueue", "Schemas"),
    ),
    "a dead-letter queue's name": (
        "E9007",
        "DeadLetterQueue is for dead letters alone",
        lambda r: rename(r, "SchemaDeadLetterQueue", "SchemaOtherQueue"),
    ),
    "a function's name": (
        "E9007",
        "call it SchemaReaderFunction",
        lambda r: rename(r, "SchemaReaderFunction", "ReaderFunction"),
    ),
    "a schedule of the Scheduler": (
        "E9008",
        "is called by EventBridge Scheduler",
        lambda r: function(r)["Events"]["Hour"].update(Type="ScheduleV2"),
    ),
    "a schedule beside the function": (
        "E9008",
        "is of EventBridge Scheduler",
        lambda r: r.update(Tick={"Type": "AWS::Scheduler::Schedule", "Properties": {}}),
    ),
    "a path in the log": (
        "E9009",
        "would hold $context.path",
        lambda r: r["Api"]["Properties"].update(AccessLogSetting={"Format": "$context.path"}),
    ),
    "bodies in the log": (
        "E9009",
        "traces bodies",
        lambda r: r["Api"]["Properties"].update(MethodSettings=[{"DataTraceEnabled": True}]),
    ),
}


def broken(breaking: Breaking) -> dict[str, Any]:
    document = copy.deepcopy(GOOD)
    breaking(document["Resources"])
    return document


@cache
def told() -> dict[str, Any]:
    documents = {name: broken(breaking) for name, (_, _, breaking) in BROKEN.items()}
    done = subprocess.run(
        [str(tool("python")), "-I", "-c", PROBE, str(RULES)],
        input=json.dumps(documents | {"good": GOOD, "ours": TEMPLATE}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", ["good", "ours"])
def test_a_template_that_is_well_passes(name: str) -> None:
    assert told()["found"][name] == []


@pytest.mark.parametrize("name", BROKEN)
def test_a_rule_finds_what_it_is_for_and_no_other_rule_minds(name: str) -> None:
    rule, words, _ = BROKEN[name]
    found = told()["found"][name]
    assert any(words in message for _, message in found), found
    # A second function cannot share one thing without the other.
    also = {"E9001", "E9002"} if "shared" in name else {rule}
    assert {found_rule for found_rule, _ in found} == also


def test_every_rule_is_tried_and_listed() -> None:
    rules = told()["rules"]
    assert {rule for rule, _, _ in BROKEN.values()} == set(rules)
    listed = (RULES.read_text().split('"""')[1]).splitlines()
    assert [line.split()[0] for line in listed if line.startswith("    E9")] == sorted(rules)
