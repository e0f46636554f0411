"""Allow lists."""

from __future__ import annotations

import pytest
from clarion_server.application.ports.store import Store, UnitOfWork, WriteConflict
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.suppressions.allow_list import AllowList, enabled_list

from tests.contract.store import samples
from tests.contract.store.given import a_campaign, committing

SEEN = Visibility(samples.SANDBOX)
LIST = AllowList(samples.SANDBOX, True, ("Dev@Example.com", "*.bücher.example"), 1, samples.NOW, "apiKeys/1")


def test_a_list_comes_back_as_it_was_saved(store: Store) -> None:
    with committing(store) as work:
        assert work.allow_lists.get(SEEN) is None
        work.allow_lists.save(LIST)
    with store.snapshot() as work:
        assert work.allow_lists.get(SEEN) == LIST
        assert work.allow_lists.get(Visibility("staging")) is None


def test_a_list_is_replaced_by_its_next_revision_alone(work: UnitOfWork) -> None:
    work.allow_lists.save(LIST)
    changed = AllowList(samples.SANDBOX, False, (), 2, samples.NOW + 1, "apiKeys/2")
    work.allow_lists.save(changed)
    assert work.allow_lists.get(SEEN) == changed
    with pytest.raises(WriteConflict):
        work.allow_lists.save(changed)


def test_the_enabled_lists_of_some_sandboxes_are_found(work: UnitOfWork) -> None:
    work.allow_lists.save(LIST)
    work.allow_lists.save(AllowList("staging", True, (), 1, samples.NOW, "apiKeys/1"))
    work.allow_lists.save(AllowList("other", False, ("example.com",), 1, samples.NOW, "apiKeys/1"))
    assert work.allow_lists.enabled({samples.SANDBOX, "other", "unknown"}) == {
        samples.SANDBOX: enabled_list(["dev@example.com", "*.xn--bcher-kva.example"])
    }
    assert work.allow_lists.enabled({"staging"}) == {"staging": enabled_list([])}


def test_a_campaign_that_is_locked_says_what_its_sandbox_has(work: UnitOfWork) -> None:
    here, there, elsewhere = [a_campaign(work, sandbox=sandbox) for sandbox in (samples.SANDBOX, "staging", "other")]
    work.allow_lists.save(LIST)
    work.allow_lists.save(AllowList("staging", False, (), 1, samples.NOW, "apiKeys/1"))
    work.suppressions.add_all([samples.suppression(sandbox="other")])
    locked = work.campaigns.lock([here.key, there.key, elsewhere.key])
    has = {key: (campaign.has_suppressions, campaign.has_allow_list) for key, campaign in locked.items()}
    assert has == {here.key: (False, True), there.key: (False, False), elsewhere.key: (True, False)}
