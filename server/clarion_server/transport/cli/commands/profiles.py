"""`clarion profiles`: creates, lists, shows, changes and deletes profiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter
from rich.console import RenderableType

from clarion_server.transport.cli.commands.lists import Limit, page_size, show_list
from clarion_server.transport.cli.commands.options import JsonData, parse_json_object
from clarion_server.transport.cli.commands.profile_files import export_profiles, import_profiles
from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.listing import fields
from clarion_server.transport.cli.session import CurrentSession, Session
from clarion_server.transport.cli.views import id_of, moment, plain

if TYPE_CHECKING:
    from clarion_client import Profile, ProfileDeletion

ProfileName = Annotated[
    str, Parameter(help="The profile: its id, or an identity of the person, such as jane@example.com.")
]
ProfileLocale = Annotated[str | None, Parameter(help="The person's language and region, such as pt-BR.")]
TimeZone = Annotated[str | None, Parameter(help="The person's time zone, such as Europe/Berlin.")]

profiles = App(name="profiles", help="Create, import, list, show, change and delete profiles of people.")
profiles.command(import_profiles, name="import")
profiles.command(export_profiles, name="export")


@profiles.command(name="create")
def create_profile(
    identities: Annotated[
        tuple[str, ...],
        Parameter(negative=(), help="What callers name the person by: jane@example.com, or namespace:value."),
    ],
    /,
    *,
    attributes: JsonData = "",
    locale: ProfileLocale = None,
    time_zone: TimeZone = None,
    session: CurrentSession,
) -> None:
    """Create a profile and print its id."""
    from clarion_client import Profile  # noqa: PLC0415 - gRPC takes longer to load than help to print

    profile = Profile(
        identities=identities,
        attributes=parse_json_object(attributes, "--attributes"),
        locale=locale or "",
        time_zone=time_zone or "",
    )
    created = session.client.profiles.create(profile)
    session.output.show(created.to_dict(), lambda: id_of(created.name))


@profiles.command(name="list")
def list_profiles(*, limit: Limit = 50, session: CurrentSession) -> None:
    """List profiles, oldest first."""
    columns = {
        "ID": lambda profile: id_of(profile.name),
        "IDENTITIES": lambda profile: plain(", ".join(profile.identities)),
        "LOCALE": lambda profile: plain(profile.locale or "-"),
        "TIME ZONE": lambda profile: plain(profile.time_zone or "-"),
        "UPDATED": lambda profile: moment(profile.update_time),
    }
    show_list(session.output, session.client.profiles.list(page_size=page_size(limit)), limit, columns)


@profiles.command(name="get")
def get_profile(profile: ProfileName, /, *, session: CurrentSession) -> None:
    """Show a profile."""
    found = _find(session, profile)
    session.output.show(found.to_dict(), lambda: _view(found))


@profiles.command(name="update")
def update_profile(
    profile: ProfileName,
    /,
    *,
    attributes: JsonData = "",
    add: Annotated[tuple[str, ...], Parameter(help="An identity that the person gets. May be repeated.")] = (),
    remove: Annotated[tuple[str, ...], Parameter(help="An identity that the person loses. May be repeated.")] = (),
    locale: ProfileLocale = None,
    time_zone: TimeZone = None,
    session: CurrentSession,
) -> None:
    """Change a profile.

    --attributes takes the attributes to set, as a JSON object. null removes one, and those that it does not name stay.
    An empty --locale or --time-zone removes it.
    """
    from dataclasses import replace  # noqa: PLC0415 - few commands need it

    stored = _find(session, profile)
    changes: dict[str, Any] = {}
    if locale is not None:
        changes["locale"] = locale
    if time_zone is not None:
        changes["time_zone"] = time_zone
    if add or remove:
        changes["identities"] = _changed_identities(stored, add, remove)
    given = parse_json_object(attributes, "--attributes")
    paths = [*changes, *(f"attributes.{name}" for name in given or ())]
    if not paths:
        raise CommandFailed("Nothing is to be changed.", hint="See clarion profiles update --help.")
    updated = session.client.profiles.update(replace(stored, **changes, attributes=given), paths)
    session.output.show(updated.to_dict(), lambda: _view(updated))


@profiles.command(name="merge")
def merge_profiles(
    survivor: ProfileName,
    absorbed: Annotated[str, Parameter(help="The profile that it absorbs: its id, or an identity.")],
    /,
    *,
    session: CurrentSession,
) -> None:
    """Make one profile of two of the same person. This cannot be undone.

    The survivor's attributes win. Of both people's choices the stricter ones hold.
    """
    kept, gone = _find(session, survivor), _find(session, absorbed)
    if kept.name == gone.name:
        raise CommandFailed(f"Both are {kept.name} already: there is nothing to merge.")
    merged = session.client.profiles.merge(kept.name, gone.name, etag=kept.etag, absorbed_etag=gone.etag)
    session.output.show(merged.to_dict(), lambda: _view(merged))


@profiles.command(name="delete")
def delete_profile(
    profile: Annotated[
        str, Parameter(help="The profile: its id, or an identity of the person, such as jane@example.com.")
    ] = "",
    /,
    *,
    identity: Annotated[
        str, Parameter(help="An identity of somebody of whom there need be no profile, such as email:jane@example.com.")
    ] = "",
    keep_suppression: Annotated[
        bool | None,
        Parameter(
            negative="--no-keep-suppression",
            help="Whether marketing to the addresses stays suppressed. Default: if the service has erasure keys.",
        ),
    ] = None,
    session: CurrentSession,
) -> None:
    """Erase a person. This cannot be undone.

    The profile is gone at once. What is left of the person in messages and events is removed in the next seconds; the
    event PROFILE_ERASED says when that is done. Without a profile, --identity erases those messages alone.
    """
    if bool(profile) == bool(identity):
        raise CommandFailed("Give a profile or an --identity.")
    known = session.client.profiles
    if identity:
        deletion = known.delete_by_identity(identity, keep_suppression=keep_suppression)
    else:
        deletion = known.delete(_find(session, profile).name, keep_suppression=keep_suppression)
    told = f"{identity} is being erased" if identity else f"{deletion.profile} is deleted"
    session.output.show({"deleted": deletion.profile, **deletion.to_dict()}, lambda: plain(_told(told, deletion)))


def _told(what: str, deletion: ProfileDeletion) -> str:
    return (
        f"{what}.\nCancelled messages: {deletion.cancelled_count}."
        f"\nAddresses that stay suppressed for marketing: {deletion.suppressed_address_count}."
        "\nThe person is being removed from messages and events: PROFILE_ERASED says when that is done."
    )


def _find(session: Session, profile: str) -> Profile:
    """Returns the profile of an id or an identity. Only identities have a colon or an at sign."""
    known = session.client.profiles
    return known.lookup(profile) if ":" in profile or "@" in profile else known.get(profile)


def _changed_identities(stored: Profile, add: tuple[str, ...], remove: tuple[str, ...]) -> list[str]:
    """Raises CommandFailed when the profile does not have an identity that is to be removed."""
    unwanted = {identity if ":" in identity else f"email:{identity}" for identity in remove}
    if missing := unwanted - set(stored.identities):
        raise CommandFailed(f"The profile does not have {', '.join(sorted(missing))}.")
    return [*(identity for identity in stored.identities if identity not in unwanted), *add]


def _view(profile: Profile) -> RenderableType:
    rows = [("name", plain(profile.name)), ("identities", plain("\n".join(profile.identities)))]
    rows += [(f"attributes.{name}", plain(value)) for name, value in sorted((profile.attributes or {}).items())]
    rows += [
        ("locale", plain(profile.locale or "-")),
        ("time zone", plain(profile.time_zone or "-")),
        ("created", moment(profile.create_time)),
        ("updated", moment(profile.update_time)),
        ("first seen", moment(profile.first_seen_time)),
    ]
    return fields(rows)
