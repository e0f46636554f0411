"""Channel configurations in memory."""

from __future__ import annotations

from dataclasses import replace

from clarion_server.adapters.memory_store.tables import Tables
from clarion_server.application.ports.repositories import NameTaken
from clarion_server.application.ports.store import WriteConflict
from clarion_server.domain.channel import ChannelConfiguration


class MemoryChannelConfigurationRepository:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def add(self, configuration: ChannelConfiguration) -> ChannelConfiguration:
        name = (configuration.sandbox, configuration.id)
        if name in self._tables.channel_keys.rows:
            raise NameTaken(configuration.name)
        added = replace(configuration, key=self._tables.next_key("channel"))
        self._tables.channel_keys.insert(name, added.key)
        self._tables.channels.insert(added.key, added)
        return added

    def get(self, sandbox: str, configuration_id: str) -> ChannelConfiguration | None:
        key = self._tables.channel_keys.rows.get((sandbox, configuration_id))
        return None if key is None else self._tables.channels.rows[key]

    def by_key(self, key: int) -> ChannelConfiguration | None:
        return self._tables.channels.rows.get(key)

    def all(self) -> list[ChannelConfiguration]:
        return [configuration for _, configuration in sorted(self._tables.channels.rows.items())]

    def save(self, configuration: ChannelConfiguration) -> None:
        self._check_revision(configuration, configuration.revision - 1)
        self._tables.channels.put(configuration.key, configuration)

    def delete(self, configuration: ChannelConfiguration) -> None:
        self._check_revision(configuration, configuration.revision)
        self._tables.channels.remove(configuration.key)
        self._tables.channel_keys.remove((configuration.sandbox, configuration.id))

    def page(self, sandbox: str, after: str | None, limit: int) -> list[ChannelConfiguration]:
        found = [
            (configuration.id, configuration)
            for configuration in self._tables.channels.rows.values()
            if configuration.sandbox == sandbox and (after is None or configuration.id > after)
        ]
        return [configuration for _, configuration in sorted(found, key=lambda pair: pair[0])[:limit]]

    def _check_revision(self, configuration: ChannelConfiguration, expected: int) -> None:
        stored = self._tables.channels.rows.get(configuration.key)
        if stored is None or stored.revision != expected:
            raise WriteConflict(configuration.name)
