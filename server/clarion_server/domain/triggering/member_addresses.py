"""Lets no two members of an audience have messages to one address."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from clarion_server.domain.channel_kind import Channel


def address_of_member(channel: Channel, address: str, normal_value: str) -> str | None:
    """Returns the text by which the address of a member is compared; None for one who lacks an address.

    `address` is what the address is compared by. On a channel without addresses the identity counts.
    """
    if not channel.has_addresses:
        return f"{channel}:{normal_value}"
    return f"{channel}:{address}" if address else None


class MemberAddresses:
    """Knows the addresses that are taken, while the members are decided about one after the other."""

    def __init__(self, addresses: Mapping[tuple[int, int], str], taken: Iterable[str]) -> None:
        """`addresses` are those of the members by their positions and those of the actions. Messages to members who
        were decided about before have the addresses `taken`.
        """
        self._addresses = addresses
        self._owners: dict[str, int | None] = dict.fromkeys(taken)

    def is_repeated(self, recipient: int, action: int) -> bool:
        """Returns whether a message to another member has the address."""
        address = self._addresses.get((recipient, action))
        return address is not None and self._owners.get(address, recipient) != recipient

    def take(self, recipient: int, action: int) -> None:
        """Takes the address for a member, who gets a message."""
        address = self._addresses.get((recipient, action))
        if address is not None:
            self._owners[address] = recipient

    def of_members(self) -> Iterator[str]:
        """Yields the addresses that were taken for the members."""
        return (address for address, owner in self._owners.items() if owner is not None)
