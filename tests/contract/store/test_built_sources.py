"""What building made of the sources of a version is stored with it, and the same text once."""

from __future__ import annotations

from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.content.built_source import BuiltSource, source_key
from clarion_server.domain.content.source_places import Stretch
from clarion_server.domain.content.transform import Transform

from tests.contract.store import samples
from tests.contract.store.given import a_campaign, a_channel

HTML, OTHER = (source_key(source, Transform.INLINE_CSS) for source in ("<p>", "<b>"))
BUILT = BuiltSource(
    "<p style='a: ü'>{{ x }}\n{{ y }}",
    (3, 7),
    (Stretch(1, 1), Stretch(2, 4, 1, ("fragments/base@2:5", "fragments/footer@4"))),
)


def test_the_sources_of_a_version_come_back_as_they_were_added(work: UnitOfWork) -> None:
    draft, channel = a_campaign(work), a_channel(work)
    sources = {HTML: BUILT, OTHER: BuiltSource("<b>")}
    work.campaigns.add_version(samples.version(draft.key, 1), [channel.key], sources)
    work.campaigns.add_version(samples.version(draft.key, 2), [channel.key])
    assert work.campaigns.built_sources(draft.key, 1) == sources
    assert work.campaigns.built_sources(draft.key, 2) == {}


def test_versions_of_any_campaign_share_what_is_the_same(work: UnitOfWork) -> None:
    channel = a_channel(work)
    for campaign in (a_campaign(work), a_campaign(work, "other")):
        work.campaigns.add_version(samples.version(campaign.key, 1), [channel.key], {HTML: BUILT, OTHER: BUILT})
        assert work.campaigns.built_sources(campaign.key, 1) == {HTML: BUILT, OTHER: BUILT}
