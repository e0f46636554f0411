"""Converts fragments from and to protobuf."""

from __future__ import annotations

from itertools import islice

from clarion.v1 import fragment_pb2 as pb
from clarion.v1 import fragment_service_pb2 as service_pb

from clarion_server.application.fragments.fragments import Publication
from clarion_server.application.resources import ResourceInput
from clarion_server.domain.fragments.fragment import (
    Fragment,
    FragmentContent,
    FragmentKind,
    FragmentUse,
    FragmentVersion,
)
from clarion_server.domain.languages.locale_rules import MAX_LOCALES
from clarion_server.domain.names import FRAGMENTS
from clarion_server.transport.api.convert.access_labels import read_access_labels
from clarion_server.transport.api.convert.campaigns import to_finding
from clarion_server.transport.api.convert.enums import APPROVAL_STATE, FRAGMENT_KIND
from clarion_server.transport.api.convert.request_parser import RequestParser
from clarion_server.transport.api.convert.structs import fill_struct
from clarion_server.transport.api.convert.times import to_optional_timestamp, to_timestamp


def to_fragment_input(fragment: pb.Fragment) -> ResourceInput[Fragment]:
    """Reads the editable fields, with defaults for those that are not set. The input carries the violations."""
    parser = RequestParser()
    has_parameters = fragment.HasField("parameters")
    some_locales = islice(sorted(fragment.translations), MAX_LOCALES + 1)
    read = Fragment(
        sandbox="",
        id="",
        create_time=0,
        update_time=0,
        display_name=fragment.display_name,
        description=fragment.description,
        kind=parser.member(FRAGMENT_KIND, fragment.kind, "kind") or FragmentKind.HTML,
        source=fragment.source,
        parameters=parser.values(fragment.parameters, "parameters") if has_parameters else None,
        translations={
            locale: parser.values(fragment.translations[locale], f"translations.{locale}") for locale in some_locales
        },
    )
    return ResourceInput(read, parser.violations, read_access_labels(fragment.access_labels))


def to_fragment(fragment: Fragment) -> pb.Fragment:
    message = pb.Fragment(
        name=fragment.name,
        display_name=fragment.display_name,
        description=fragment.description,
        etag=fragment.etag,
        create_time=to_timestamp(fragment.create_time),
        update_time=to_timestamp(fragment.update_time),
        archive_time=to_optional_timestamp(fragment.archive_time),
        published_version=fragment.published_version,
        draft_pending=fragment.draft_pending,
        approval_state=APPROVAL_STATE.number(fragment.approval_state),
        access_labels=fragment.access_labels.names,
    )
    _fill_content(message, fragment.content)
    return message


def to_fragment_version(version: FragmentVersion) -> pb.FragmentVersion:
    message = pb.FragmentVersion(
        fragment=FRAGMENTS.format(version.fragment_id),
        version=version.number,
        fragments=map(str, version.references),
        hash=version.digest,
        create_time=to_timestamp(version.create_time),
        creator=version.creator,
        approvers=version.approvers,
        bypass_reason=version.bypass_reason,
    )
    _fill_content(message, version.content)
    return message


def to_fragment_use(use: FragmentUse) -> pb.FragmentUse:
    return pb.FragmentUse(user=use.user, version=use.version, live=use.live)


def to_publication(publication: Publication, validate_only: bool) -> service_pb.PublishFragmentResponse:
    fragment = to_fragment(publication.fragment)
    if validate_only:
        # Nothing was stored, so there is no etag.
        fragment.ClearField("etag")
    return service_pb.PublishFragmentResponse(
        fragment=fragment,
        version=to_fragment_version(publication.version),
        warnings=map(to_finding, publication.warnings),
    )


def _fill_content(message: pb.Fragment | pb.FragmentVersion, content: FragmentContent) -> None:
    """Writes the fields that fragments and their versions share."""
    message.kind = FRAGMENT_KIND.number(content.kind)
    message.source = content.source
    if content.parameters is not None:
        fill_struct(message.parameters, content.parameters)
    for locale, texts in content.translations.items():
        fill_struct(message.translations[locale], texts)
