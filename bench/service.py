"""Starts Clarion as anybody would, sets it up through its own API, and asks it what it recorded."""

from __future__ import annotations

import itertools
import re
import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import grpc
from clarion.v1 import (
    campaign_life_cycle_pb2,
    campaign_pb2,
    campaign_service_pb2,
    channel_configuration_service_pb2,
    channel_pb2,
    consent_pb2,
    consent_service_pb2,
    fragment_pb2,
    fragment_service_pb2,
    message_service_pb2,
    profile_service_pb2,
    report_service_pb2,
    sending_policy_pb2,
    sending_policy_service_pb2,
    silence_pb2,
    suppression_pb2,
    suppression_service_pb2,
)
from clarion.v1.campaign_service_pb2_grpc import CampaignServiceStub
from clarion.v1.channel_configuration_service_pb2_grpc import ChannelConfigurationServiceStub
from clarion.v1.consent_service_pb2_grpc import ConsentServiceStub
from clarion.v1.fragment_service_pb2_grpc import FragmentServiceStub
from clarion.v1.message_service_pb2_grpc import MessageServiceStub
from clarion.v1.profile_service_pb2_grpc import ProfileServiceStub
from clarion.v1.report_service_pb2_grpc import ReportServiceStub
from clarion.v1.sending_policy_service_pb2_grpc import SendingPolicyServiceStub
from clarion.v1.suppression_service_pb2_grpc import SuppressionServiceStub
from google.protobuf import field_mask_pb2

from bench.campaign import CHANNEL_ID, campaign, channel_configuration
from bench.process import START_SECONDS, BenchError, Process, running
from bench.triggers import CAMPAIGN_ID
from bench.usage import cpu_seconds, family, memory_mb

CALL_SECONDS = 10.0
#: For what an author waits for.
AUTHOR_SECONDS = 120.0
DELIVERY_SECONDS = 120.0
POLL_SECONDS = 0.02

_CAMPAIGN = f"campaigns/{CAMPAIGN_ID}"
_CHANNEL = f"channelConfigurations/{CHANNEL_ID}"


class Service:
    """Calls a running Clarion as its administrator."""

    def __init__(self, process: Process, port: int, key: str, channel: grpc.Channel) -> None:
        self._process = process
        self.port = port
        self.authorization = f"Bearer {key}"
        self._metadata = (("authorization", self.authorization),)
        #: A draft that is as the live version makes no other.
        self._loads = itertools.count()
        self._campaigns = CampaignServiceStub(channel)
        self._channels = ChannelConfigurationServiceStub(channel)
        self._fragments = FragmentServiceStub(channel)
        self._consents = ConsentServiceStub(channel)
        self._messages = MessageServiceStub(channel)
        self._policies = SendingPolicyServiceStub(channel)
        self._profiles = ProfileServiceStub(channel)
        self._suppressions = SuppressionServiceStub(channel)
        self._reports = ReportServiceStub(channel)

    def await_first_answer(self) -> None:
        request = channel_configuration_service_pb2.ListChannelConfigurationsRequest()
        self._channels.ListChannelConfigurations(
            request, metadata=self._metadata, timeout=START_SECONDS, wait_for_ready=True
        )

    def set_up(self, sink_port: int, of: campaign_pb2.Campaign | None = None) -> None:
        """Makes the bench's campaign live, or another one under its name."""
        channel_request = channel_configuration_service_pb2.CreateChannelConfigurationRequest(
            channel_configuration_id=CHANNEL_ID, channel_configuration=channel_configuration(sink_port)
        )
        self._channels.CreateChannelConfiguration(channel_request, metadata=self._metadata, timeout=CALL_SECONDS)
        self._send_marketing()
        campaign_request = campaign_service_pb2.CreateCampaignRequest(
            campaign_id=CAMPAIGN_ID, campaign=of or campaign()
        )
        self._campaigns.CreateCampaign(campaign_request, metadata=self._metadata, timeout=CALL_SECONDS)
        self._activate()

    def _send_marketing(self) -> None:
        """Lets marketing go to the people of the bench, who have made no choice."""
        settings = consent_pb2.ConsentSettings(name="consentSettings", silence=silence_pb2.SILENCE_SEND_UNLESS_DENIED)
        request = consent_service_pb2.UpdateConsentSettingsRequest(consent_settings=settings)
        self._consents.UpdateConsentSettings(request, metadata=self._metadata, timeout=CALL_SECONDS)

    def publish(self, fragment_id: str, source: str) -> None:
        """Makes the first version of a fragment."""
        made = fragment_pb2.Fragment(source=source)
        request = fragment_service_pb2.CreateFragmentRequest(fragment_id=fragment_id, fragment=made)
        name = self._fragments.CreateFragment(request, metadata=self._metadata, timeout=CALL_SECONDS).fragment.name
        publication = fragment_service_pb2.PublishFragmentRequest(name=name)
        self._fragments.PublishFragment(publication, metadata=self._metadata, timeout=CALL_SECONDS)

    def import_people(self, identities: Sequence[str]) -> None:
        """Stores a profile for each, with a few attributes and the consent to marketing by e-mail."""
        grant = consent_pb2.ConsentChange(
            channel=channel_pb2.CHANNEL_EMAIL,
            choice=consent_pb2.Consent.CHOICE_GRANTED,
            source=consent_pb2.ConsentChange.SOURCE_IMPORT,
        )
        request = profile_service_pb2.ImportProfilesRequest()
        for index, identity in enumerate(identities):
            profile = request.profiles.add(identities=[identity], locale="en", time_zone="Europe/Berlin")
            profile.attributes.update({"first_name": "Jane", "plan": "gold", "visits": 17, "city": "Berlin"})
            request.consents.add(profile_index=index, changes=[grant])
        answer = self._profiles.ImportProfiles(request, metadata=self._metadata, timeout=CALL_SECONDS)
        assert {each.outcome for each in answer.results} == {profile_service_pb2.ImportedProfile.OUTCOME_CREATED}

    def suppress(self, address: str) -> None:
        suppression = suppression_pb2.Suppression(
            channel=channel_pb2.CHANNEL_EMAIL, address=address, reason=suppression_pb2.Suppression.REASON_MANUAL
        )
        request = suppression_service_pb2.CreateSuppressionRequest(suppression=suppression)
        self._suppressions.CreateSuppression(request, metadata=self._metadata, timeout=CALL_SECONDS)

    def add_policy(self, policy_id: str, *, with_cap: bool = False) -> None:
        """Makes a sending policy whose only quiet minute is at midnight of a Sunday, perhaps with a cap that lets a
        hundred messages a day through.
        """
        interval = sending_policy_pb2.WallClockInterval(
            days=[sending_policy_pb2.WallClockInterval.DAY_SUNDAY], start="00:00", end="00:01"
        )
        policy = sending_policy_pb2.SendingPolicy(display_name="Bench", quiet_hours=[interval], time_zone="Etc/UTC")
        if with_cap:
            policy.caps.add(count=100).sliding.FromSeconds(24 * 60 * 60)
        request = sending_policy_service_pb2.CreateSendingPolicyRequest(
            sending_policy_id=policy_id, sending_policy=policy
        )
        self._policies.CreateSendingPolicy(request, metadata=self._metadata, timeout=CALL_SECONDS)

    def add_channels(self, count: int) -> None:
        """Makes so many channel configurations that nothing uses."""
        for number in range(count):
            request = channel_configuration_service_pb2.CreateChannelConfigurationRequest(
                channel_configuration_id=f"idle-{number}", channel_configuration=channel_configuration(sink_port=1)
            )
            self._channels.CreateChannelConfiguration(request, metadata=self._metadata, timeout=CALL_SECONDS)

    @contextmanager
    def watchers(self, count: int) -> Iterator[None]:
        """Opens so many watches of the events of all campaigns. Returns when each has had its first answer."""
        calls = [
            self._messages.WatchEvents(message_service_pb2.WatchEventsRequest(), metadata=self._metadata)
            for _ in range(count)
        ]
        try:
            for call in calls:
                next(call)
            yield
        finally:
            for call in calls:
                call.cancel()

    def add(self, campaign_id: str, another: campaign_pb2.Campaign) -> None:
        """Makes another campaign live, on the same channel configuration."""
        self.create(campaign_id, another)
        self.activate(campaign_id)

    def create(self, campaign_id: str, another: campaign_pb2.Campaign) -> None:
        """Makes the draft of another campaign."""
        request = campaign_service_pb2.CreateCampaignRequest(campaign_id=campaign_id, campaign=another)
        self._campaigns.CreateCampaign(request, metadata=self._metadata, timeout=AUTHOR_SECONDS)

    def review(self, campaign_id: str) -> None:
        request = campaign_life_cycle_pb2.ReviewCampaignRequest(name=f"campaigns/{campaign_id}")
        found = self._campaigns.ReviewCampaign(request, metadata=self._metadata, timeout=AUTHOR_SECONDS).findings
        assert not found, found[0]

    def activate(self, campaign_id: str) -> None:
        self._activate(f"campaigns/{campaign_id}", AUTHOR_SECONDS)

    def _activate(self, name: str = _CAMPAIGN, seconds: float = CALL_SECONDS) -> int:
        request = campaign_life_cycle_pb2.ActivateCampaignRequest(name=name)
        answer = self._campaigns.ActivateCampaign(request, metadata=self._metadata, timeout=seconds)
        return answer.campaign.live_version

    def pause(self, campaign_id: str) -> None:
        request = campaign_life_cycle_pb2.PauseCampaignRequest(name=f"campaigns/{campaign_id}")
        self._campaigns.PauseCampaign(request, metadata=self._metadata, timeout=CALL_SECONDS)

    def resume(self, campaign_id: str) -> None:
        request = campaign_life_cycle_pb2.ResumeCampaignRequest(name=f"campaigns/{campaign_id}")
        self._campaigns.ResumeCampaign(request, metadata=self._metadata, timeout=CALL_SECONDS)

    def send_unless_denied(self) -> None:
        """Lets marketing go to people who have chosen nothing."""
        settings = consent_pb2.ConsentSettings(name="consentSettings", silence=silence_pb2.SILENCE_SEND_UNLESS_DENIED)
        request = consent_service_pb2.UpdateConsentSettingsRequest(consent_settings=settings)
        self._consents.UpdateConsentSettings(request, metadata=self._metadata, timeout=CALL_SECONDS)

    def hold(self) -> None:
        """Stops every hand-off, so that accepting is measured alone: messages stay queued."""
        self._disable(True)

    def release(self) -> None:
        """Begins to hand off what is queued."""
        self._disable(False)

    def _disable(self, disabled: bool) -> None:
        configuration = channel_configuration(sink_port=1)
        configuration.name, configuration.disabled = _CHANNEL, disabled
        request = channel_configuration_service_pb2.UpdateChannelConfigurationRequest(
            channel_configuration=configuration, update_mask=field_mask_pb2.FieldMask(paths=["disabled"])
        )
        self._channels.UpdateChannelConfiguration(request, metadata=self._metadata, timeout=CALL_SECONDS)

    def next_version(self) -> int:
        """Makes a new version live, whose report begins at nothing."""
        edited = campaign_pb2.Campaign(name=_CAMPAIGN, description=f"Load {next(self._loads)} of the bench")
        mask = field_mask_pb2.FieldMask(paths=["description"])
        request = campaign_service_pb2.UpdateCampaignRequest(campaign=edited, update_mask=mask)
        self._campaigns.UpdateCampaign(request, metadata=self._metadata, timeout=CALL_SECONDS)
        return self._activate()

    def report(self, version: int = 0, campaign_id: str = CAMPAIGN_ID) -> report_service_pb2.CampaignReport:
        name = f"campaigns/{campaign_id}"
        request = report_service_pb2.GetCampaignReportRequest(campaign=name, version=version)
        answer = self._reports.GetCampaignReport(request, metadata=self._metadata, timeout=CALL_SECONDS)
        return answer.report

    def await_sent(self, count: int) -> None:
        """Returns when so many messages are recorded as sent. `BenchError` when one ends otherwise, or time is up."""
        deadline = time.monotonic() + DELIVERY_SECONDS
        while (report := self.report()).sent_count < count:
            if report.sent_count + report.queued_count < report.targeted_count or time.monotonic() > deadline:
                raise BenchError(f"{count} messages should have been sent:\n{report}")
            time.sleep(POLL_SECONDS)

    def peak_rss_mb(self) -> float:
        """Returns the most memory that its processes had resident, in 10^6 bytes. Shared pages count in each."""
        return sum(memory_mb(pid, "VmHWM") for pid in family(self._process.pid))

    def rss_mb(self) -> float:
        """Returns the memory that they have resident now, in 10^6 bytes."""
        return sum(memory_mb(pid, "VmRSS") for pid in family(self._process.pid))

    def cpu_seconds(self) -> list[float]:
        """Returns the processor time of each of its processes since its start. A supervisor's comes first."""
        return [cpu_seconds(pid) for pid in family(self._process.pid)]


@contextmanager
def running_service(folder: Path, cores: frozenset[int], **settings: str) -> Iterator[tuple[Service, float]]:
    """Yields a Clarion, and how many seconds it took from its start to its first answer.

    Its store is an empty one below `folder` unless `settings` (without their prefix: `processes="2"`) name another
    one, to which nobody has access yet.
    """
    command = [str(Path(sys.executable).with_name("clarion")), "serve"]
    with TemporaryDirectory(dir=folder) as scratch:
        log = Path(scratch, "clarion.log")
        env = {
            "CLARION_LISTEN": "127.0.0.1:0",
            "CLARION_HTTP_LISTEN": "127.0.0.1:0",
            "CLARION_STORE": f"sqlite:///{scratch}/clarion.db",
        }
        env |= {f"CLARION_{name.upper()}": value for name, value in settings.items()}
        begin = time.monotonic()
        with running(command, cores, env, log) as process:
            try:
                port, key = _announced(process)
                with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                    service = Service(process, port, key, channel)
                    service.await_first_answer()
                    yield service, time.monotonic() - begin
            except BaseException:
                sys.stderr.write(log.read_text()[-4000:])
                raise


def links(folder: Path) -> dict[str, str]:
    """Returns the settings without which no marketing campaign is activated."""
    keys = folder / "link-keys"
    keys.write_text(f"1 {secrets.token_hex(64)}\n")
    return {"public_url": "https://mail.example.com", "link_keys": str(keys)}


def _announced(process: Process) -> tuple[int, str]:
    """Returns the port and the first administrator's key that `clarion serve` prints on its first start."""
    port, key = 0, ""
    while not (port and key):
        line = process.read_line()
        if found := re.search(r"\bclk_\S+", line):
            key = found[0]
        if found := re.search(r"serving grpc on \S+:(\d+)", line):
            port = int(found[1])
    return port, key
