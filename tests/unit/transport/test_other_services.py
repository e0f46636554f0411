"""ChannelConfigurationService, ApiKeyService and ReportService, from request to answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from clarion.v1 import (
    api_key_pb2,
    api_key_service_pb2,
    category_pb2,
    channel_configuration_pb2,
    channel_configuration_service_pb2,
    report_service_pb2,
    smtp_provider_pb2,
)
from clarion_server.application.access.api_keys import ManageApiKeys
from clarion_server.domain.access.access import Caller, Scope, Visibility
from clarion_server.domain.errors import InvalidFields, InvalidPageToken, ResourceNotFound
from clarion_server.domain.events.counter import Metric
from clarion_server.transport.grpc.channels import ChannelConfigurationService
from clarion_server.transport.grpc.keys import ApiKeyService
from clarion_server.transport.grpc.reports import ReportService
from google.protobuf.field_mask_pb2 import FieldMask

from tests.smtp_sink import SmtpSink
from tests.unit.application.world import CountingIds, World

ADMIN = Caller("apiKeys/root", Visibility("default"), frozenset({Scope.ADMIN}))

channels_pb = channel_configuration_service_pb2
keys_pb = api_key_service_pb2

CONFIGURATION = channel_configuration_pb2.ChannelConfiguration(
    display_name="Orders",
    smtp=smtp_provider_pb2.SmtpProvider(
        host="127.0.0.1",
        tls_mode=smtp_provider_pb2.SmtpProvider.TLS_MODE_NONE,
        username="shop",
        password="swordfish",
        sender={"address": "shop@example.com"},  # type: ignore[arg-type] # protobuf takes a dict as well
    ),
)


@pytest.fixture
def world() -> Iterator[World]:
    with closing(World()) as made:
        yield made


@pytest.fixture
def channels(world: World) -> ChannelConfigurationService:
    return ChannelConfigurationService(world.channels)


@pytest.fixture
def keys(world: World) -> ApiKeyService:
    return ApiKeyService(ManageApiKeys(world.transactions, world.clock, CountingIds(), lambda _key: None))


def violations(error: pytest.ExceptionInfo[InvalidFields]) -> list[tuple[str, str]]:
    return [(violation.field, violation.reason) for violation in error.value.violations]


async def create_channel(
    channels: ChannelConfigurationService, configuration_id: str = "orders"
) -> channel_configuration_pb2.ChannelConfiguration:
    request = channels_pb.CreateChannelConfigurationRequest(
        channel_configuration_id=configuration_id, channel_configuration=CONFIGURATION
    )
    return (await channels.create_channel_configuration(request, ADMIN)).channel_configuration


async def test_a_new_channel_configuration_is_shown_with_its_defaults_and_without_its_password(
    channels: ChannelConfigurationService,
) -> None:
    created = await create_channel(channels)
    assert created.name == "channelConfigurations/orders"
    assert (created.smtp.port, created.max_concurrency, created.retry_policy.window.seconds) == (25, 10, 86_400)
    assert (created.smtp.username, created.smtp.password, created.smtp.password_set) == ("shop", "", True)
    request = channels_pb.GetChannelConfigurationRequest(name=created.name)
    assert (await channels.get_channel_configuration(request, ADMIN)).channel_configuration == created


async def test_what_was_read_can_be_written_back_and_keeps_its_password(channels: ChannelConfigurationService) -> None:
    created = await create_channel(channels)
    created.categories.append(category_pb2.CATEGORY_MARKETING)
    request = channels_pb.UpdateChannelConfigurationRequest(
        channel_configuration=created, update_mask=FieldMask(paths=["*"])
    )
    updated = (await channels.update_channel_configuration(request, ADMIN)).channel_configuration
    assert updated.smtp == created.smtp
    assert list(updated.categories) == [category_pb2.CATEGORY_MARKETING]


async def test_an_update_changes_the_fields_of_its_mask(channels: ChannelConfigurationService) -> None:
    created = await create_channel(channels)
    request = channels_pb.UpdateChannelConfigurationRequest(
        channel_configuration={"name": created.name, "disabled": True, "max_rate": 5},  # type: ignore[arg-type] # see above
        update_mask=FieldMask(paths=["max_rate"]),
    )
    updated = (await channels.update_channel_configuration(request, ADMIN)).channel_configuration
    assert (updated.max_rate, updated.disabled) == (5.0, False)


async def test_everything_wrong_with_an_update_is_reported_at_once(channels: ChannelConfigurationService) -> None:
    created = await create_channel(channels)
    request = channels_pb.UpdateChannelConfigurationRequest(
        channel_configuration={"name": created.name, "max_rate": -1},  # type: ignore[arg-type] # see above
        update_mask=FieldMask(paths=["max_rate", "smtp.host", "smtp"]),
    )
    with pytest.raises(InvalidFields) as refused:
        await channels.update_channel_configuration(request, ADMIN)
    assert violations(refused) == [
        ("update_mask.paths[1]", "NOT_TOP_LEVEL"),
        ("channel_configuration.smtp", "REQUIRED"),
        ("channel_configuration.max_rate", "OUT_OF_RANGE"),
    ]


async def test_a_request_without_a_channel_configuration_is_refused(channels: ChannelConfigurationService) -> None:
    with pytest.raises(InvalidFields) as refused:
        await channels.create_channel_configuration(channels_pb.CreateChannelConfigurationRequest(), ADMIN)
    assert violations(refused) == [("channel_configuration", "REQUIRED")]


async def test_channel_configurations_are_listed_page_by_page(channels: ChannelConfigurationService) -> None:
    for configuration_id in ("b", "c", "a"):
        await create_channel(channels, configuration_id)
    request = channels_pb.ListChannelConfigurationsRequest(page_size=2)
    first = await channels.list_channel_configurations(request, ADMIN)
    request.page_token = first.next_page_token
    second = await channels.list_channel_configurations(request, ADMIN)
    listed = [*first.channel_configurations, *second.channel_configurations]
    assert [each.name[-1] for each in listed] == ["a", "b", "c"]
    assert second.next_page_token == ""
    request.page_token += "x"
    with pytest.raises(InvalidPageToken):
        await channels.list_channel_configurations(request, ADMIN)


async def test_a_deleted_channel_configuration_is_gone(channels: ChannelConfigurationService) -> None:
    created = await create_channel(channels)
    request = channels_pb.DeleteChannelConfigurationRequest(name=created.name, etag=created.etag)
    await channels.delete_channel_configuration(request, ADMIN)
    with pytest.raises(ResourceNotFound):
        await channels.delete_channel_configuration(request, ADMIN)


async def test_a_verification_says_whether_the_provider_can_be_used(channels: ChannelConfigurationService) -> None:
    async with SmtpSink() as sink:
        request = channels_pb.CreateChannelConfigurationRequest(
            channel_configuration_id="orders", channel_configuration=CONFIGURATION
        )
        request.channel_configuration.smtp.port = sink.port
        request.channel_configuration.smtp.username = request.channel_configuration.smtp.password = ""
        await channels.create_channel_configuration(request, ADMIN)
        verify = channels_pb.VerifyChannelConfigurationRequest(name="channelConfigurations/orders")
        answer = await channels.verify_channel_configuration(verify, ADMIN)
    assert answer.usable
    gone = await channels.verify_channel_configuration(verify, ADMIN)
    assert not gone.usable
    assert [step.passed for step in gone.steps] == [False]


async def test_a_key_is_created_listed_and_revoked(keys: ApiKeyService) -> None:
    wanted = api_key_pb2.ApiKey(display_name="Shop", scopes=[api_key_pb2.ApiKey.SCOPE_TRIGGER])
    created = await keys.create_api_key(keys_pb.CreateApiKeyRequest(api_key=wanted), ADMIN)
    assert created.secret.startswith(f"clk_{created.api_key.name.removeprefix('apiKeys/')}_")
    listed = await keys.list_api_keys(keys_pb.ListApiKeysRequest(), ADMIN)
    assert list(listed.api_keys) == [created.api_key]
    revoked = await keys.revoke_api_key(keys_pb.RevokeApiKeyRequest(name=created.api_key.name), ADMIN)
    assert revoked.api_key.HasField("revoke_time")


async def test_keys_are_listed_page_by_page(keys: ApiKeyService) -> None:
    wanted = api_key_pb2.ApiKey(display_name="Shop", scopes=[api_key_pb2.ApiKey.SCOPE_TRIGGER])
    made = [await keys.create_api_key(keys_pb.CreateApiKeyRequest(api_key=wanted), ADMIN) for _ in range(3)]
    first = await keys.list_api_keys(keys_pb.ListApiKeysRequest(page_size=2), ADMIN)
    request = keys_pb.ListApiKeysRequest(page_size=2, page_token=first.next_page_token)
    second = await keys.list_api_keys(request, ADMIN)
    assert [*first.api_keys, *second.api_keys] == [each.api_key for each in made]
    assert second.next_page_token == ""


async def test_everything_wrong_with_a_new_key_is_reported_at_once(keys: ApiKeyService) -> None:
    with pytest.raises(InvalidFields) as refused:
        await keys.create_api_key(keys_pb.CreateApiKeyRequest(api_key=api_key_pb2.ApiKey(sandbox="A")), ADMIN)
    assert violations(refused) == [
        ("api_key.display_name", "REQUIRED"),
        ("api_key.scopes", "REQUIRED"),
        ("api_key.sandbox", "MALFORMED"),
    ]
    with pytest.raises(InvalidFields) as refused:
        await keys.create_api_key(keys_pb.CreateApiKeyRequest(), ADMIN)
    assert violations(refused) == [("api_key", "REQUIRED")]


async def test_a_report_is_of_the_campaign_and_version_asked_for(world: World) -> None:
    await world.count_up(await world.live(), 1, {(Metric.TARGETED, ""): 3, (Metric.SENT, ""): 2})
    service = ReportService(world.reporting)
    for version in (0, 1):
        request = report_service_pb2.GetCampaignReportRequest(campaign="campaigns/order-confirmed", version=version)
        report = (await service.get_campaign_report(request, ADMIN)).report
        assert (report.campaign, report.version) == ("campaigns/order-confirmed", version)
        assert (report.targeted_count, report.sent_count, report.queued_count) == (3, 2, 1)
