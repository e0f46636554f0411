"""Says what the service has, of the types that files can hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from clarion_server.transport.cli.files.resource_types import CAMPAIGN
from clarion_server.transport.cli.files.resources import TYPES, Resource
from clarion_server.transport.cli.files.test_suites import SUFFIX, exported_suite
from clarion_server.transport.cli.files.uploads import with_files

if TYPE_CHECKING:
    from clarion_client import Client

_LARGEST_PAGE = 1_000
#: Is the folder of the files that campaigns carry, beside the campaigns.
FILES = "files"


def without_file(client: Client, resources: Iterable[Resource[Any]]) -> list[str]:
    """Returns the names of what the service has and no file has, of the types that the files have."""
    named = {resource.name for resource in resources}
    types = {resource.type.keyword: resource.type for resource in resources}.values()
    return sorted(
        value.name
        for resource_type in types
        for value in resource_type.resources(client).list(page_size=_LARGEST_PAGE)
        if value.name not in named
    )


def exported_files(client: Client, schema: str) -> dict[Path, bytes]:
    """Returns the contents of each file by its path. `schema` is the name of the schema in the folder above.

    Beside campaigns stand the files that they carry.
    """
    comment = f"yaml-language-server: $schema=../{schema}"
    exported: dict[Path, bytes] = {}
    load = cache(partial(_load, client))

    def carry(folder: Path, data: dict[str, Any]) -> dict[str, Any]:
        changed, carried = with_files(data, FILES, load)
        exported.update({folder / path: content for path, content in carried.items()})
        return cast("dict[str, Any]", changed)

    for resource_type in TYPES.values():
        folder = Path(resource_type.folder)
        change: Callable[[dict[str, Any]], dict[str, Any]] = (
            partial(carry, folder) if resource_type is CAMPAIGN else lambda data: data
        )
        for value in resource_type.resources(client).list(page_size=_LARGEST_PAGE):
            text = resource_type.exported(value, comment, change)
            exported[folder / f"{value.name.rpartition('/')[2]}.yaml"] = text.encode()
    for campaign in client.campaigns.list(page_size=_LARGEST_PAGE):
        if cases := list(client.test_cases.list(campaign.name, page_size=_LARGEST_PAGE)):
            path = Path(CAMPAIGN.folder) / f"{campaign.name.rpartition('/')[2]}{SUFFIX}"
            exported[path] = exported_suite(campaign.name, cases, comment).encode()
    return exported


def _load(client: Client, name: str) -> tuple[str, bytes]:
    return client.attachments.get(name).file_name, client.attachments.download(name)
