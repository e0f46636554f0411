"""Creates, changes, verifies and deletes channel configurations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

from clarion_server.application.ports.channels import ChannelFactory, VerificationStep
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.repositories import NameTaken
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.transactions import Transactions
from clarion_server.application.validation import refuse_invalid, violations_within
from clarion_server.domain.access.access import Caller, Visibility, whole_sandbox
from clarion_server.domain.access_labels import FIELD as LABELS
from clarion_server.domain.access_labels import AccessLabels, held_label_violations
from clarion_server.domain.channels.channel import ChannelConfiguration
from clarion_server.domain.channels.channel_rules import channel_violations
from clarion_server.domain.content import Provider
from clarion_server.domain.errors import ChannelConfigurationInUse, InvalidFields, ResourceExists, ResourceNotFound
from clarion_server.domain.names import CHANNEL_CONFIGURATIONS
from clarion_server.domain.violation import Violation, required

#: Is the field of the configuration in the requests that carry one.
_FIELD = "channel_configuration"

#: Holds the names of the contract's fields for the provider, of which a configuration has one.
_PROVIDER_FIELDS = frozenset(kind.field for kind in get_args(Provider))

#: Holds the names, in the contract, of everything that an administrator may change.
EDITABLE_FIELDS = _PROVIDER_FIELDS | {
    "display_name",
    "categories",
    "disabled",
    "retry_policy",
    "max_concurrency",
    "max_rate",
    "max_message_bytes",
    LABELS,
}


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """Is a channel configuration as an administrator sent it."""

    configuration: ChannelConfiguration
    """Has the values of the EDITABLE_FIELDS. Its other fields, and its access labels, mean nothing."""
    violations: tuple[Violation, ...] = ()
    """Holds what is wrong with fields that could not be read, by paths in the configuration, which holds placeholders
    for them.
    """
    access_labels: tuple[str, ...] = ()
    """Holds the names of the access labels that the configuration is to have."""


@dataclass(frozen=True, slots=True)
class CreateChannelConfiguration:
    configuration_id: str
    settings: ChannelSettings
    validate_only: bool = False
    """Checks everything and stores nothing when it is true."""


@dataclass(frozen=True, slots=True)
class UpdateChannelConfiguration:
    configuration_id: str
    settings: ChannelSettings
    changed_fields: frozenset[str]
    """Holds names of EDITABLE_FIELDS. The other fields stay as they are."""
    etag: str = ""
    violations: tuple[Violation, ...] = ()
    """Holds what is wrong with the request, apart from the settings, that was found while it was read."""
    validate_only: bool = False
    """Checks everything and stores nothing when it is true."""


class ManageChannelConfigurations:
    def __init__(
        self,
        transactions: Transactions,
        clock: Clock,
        open_channel: ChannelFactory,
        on_change: Callable[[ChannelConfiguration], None],
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._open_channel = open_channel
        self._on_change = on_change

    async def create(self, command: CreateChannelConfiguration, caller: Caller) -> ChannelConfiguration:
        """Stores a configuration, unless the command only validates. Raises InvalidFields or ResourceExists."""
        configuration_id, settings = command.configuration_id, command.settings
        violation = CHANNEL_CONFIGURATIONS.id_violation(configuration_id, "channel_configuration_id")
        held = caller.visibility.labels
        unread = [*settings.violations, *held_label_violations(settings.access_labels, held)]
        _check(settings.configuration, unread, [violation] if violation else [])
        now = self._clock.now()
        configuration = replace(
            settings.configuration,
            sandbox=caller.sandbox,
            id=configuration_id,
            create_time=now,
            update_time=now,
            access_labels=held.picked(settings.access_labels),
        )
        if command.validate_only:
            await self._transactions.read(lambda unit: _check_name_is_free(unit, configuration))
            return configuration
        try:
            created = await self._transactions.write(lambda unit: unit.channels.add(configuration))
        except NameTaken as error:
            raise ResourceExists(configuration.name) from error
        self._on_change(created)
        return created

    async def get(self, configuration_id: str, caller: Caller) -> ChannelConfiguration:
        """Returns one configuration. Raises ResourceNotFound."""
        return await self._transactions.read(lambda unit: _find(unit, caller, configuration_id))

    async def page(self, after: str | None, limit: int, caller: Caller) -> list[ChannelConfiguration]:
        """Returns the configurations by id, beginning behind the id `after`."""
        return await self._transactions.read(lambda unit: unit.channels.page(caller.visibility, after, limit))

    async def update(self, command: UpdateChannelConfiguration, caller: Caller) -> ChannelConfiguration:
        """Stores the changed configuration, unless the command only validates.

        Raises InvalidFields, ResourceNotFound or EtagMismatch.
        """

        def check(unit: UnitOfWork) -> ChannelConfiguration:
            stored = _find(unit, caller, command.configuration_id)
            stored.check_etag(command.etag)
            return self._updated(stored, command, caller.visibility.labels)

        def change(unit: UnitOfWork) -> ChannelConfiguration:
            updated = check(unit)
            unit.channels.save(updated)
            return updated

        if command.validate_only:
            return await self._transactions.read(check)
        updated = await self._transactions.write(change)
        self._on_change(updated)
        return updated

    async def delete(self, configuration_id: str, etag: str, caller: Caller) -> None:
        """Deletes a configuration. Raises ResourceNotFound, EtagMismatch or ChannelConfigurationInUse."""

        def delete(unit: UnitOfWork) -> ChannelConfiguration:
            stored = _find(unit, caller, configuration_id)
            stored.check_etag(etag)
            _check_unused(unit, stored, caller.visibility)
            unit.channels.delete(stored)
            return stored

        self._on_change(await self._transactions.write(delete))

    async def verify(self, configuration_id: str, caller: Caller) -> list[VerificationStep]:
        """Tries the stored configuration. Returns the steps up to the first that failed. Raises ResourceNotFound."""
        channel = self._open_channel(await self.get(configuration_id, caller))
        try:
            return await channel.verify()
        finally:
            await channel.close()

    def _updated(
        self, stored: ChannelConfiguration, command: UpdateChannelConfiguration, held: AccessLabels
    ) -> ChannelConfiguration:
        names, sent = command.changed_fields, command.settings
        unread = (*sent.violations, *held_label_violations(sent.access_labels, held))
        violations = violations_within(names, unread)
        wanted = replace(stored, **_changes(sent, names, held))
        wrong_kind = stored.provider_violation(wanted.provider)
        updated = wanted if wrong_kind else stored.updated(wanted, self._clock.now())
        _check(updated, violations, command.violations, [wrong_kind] if wrong_kind else [])
        return updated


def _changes(settings: ChannelSettings, names: frozenset[str], held: AccessLabels) -> dict[str, Any]:
    """Returns the new values of the named fields. `held` are the caller's access labels.

    Raises InvalidFields when the provider is named that was not sent.
    """
    sent = settings.configuration
    changes = {name: getattr(sent, name) for name in names - _PROVIDER_FIELDS - {LABELS}}
    if LABELS in names:
        changes[LABELS] = held.picked(settings.access_labels)
    providers = names & _PROVIDER_FIELDS
    if sent.provider.field in providers:
        changes["provider"] = sent.provider
    elif providers:
        raise InvalidFields(tuple(required(f"{_FIELD}.{name}") for name in sorted(providers)))
    return changes


def _find(unit: UnitOfWork, caller: Caller, configuration_id: str) -> ChannelConfiguration:
    configuration = unit.channels.get(caller.visibility, configuration_id)
    if configuration is None:
        raise ResourceNotFound(CHANNEL_CONFIGURATIONS.format(configuration_id))
    return configuration


def _check_name_is_free(unit: UnitOfWork, configuration: ChannelConfiguration) -> None:
    """Raises ResourceExists."""
    if unit.channels.get(whole_sandbox(configuration.sandbox), configuration.id) is not None:
        raise ResourceExists(configuration.name)


def _check(
    configuration: ChannelConfiguration,
    unread: Sequence[Violation],
    of_request: Sequence[Violation] = (),
    broken: Sequence[Violation] = (),
) -> None:
    """Raises InvalidFields, with paths in the request.

    `unread` says what could not be read of the configuration, `broken` which rules it breaks beside its own.
    """
    refuse_invalid(
        [*of_request, *(violation.under(_FIELD) for violation in unread)],
        [violation.under(_FIELD) for violation in (*broken, *channel_violations(configuration))],
    )


def _check_unused(unit: UnitOfWork, configuration: ChannelConfiguration, visibility: Visibility) -> None:
    campaign = unit.campaigns.first_using(configuration.key)
    if campaign is not None:
        user = visibility.shown(campaign.name, campaign.access_labels)
        raise ChannelConfigurationInUse(configuration.name, user)
    if unit.messages.is_waiting(configuration.key):
        raise ChannelConfigurationInUse(configuration.name, "a message that is still to be sent")
    if unit.messages.may_fall_back_to(configuration.key):
        raise ChannelConfigurationInUse(configuration.name, "a message that is sent here when its first action fails")
