"""Secret fields, which are never shown and keep their value when an update leaves them empty."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field, fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")

_BOUND_TO = "secret_bound_to"


def secret_field(*bound_to: str) -> Any:
    """Returns a dataclass field for a secret text, which is empty by default and missing from `repr`.

    An update that leaves it empty keeps the stored secret, as long as the fields named in `bound_to` stay the same.
    """
    return field(default="", repr=False, metadata={_BOUND_TO: bound_to})


def secret_names(settings: DataclassInstance | type[DataclassInstance]) -> Iterator[str]:
    """Yields the names of the secret fields of a dataclass."""
    return (each.name for each in fields(settings) if _BOUND_TO in each.metadata)


def with_kept_secrets(wanted: T, stored: T) -> T:
    """Returns `wanted` with the secrets of `stored`, of the same class, in place of those that it leaves empty."""
    kept = {
        each.name: getattr(stored, each.name)
        for each in fields(wanted)
        if _BOUND_TO in each.metadata
        and not getattr(wanted, each.name)
        and all(getattr(wanted, name) == getattr(stored, name) for name in each.metadata[_BOUND_TO])
    }
    return replace(wanted, **kept) if kept else wanted


def split_secrets(settings: T) -> tuple[T, dict[str, str]]:
    """Returns `settings` with empty secrets, and the secrets that are not empty, by name."""
    secrets = {name: getattr(settings, name) for name in secret_names(settings) if getattr(settings, name)}
    return replace(settings, **dict.fromkeys(secrets, "")), secrets
