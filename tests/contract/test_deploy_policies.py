"""infra/policies: who deploys may do what the template's resources need, and nothing else.

What a resource needs is told by AWS's own schema of its type, which names the permissions of its
handlers; cfn-lint brings the schemas along.
"""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.support.repository import ROOT
from tests.support.sam_cli import schema_of, translate
from tests.support.template import TEMPLATE, listed

FILES = sorted((ROOT / "infra/policies").glob("*.json"))
POLICIES = {path.name: json.loads(path.read_text()) for path in FILES}
STATEMENTS = {one["Sid"]: one for policy in POLICIES.values() for one in policy["Statement"]}
GRANTED = {action for one in STATEMENTS.values() for action in listed(one["Action"])}
MOST_CHARACTERS = 6_144  # of a managed policy, white space aside
LONGEST_STACK_NAME = "heliograph-for-the-whole-company"

# What handlers may do for properties that our resources do not have.
UNUSED = {
    "an API whose description comes along, and that has no policy": [
        "AWS::ApiGateway::* s3:GetObject",
        "AWS::ApiGateway::* apigateway:UpdateRestApiPolicy",
    ],
    "functions without keys, file systems, signing, versions": [
        "AWS::Lambda::Function elasticfilesystem:*",
        "AWS::Lambda::Function s3files:*",
        "AWS::Lambda::Function kms:*",
        "AWS::Lambda::Function lambda:*CodeSigningConfig",
        "AWS::Lambda::Function lambda:*CapacityProvider",
        "AWS::Lambda::Function lambda:AssociateRuntimeAlias",
        "AWS::Lambda::Function lambda:PutFunctionScalingConfig",
        "AWS::Lambda::Function lambda:PublishVersion",
        "AWS::Lambda::EventSourceMapping kms:*",
    ],
    "buckets that are private, encrypted, versioned, and forget": [
        "AWS::S3::Bucket s3tables:*",
        "AWS::S3::Bucket iam:PassRole",
        "AWS::S3::Bucket s3:*MetadataTableConfiguration",
        "AWS::S3::Bucket s3:UpdateBucketMetadata*",
        "AWS::S3::Bucket s3:*Abac",
        *(
            f"AWS::S3::Bucket s3:[PD]*{feature}*"  # putting and deleting; CloudFormation reads all
            for feature in (
                "Acl",
                "Analytics",
                "Accelerate",
                "CORS",
                "Cors",
                "Inventory",
                "IntelligentTiering",
                "Logging",
                "Metrics",
                "Notification",
                "ObjectLock",
                "Replication",
                "Website",
            )
        ),
        "AWS::S3::Bucket s3:DeleteObject",
    ],
    "logs without policies, keys and deliveries of their own": [
        "AWS::Logs::LogGroup logs:*DataProtectionPolicy",
        "AWS::Logs::LogGroup logs:*IndexPolicy",
        "AWS::Logs::LogGroup logs:*ResourcePolicy",
        "AWS::Logs::LogGroup logs:*KmsKey",
        "AWS::Logs::LogGroup logs:Put*Authentication",
        "AWS::Logs::LogGroup logs:Put*DeletionProtection",
        "AWS::Logs::LogGroup logs:CreateLogDelivery",
        "AWS::Logs::LogGroup firehose:*",
        "AWS::Logs::LogGroup s3:REST.PUT.OBJECT",
    ],
    "a key that is always rotated": ["AWS::KMS::Key kms:DisableKeyRotation"],
    "a cluster of one region, without roles, replicas and a secret of RDS's": [
        "AWS::RDS::* *HttpEndpoint",
        "AWS::RDS::* *GlobalCluster",
        "AWS::RDS::* rds:*Role*",
        "AWS::RDS::* rds:CreateDBSnapshot",
        "AWS::RDS::* rds:*ReadReplica",
        "AWS::RDS::* rds:RestoreDBInstance*",
        "AWS::RDS::* rds:*AutomatedBackupsReplication",
        "AWS::RDS::* secretsmanager:*",
        "AWS::RDS::* iam:GetRole",
        "AWS::RDS::* iam:ListRoles",
        "AWS::RDS::* iam:PassRole",
    ],
    "a secret of one region, for a cluster": [
        "AWS::SecretsManager::* secretsmanager:*Replicat*",
        "AWS::SecretsManager::* redshift*",
        "AWS::SecretsManager::* docdb-elastic:*",
    ],
    "endpoints of AWS services": [
        "AWS::EC2::VPCEndpoint vpc-lattice:*",
        "AWS::EC2::VPCEndpoint vpce:AllowMultiRegion",
    ],
    "a distribution without tenants, origins in a VPC, or staging": [
        "AWS::CloudFront::Distribution cloudfront:*ConnectionGroup",
        "AWS::CloudFront::Distribution cloudfront:GetVpcOrigin",
        "AWS::CloudFront::Distribution cloudfront:*StagingConfig",
    ],
    "roles without a boundary": ["AWS::IAM::Role iam:*PermissionsBoundary"],
    "the role that SAM's rules do not have": ["AWS::Events::Rule iam:PassRole"],
}
PATTERNS = [pattern for patterns in UNUSED.values() for pattern in patterns]

# What no handler names, and why it is there.
BESIDE = {
    "cloudformation:*": "the stack itself",
    "s3:GetBucket*": "the bucket to which `sam deploy` uploads",
    "s3:PutObject": "uploads: of code, and of the site",
    "s3:GetObject*": "uploads",
    "s3:DeleteObject": "files of the site",
    "cloudfront:CreateInvalidation": "a new site",
    "lambda:InvokeFunction": "CloudFormation calls the function migrator with our rights",
    "lambda:GetFunctionConfiguration": "CloudFormation waits for a function with it",
    "lambda:ListEventSourceMappings": "CloudFormation finds a mapping with it",
    "route53:AssociateVPCWithHostedZone": "the private names of endpoints",
    "logs:*LogDeliver*": "the gateway's access logs",
    "logs:PutResourcePolicy": "the gateway's access logs",
}
# Actions that know no resource, that only look, or that a condition narrows.
ANY_RESOURCE = {
    "ValidateTemplates",
    "MakeEventSources",
    "SeeEventSources",
    "SeeLogs",
    "AccessLogs",
    "MakeKey",
    "MakePasswords",
    "SeeDatabases",
    "SeeTheNetwork",
}
# Names that AWS chooses, or that a template cannot prefix: at least the account and the kind.
NOT_BY_STACK = re.compile(
    r"arn:aws:(cloudformation:REGION:(aws:transform/Serverless-2016-10-31|"
    r"ACCOUNT:stack/aws-sam-cli-managed-default/\*)"
    r"|s3:::aws-sam-cli-managed-default-\*"
    r"|iam::ACCOUNT:role/aws-service-role/rds\.amazonaws\.com/\*"
    r"|lambda:REGION:ACCOUNT:(layer:(CoreLayer|DepsLayer)(:\*)?|event-source-mapping:\*)"
    r"|apigateway:REGION::/(restapis(/\*)?|account|tags/\*)"
    r"|kms:REGION:ACCOUNT:key/\*"
    r"|secretsmanager:REGION:ACCOUNT:secret:AuroraSecret-\*"
    r"|rds:REGION:ACCOUNT:(cluster-)?pg:default\.\*"
    r"|ec2:REGION:ACCOUNT:(security-group|security-group-rule|vpc|vpc-endpoint|subnet|route-table)"
    r"/\*"
    r"|route53:::hostedzone/\*"
    r"|cloudfront::ACCOUNT:(distribution|origin-access-control|response-headers-policy)/\*)"
)


@cache
def kinds() -> frozenset[str]:
    """Return the types of resources that CloudFormation gets to see."""
    made = json.loads(translate(ROOT / "template.yaml"))["Resources"]
    return frozenset(resource["Type"] for resource in made.values())


def needed(kind: str) -> set[str]:
    """Return what the handlers of a type need of us."""
    if kind.startswith("Custom::"):
        return {"lambda:InvokeFunction"}
    handlers = schema_of(kind)["handlers"]
    asked = {
        action
        for name in ("create", "read", "update", "delete")
        for action in handlers.get(name, {}).get("permissions", [])
    }
    return {
        action
        for action in asked
        if not any(fnmatchcase(f"{kind} {action}", pattern) for pattern in PATTERNS)
    }


def test_every_resource_can_be_made_changed_and_deleted() -> None:
    assert len(kinds()) > 25
    assert {"AWS::Lambda::Permission", "AWS::ApiGateway::Deployment", "Custom::Migrations"} <= (
        kinds()
    )
    lacking = {kind: sorted(needed(kind) - GRANTED) for kind in kinds() if needed(kind) - GRANTED}
    assert lacking == {}


def test_nothing_is_allowed_that_no_resource_needs() -> None:
    wanted = {action for kind in kinds() for action in asked_at_all(kind)}
    idle = [
        action
        for action in GRANTED - wanted
        if not any(fnmatchcase(action, pattern) for pattern in BESIDE)
    ]
    assert sorted(idle) == []


def asked_at_all(kind: str) -> set[str]:
    if kind.startswith("Custom::"):
        return set()
    handlers = schema_of(kind)["handlers"].values()
    return {action for handler in handlers for action in handler.get("permissions", [])}


def test_no_exception_is_idle() -> None:
    """An exception that nothing needs any more would hide what is missing later."""
    asked = {f"{kind} {action}" for kind in kinds() for action in asked_at_all(kind)}
    idle = [one for one in PATTERNS if not any(fnmatchcase(each, one) for each in asked)]
    assert idle == []
    assert [one for one in BESIDE if not any(fnmatchcase(each, one) for each in GRANTED)] == []


def test_no_action_is_a_wildcard_and_nothing_is_denied_or_turned_around() -> None:
    assert [action for action in GRANTED if not re.fullmatch(r"[a-z0-9-]+:\w+", action)] == []
    for one in STATEMENTS.values():
        assert one["Effect"] == "Allow"
        assert not {"NotAction", "NotResource", "Principal"} & set(one)


def test_resources_are_those_of_the_stack_as_far_as_their_names_can_tell() -> None:
    for sid, one in STATEMENTS.items():
        for resource in listed(one["Resource"]):
            if resource == "*":
                assert sid in ANY_RESOURCE, sid
            elif not re.search(r"[:/]STACK(-|/|$)", resource):
                assert NOT_BY_STACK.fullmatch(resource), (sid, resource)


def test_what_may_be_done_to_any_resource_looks_only_or_is_narrowed() -> None:
    assert {sid for sid, one in STATEMENTS.items() if one["Resource"] == "*"} == ANY_RESOURCE
    changing = {
        (sid, action)
        for sid in ANY_RESOURCE
        for action in listed(STATEMENTS[sid]["Action"])
        if not re.match(r"\w+:(Describe|Get|List|Validate)", action)
        and "Condition" not in STATEMENTS[sid]
    }
    assert {action for sid, action in changing if sid != "AccessLogs"} == {"kms:CreateKey"}


def test_roles_are_given_to_two_services_alone_and_policies_of_aws_are_two() -> None:
    passing = [one for one in STATEMENTS.values() if "iam:PassRole" in listed(one["Action"])]
    assert passing == [
        {
            "Sid": "GiveRolesToServices",
            "Effect": "Allow",
            "Action": ["iam:PassRole"],
            "Resource": "arn:aws:iam::ACCOUNT:role/STACK-*",
            "Condition": {
                "StringEquals": {
                    "iam:PassedToService": ["lambda.amazonaws.com", "apigateway.amazonaws.com"]
                }
            },
        }
    ]
    attachable = STATEMENTS["ManagedPoliciesOfAws"]["Condition"]["ArnLike"]["iam:PolicyARN"]
    attached = set(re.findall(r"service-role/\w+", (ROOT / "template.yaml").read_text()))
    assert {arn.partition(":policy/")[2] for arn in attachable} == attached
    for action in ("iam:AttachRolePolicy", "iam:DetachRolePolicy"):
        assert [sid for sid, one in STATEMENTS.items() if action in listed(one["Action"])] == [
            "ManagedPoliciesOfAws"
        ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_is_a_managed_policy_that_iam_takes(path: Path) -> None:
    text = path.read_text().replace("STACK", LONGEST_STACK_NAME).replace("REGION", "ap-southeast-2")
    policy: dict[str, Any] = json.loads(text.replace("ACCOUNT", "123456789012"))
    assert policy["Version"] == "2012-10-17"
    assert len(json.dumps(policy, separators=(",", ":"))) < MOST_CHARACTERS
    sids = [one["Sid"] for one in policy["Statement"]]
    assert len(sids) == len(set(sids))
    assert all(sid.isalnum() for sid in sids)


def test_names_that_the_template_gives_begin_with_the_stack_s() -> None:
    names = {
        kind: properties["Name"] if "Name" in properties else properties["AliasName"]
        for kind, properties in (
            (resource["Type"], resource["Properties"])
            for resource in TEMPLATE["Resources"].values()
            if resource["Type"] in ("AWS::CloudFront::Function", "AWS::KMS::Alias")
        )
    }
    assert names == {
        "AWS::CloudFront::Function": {"Fn::Sub": "${AWS::StackName}-site-paths"},
        "AWS::KMS::Alias": {"Fn::Sub": "alias/${AWS::StackName}"},
    }
