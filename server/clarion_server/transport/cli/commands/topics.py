"""`clarion topics`: lists, shows and archives topics. `clarion apply` writes them."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from clarion_server.transport.cli.commands.lists import Limit, page_size, show_list
from clarion_server.transport.cli.commands.resources import show_as_file
from clarion_server.transport.cli.session import CurrentSession
from clarion_server.transport.cli.views import id_of, moment, plain

TopicName = Annotated[str, Parameter(help="The topic, such as newsletter.")]

topics = App(name="topics", help="List, show, archive and unarchive topics.")


@topics.command(name="list")
def list_topics(
    *,
    archived: Annotated[bool, Parameter(help="Show archived topics too.")] = False,
    limit: Limit = 50,
    session: CurrentSession,
) -> None:
    """List topics by name."""
    columns = {
        "ID": lambda topic: id_of(topic.name),
        "VISIBILITY": lambda topic: plain(topic.visibility),
        "SILENCE": lambda topic: plain(topic.silence or "-"),
        "UPDATED": lambda topic: moment(topic.update_time),
        "ARCHIVED": lambda topic: moment(topic.archive_time),
        "NAME": lambda topic: plain(topic.display_name),
    }
    pager = session.client.topics.list(show_archived=archived, page_size=page_size(limit))
    show_list(session.output, pager, limit, columns)


@topics.command(name="get")
def get_topic(topic: TopicName, /, *, session: CurrentSession) -> None:
    """Print a topic as a file for `clarion apply`."""
    show_as_file(session.output, session.client.topics.get(topic))


@topics.command(name="archive")
def archive_topic(topic: TopicName, /, *, session: CurrentSession) -> None:
    """Take a topic out of use. What people chose stays, and holds for campaigns that are live."""
    archived = session.client.topics.archive(topic)
    session.output.show(archived.to_dict(), lambda: plain(f"{archived.name} is archived."))


@topics.command(name="unarchive")
def unarchive_topic(topic: TopicName, /, *, session: CurrentSession) -> None:
    """Take an archived topic into use again."""
    unarchived = session.client.topics.unarchive(topic)
    session.output.show(unarchived.to_dict(), lambda: plain(f"{unarchived.name} is in use."))
