"""Every function, called with its event of ``tests/events`` over a real app database."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from importlib.util import module_from_spec, spec_from_file_location
from typing import Any

import pytest
from infra.sam_local.answers import CHECKS, check_answer, check_migration
from infra.sam_local.cloud import Cloud, make_cloud
from infra.sam_local.events import event_names, fill, function_of, read_event
from infra.sam_local.trial import TrialFailed
from infra.sam_local.world import World, make_world
from tests.support.app_database import AppDatabases
from tests.support.moto_server import running_moto
from tests.support.repository import ROOT
from tests.support.template import FOLDERS, FUNCTIONS

from heliograph.local.receivers import listening
from heliograph.web.services import Services

HANDLERS = {FOLDERS[name]: about["Properties"]["Handler"] for name, about in FUNCTIONS.items()}
QUEUES = {"schema_reader": "schema", "query_runner": "query", "export_writer": "export"}


class Context:
    """What Lambda hands a handler."""

    aws_request_id = "5f0c9a1e-3b7d-4c2a-9e61-0a1b2c3d4e5f"

    def get_remaining_time_in_millis(self) -> int:
        return 120_000


@dataclass(frozen=True)
class Deployed:
    """A world, and the functions in it, each loaded from its file when it is first called."""

    world: World
    cloud: Cloud
    modules: dict[str, Any] = field(default_factory=dict)

    def call(self, event: str, given: Mapping[str, Any] | None = None) -> Any:
        """Call the function that an event is for, as Lambda does: JSON in, JSON out."""
        sent = self.world.fill(read_event(event)) if given is None else given
        answer = self._handler(function_of(event))(json.loads(json.dumps(sent)), Context())
        return json.loads(json.dumps(answer))

    def close(self) -> None:
        """Close what the functions keep for their next call."""
        for folder, module in self.modules.items():
            parts = getattr(self._handler(folder), "_parts", None)
            kept = module._kept.made.values() if hasattr(module, "_kept") else ()
            for services in [parts.services] if parts else kept:
                services.close()

    def _handler(self, folder: str) -> Any:
        _, name, attribute = HANDLERS[folder].split(".")
        if folder not in self.modules:
            path = ROOT / "functions" / folder / f"{name}.py"
            spec = spec_from_file_location(f"deployed_{folder}", path)
            assert spec is not None
            assert spec.loader is not None
            self.modules[folder] = module_from_spec(spec)
            spec.loader.exec_module(self.modules[folder])
        return getattr(self.modules[folder], attribute)


@pytest.fixture(scope="module")
def deployed(app_databases: AppDatabases, shop_reader_url: str) -> Iterator[Deployed]:
    with ExitStack() as stack:
        moto = stack.enter_context(running_moto())
        url = stack.enter_context(app_databases.one())
        receivers = stack.enter_context(listening())
        cloud = make_cloud(moto.url, url)
        settings = replace(cloud.app, database=url)
        services = stack.enter_context(closing(Services(settings, cloud.environment)))
        hook = f"{receivers.http_url}/hook"
        world = make_world(
            services, cloud, receivers.received, shop_url=shop_reader_url, hook_url=hook
        )
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for name, value in {**cloud.environment, **cloud.variables}.items():
            patch.setenv(name, value)
        yield stack.enter_context(closing(Deployed(world, cloud)))


@pytest.fixture(scope="module")
def bodies(deployed: Deployed) -> Mapping[str, list[str]]:
    """What the product has put into its queues while the world was made, by the consumer."""
    found = {}
    for function, kind in QUEUES.items():
        queue = getattr(deployed.world.services, f"{kind}_queue")
        found[function] = [m.body for m in queue.receive(visibility=timedelta(minutes=1))]
    return found


@pytest.mark.parametrize("name", CHECKS)
def test_a_function_does_what_its_event_asks_for(deployed: Deployed, name: str) -> None:
    assert check_answer(name, deployed.call(name), deployed.world)


def test_every_event_is_sent() -> None:
    assert sorted([*CHECKS, "migrator"]) == event_names()


def test_the_migrator_finds_nothing_to_do_and_tells_cloudformation(deployed: Deployed) -> None:
    sample = read_event("migrator")
    event = fill(sample, {sample["ResponseURL"]: deployed.cloud.answer_url()})
    answer = deployed.call("migrator", event)
    assert check_migration(answer, deployed.cloud.read_answer(), pending=[])
    with pytest.raises(TrialFailed, match="it answered"):
        check_migration(answer, deployed.cloud.read_answer(), pending=["0001_begin"])


@pytest.mark.parametrize("name", QUEUES)
def test_a_message_of_an_event_is_the_one_that_the_product_has_sent(
    deployed: Deployed, bodies: Mapping[str, list[str]], name: str
) -> None:
    (record,) = deployed.world.fill(read_event(name))["Records"]
    assert record["body"] in bodies[name]


@pytest.mark.parametrize("name", ["connections", "queries", "exports", "audit"])
def test_an_event_as_its_file_has_it_is_of_nobody(deployed: Deployed, name: str) -> None:
    answer = deployed.call(name, read_event(name))
    assert answer["statusCode"] == 401
    with pytest.raises(TrialFailed, match="401"):
        check_answer(name, answer, deployed.world)


@pytest.mark.parametrize("name", QUEUES)
def test_a_message_that_is_not_the_products_comes_again(deployed: Deployed, name: str) -> None:
    event = read_event(name)
    event["Records"][0]["body"] = "Hello from SQS!"
    answer = deployed.call(name, event)
    (failed,) = answer["batchItemFailures"]
    assert failed == {"itemIdentifier": event["Records"][0]["messageId"]}
    with pytest.raises(TrialFailed, match="it answered"):
        check_answer(name, answer, deployed.world)
