"""What the service has, of the types that files can hold."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clarion_server.transport.cli.files.resource_types import CAMPAIGN
from clarion_server.transport.cli.files.resources import TYPES, Resource
from clarion_server.transport.cli.files.test_suites import SUFFIX, exported_suite

if TYPE_CHECKING:
    from clarion_client import Client

_LARGEST_PAGE = 1_000


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


def exported_files(client: Client, schema: str) -> dict[Path, str]:
    """Returns the text of each file by its path. `schema` is the name of the schema in the folder above."""
    comment = f"yaml-language-server: $schema=../{schema}"
    files = {
        Path(resource_type.folder) / f"{value.name.rpartition('/')[2]}.yaml": resource_type.exported(value, comment)
        for resource_type in TYPES.values()
        for value in resource_type.resources(client).list(page_size=_LARGEST_PAGE)
    }
    for campaign in client.campaigns.list(page_size=_LARGEST_PAGE):
        if cases := list(client.test_cases.list(campaign.name, page_size=_LARGEST_PAGE)):
            path = Path(CAMPAIGN.folder) / f"{campaign.name.rpartition('/')[2]}{SUFFIX}"
            files[path] = exported_suite(campaign.name, cases, comment)
    return files
