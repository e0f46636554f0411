"""Provides the queries of large tables, and the indexes that they use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from clarion_server.adapters.storage.limits.cap_locks import CapRow
from clarion_server.application.ports.profiles import SandboxIdentity
from clarion_server.application.ports.queries import (
    DueQuery,
    EventQuery,
    ExecutionQuery,
    MessageQuery,
    QueuedEnd,
    SuppressionQuery,
)
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.audiences.audience_run import AudienceRun
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.consent import ConsentChoice, ConsentScope
from clarion_server.domain.consent.consent_change import ConsentChange, ConsentSource
from clarion_server.domain.instant import Instant
from clarion_server.domain.messages.exclusion import ExclusionReason
from clarion_server.domain.messages.message import Lane, MessageState
from clarion_server.domain.messages.turns import Turn
from clarion_server.domain.people.choice_draft import EntryKey
from clarion_server.domain.people.identity import IdentityKey

from tests.cap_entries import lock
from tests.contract.store import samples

Use = Callable[[UnitOfWork], object]

NOW: Instant = samples.NOW
MESSAGE = samples.message(1, 1)
CHANGE = ConsentChange(ConsentScope(Channel.EMAIL), ConsentChoice.DENIED, NOW, ConsentSource.FORM)
SENDING = frozenset({MessageState.SENDING})

JANE = samples.identity("email", "jane@example.com")
CAP_ROW = CapRow("1", 1, "/MARKETING//")
RUN = replace(AudienceRun("e", "default", 1, "gold", 10, NOW, b"{}"), key=1)
SANDBOX_IDENTITY = SandboxIdentity("default", *JANE.key)

BY_ID = "sqlite_autoindex_messages_1"


def purge_a_list(work: UnitOfWork) -> None:
    made = work.audiences.add(samples.audience(condition=None))
    work.audiences.delete(made)
    work.audiences.replace_lists(made, NOW)
    work.audiences.purge_lists(NOW, NOW + 1, 10)


PLANS: dict[str, tuple[Use, set[str]]] = {
    "the executions of some request ids": (
        lambda work: work.executions.by_request_ids([(1, "a"), (1, "b")]),
        {"executions_request_id"},
    ),
    "an execution": (lambda work: work.executions.get(samples.VISIBILITY, "e"), {"PRIMARY KEY"}),
    "the newest executions of a sandbox": (
        lambda work: work.executions.page(ExecutionQuery(samples.VISIBILITY)),
        {"executions_campaign", "PRIMARY KEY"},
    ),
    "the newest executions of a campaign": (
        lambda work: work.executions.page(ExecutionQuery(samples.VISIBILITY, campaign_key=1, before="e")),
        {"executions_campaign", "PRIMARY KEY"},
    ),
    "the execution of a request id": (
        lambda work: work.executions.page(ExecutionQuery(samples.VISIBILITY, campaign_key=1, request_id="a")),
        {"executions_request_id"},
    ),
    "the executions whose request ids are released": (
        lambda work: work.executions.release_request_ids(["e"]),
        {"PRIMARY KEY"},
    ),
    "messages that are added": (lambda work: work.messages.add_all([MESSAGE, samples.message(1, 1)]), {BY_ID}),
    "a message": (lambda work: work.messages.get(samples.VISIBILITY, MESSAGE.id), {BY_ID}),
    "the newest messages of a sandbox": (
        lambda work: work.messages.page(MessageQuery(samples.VISIBILITY)),
        {"messages_campaign_state", BY_ID},
    ),
    "the newest messages of a campaign": (
        lambda work: work.messages.page(MessageQuery(samples.VISIBILITY, campaign_key=1)),
        {"messages_campaign_state", BY_ID},
    ),
    "the newest messages of a campaign in a state": (
        lambda work: work.messages.page(MessageQuery(samples.VISIBILITY, campaign_key=1, states=SENDING, before="m")),
        {"messages_campaign_state", BY_ID},
    ),
    "the newest messages of an execution": (
        lambda work: work.messages.page(MessageQuery(samples.VISIBILITY, execution_id="e")),
        {BY_ID},
    ),
    "the newest messages of an execution in a state": (
        lambda work: work.messages.page(
            MessageQuery(samples.VISIBILITY, execution_id="e", campaign_key=1, states=SENDING)
        ),
        {BY_ID},
    ),
    "the newest messages of a recipient": (
        lambda work: work.messages.page(MessageQuery(samples.VISIBILITY, identity="email:jane@example.com")),
        {"messages_identity", BY_ID},
    ),
    "the newest messages of a recipient and campaign in a state": (
        lambda work: work.messages.page(
            MessageQuery(samples.VISIBILITY, identity="email:jane@example.com", campaign_key=1, states=SENDING)
        ),
        {"messages_identity", BY_ID},
    ),
    "the newest messages with a label": (
        lambda work: work.messages.page(MessageQuery(samples.VISIBILITY, labels={"tenant": "a"})),
        {"SEARCH message_labels USING PRIMARY KEY", BY_ID},
    ),
    "the newest messages of a channel": (
        lambda work: work.messages.page(MessageQuery(samples.VISIBILITY, channels=frozenset({Channel.EMAIL}))),
        {"messages_campaign_state", BY_ID},
    ),
    "messages excluded for a reason": (
        lambda work: work.messages.page(
            MessageQuery(samples.VISIBILITY, exclusion_reasons=frozenset({ExclusionReason.CAPPED}))
        ),
        {"messages_campaign_state", BY_ID},
    ),
    "the newest messages of an action": (
        lambda work: work.messages.page(MessageQuery(samples.VISIBILITY, campaign_key=1, actions=frozenset({"email"}))),
        {"messages_campaign_state", BY_ID},
    ),
    "the states of an execution's messages": (lambda work: work.messages.state_counts("e"), {BY_ID}),
    "the messages that are due": (lambda work: work.messages.due(1, NOW, 10), {"messages_due"}),
    "the next due time": (lambda work: work.messages.next_due_time(1), {"messages_due"}),
    "the next due time after another one": (
        lambda work: work.messages.next_due_time(1, after=NOW),
        {"messages_due"},
    ),
    "when each channel has something due": (lambda work: work.messages.waiting(), {"messages_due"}),
    "messages that are claimed by name": (lambda work: work.messages.claimable(["m", "n"]), {BY_ID}),
    "a page of the queue": (
        lambda work: work.messages.queued(DueQuery(1, Lane.MARKETING, NOW, 10, after=(5, "m"))),
        {"messages_due"},
    ),
    "whether a channel has unfinished messages": (
        lambda work: work.messages.is_waiting(2),
        {"messages_due", "messages_held", "messages_campaign_state"},
    ),
    "whether a message may be followed by one of the channel": (
        lambda work: work.messages.may_fall_back_to(1),
        {"campaign_version_actions_channel_key", "messages_campaign_state"},
    ),
    "the messages that have fallbacks": (lambda work: work.messages.with_fallbacks(["m", "n"]), {BY_ID}),
    "an execution whose messages lose their fallbacks": (lambda work: work.messages.drop_fallbacks("e"), {BY_ID}),
    "an execution whose messages may be followed": (lambda work: work.messages.may_be_followed("e"), {BY_ID}),
    "a message that loses its fallbacks": (lambda work: work.messages.drop_fallback("m"), {BY_ID}),
    "messages whose attempt begins": (lambda work: work.messages.begin(["m"], "p", NOW), {BY_ID}),
    "messages that are held": (lambda work: work.messages.hold(["m"]), {BY_ID}),
    "messages that are released": (lambda work: work.messages.release(1, 10), {"messages_held", BY_ID}),
    "the campaigns with held messages": (lambda work: work.messages.held_campaigns(), {"messages_held"}),
    "messages that are requeued": (lambda work: work.messages.requeue({"m": 1}, "p"), {BY_ID}),
    "messages whose attempt has ended": (
        lambda work: work.messages.record_outcomes([samples.outcome(MESSAGE, MessageState.SENT)] * 2, "p"),
        {BY_ID},
    ),
    "messages that are cancelled": (
        lambda work: work.messages.end_queued([QueuedEnd(MESSAGE, MessageState.CANCELLED)], NOW),
        {BY_ID},
    ),
    "messages that are to end": (lambda work: work.messages.queued_among(["m"]), {BY_ID}),
    "the queued messages of an execution": (lambda work: work.messages.queued_of_execution("e"), {BY_ID}),
    "the queued messages of a campaign": (
        lambda work: work.messages.queued_of_campaign(1, 10),
        {"messages_campaign_state"},
    ),
    "the messages that a process has claimed": (
        lambda work: work.messages.claimed_by(["p"], 10),
        {"messages_campaign_state"},
    ),
    "the processes that have claimed messages": (lambda work: work.messages.owners(), {"messages_campaign_state"}),
    "the events after a position": (
        lambda work: work.events.page(EventQuery(samples.VISIBILITY, after=5)),
        {"INTEGER PRIMARY KEY"},
    ),
    "the events of every sandbox after one": (lambda work: work.events.tail(5, 10), {"INTEGER PRIMARY KEY"}),
    "the events of a campaign after a position": (
        lambda work: work.events.page(EventQuery(samples.VISIBILITY, after=5, campaign_key=1)),
        {"INTEGER PRIMARY KEY"},
    ),
    "the events of a message after a position": (
        lambda work: work.events.page(EventQuery(samples.VISIBILITY, after=5, message_id="m")),
        {"events_message"},
    ),
    "the events of an execution after a position": (
        lambda work: work.events.page(EventQuery(samples.VISIBILITY, after=5, execution_id="e")),
        {"events_message"},
    ),
    "the events of a message": (lambda work: work.events.of_message("m"), {"events_message"}),
    "the messages in doubt": (lambda work: work.events.in_doubt(["m", "n"]), {"events_message"}),
    "whether segments must be merged": (lambda work: work.messages.merge_recipient_index(10), {"messages_identity"}),
    "contexts to purge": (
        lambda work: work.retention.purge_contexts(NOW, 5, 10),
        {"SEARCH message_contexts USING INTEGER PRIMARY KEY", "SEARCH messages USING INTEGER PRIMARY KEY"},
    ),
    "events to purge": (
        lambda work: work.retention.purge_events(NOW, 5, 10),
        {"SEARCH events USING INTEGER PRIMARY KEY", BY_ID},
    ),
    "messages to purge": (
        lambda work: work.retention.purge_messages(NOW, 5, 10),
        {"SEARCH messages USING INTEGER PRIMARY KEY", "events_message"},
    ),
    "executions to purge": (
        lambda work: work.retention.purge_executions(NOW, "e", 10),
        {"SEARCH executions USING PRIMARY KEY", BY_ID},
    ),
    "the profiles of many identities": (
        lambda work: work.profiles.known(
            {SANDBOX_IDENTITY[:2]: [SANDBOX_IDENTITY.normal_value] * 2}, with_attributes=True, with_choices=True
        ),
        {"SEARCH profile_identities USING PRIMARY KEY", "SEARCH profiles USING INTEGER PRIMARY KEY"},
    ),
    "the owners of some identities": (
        lambda work: work.profiles.owners("default", [JANE.key] * 2),
        {"SEARCH profile_identities USING PRIMARY KEY", "SEARCH profiles USING INTEGER PRIMARY KEY"},
    ),
    "the profile of an identity": (
        lambda work: work.profiles.by_identity(samples.VISIBILITY, JANE.key),
        {"SEARCH profile_identities USING PRIMARY KEY"},
    ),
    "profiles that are added unless they are there": (
        lambda work: work.profiles.add_missing([samples.profile(JANE)]),
        {
            "SEARCH profiles USING COVERING INDEX sqlite_autoindex_profiles_1",
            "SEARCH profile_identities USING PRIMARY KEY",
            "SEARCH profiles USING INTEGER PRIMARY KEY",
        },
    ),
    "a page of profiles": (
        lambda work: work.profiles.page(samples.VISIBILITY, "p", 10),
        {"sqlite_autoindex_profiles_1", "profile_identities_profile_key"},
    ),
    "the suppressions of many targets": (
        lambda work: work.suppressions.covering({"a@b.example", "b.example"}),
        {"SEARCH suppressions USING INDEX"},
    ),
    "a suppression that is saved": (
        lambda work: work.suppressions.save(samples.suppression()),
        {"SEARCH suppressions USING INDEX"},
    ),
    "a suppression by its name": (
        lambda work: work.suppressions.get(samples.VISIBILITY, "s"),
        {"SEARCH suppressions USING INDEX"},
    ),
    "the newest suppressions": (
        lambda work: work.suppressions.page(SuppressionQuery(samples.VISIBILITY, before="s")),
        {"SEARCH suppressions USING INDEX"},
    ),
    "the suppressions of a target": (
        lambda work: work.suppressions.page(SuppressionQuery(samples.VISIBILITY, target_keys=frozenset({"b.example"}))),
        {"SEARCH suppressions USING INDEX", "SEARCH own USING INDEX"},
    ),
    "the suppressions that have expired": (
        lambda work: work.suppressions.expired(NOW, 10),
        {"suppressions_expire_time"},
    ),
    "messages that wait for an opening": (
        lambda work: work.messages.defer({MESSAGE.id: NOW}, NOW),
        {BY_ID},
    ),
    "messages that get a turn": (
        lambda work: work.messages.set_turns({MESSAGE.id: Turn("campaign/1", 1, NOW, NOW)}),
        {BY_ID},
    ),
    "messages that a choice allows": (
        lambda work: work.messages.keep_choices({MESSAGE.id: 1}),
        {BY_ID},
    ),
    "messages that become due": (
        lambda work: work.messages.make_due([MESSAGE.id], NOW),
        {BY_ID},
    ),
    "messages of a campaign that may wait for turns": (
        lambda work: work.messages.waiting_turns(1, "", 9),
        {"SEARCH messages USING INDEX messages_campaign_state"},
    ),
    "the turns of some rates": (
        lambda work: work.turn_schedules.lock(["campaign/1", "policy/1"]),
        {"SEARCH turn_schedules USING INDEX sqlite_autoindex_turn_schedules_1"},
    ),
    "messages that are counted for somebody else": (
        lambda work: work.messages.set_cap_persons({MESSAGE.id: "1"}),
        {BY_ID},
    ),
    "what is counted for some people": (
        lambda work: lock(work, {CAP_ROW: True}),
        {"sqlite_autoindex_cap_entries_1"},
    ),
    "whether anything is counted for strangers": (
        lambda work: work.caps.count_strangers(),
        {"sqlite_autoindex_cap_entries_1"},
    ),
    "messages that are given back": (
        lambda work: work.caps.give_back([MESSAGE.id]),
        {BY_ID},
    ),
    "what is counted for two profiles": (
        lambda work: work.caps.unite("1", "2"),
        {"sqlite_autoindex_cap_entries_1"},
    ),
    "what can count no more": (
        lambda work: work.caps.purge(NOW, "", 10),
        {"sqlite_autoindex_cap_entries_1"},
    ),
    "the tags of campaigns": (
        lambda work: work.campaigns.folded_tags({1}),
        {"SEARCH campaign_tags USING PRIMARY KEY"},
    ),
    "the namespaces of some identities": (
        lambda work: work.identity_namespaces.named({(SANDBOX_IDENTITY.sandbox, "crm")}),
        {"SEARCH identity_namespaces USING INDEX"},
    ),
    "a profile with an identity in a namespace": (
        lambda work: work.profiles.first_in_namespace(Visibility(SANDBOX_IDENTITY.sandbox), "crm"),
        {"SEARCH profile_identities USING PRIMARY KEY", "SEARCH profiles USING INTEGER PRIMARY KEY"},
    ),
    "the runs to go on with": (lambda work: work.audience_runs.open(10), {"audience_runs_open"}),
    "the next members of a run": (
        lambda work: work.audience_runs.members(RUN, "email", 500),
        {"SEARCH run_members USING PRIMARY KEY", "profile_aliases_former_key", "profile_identities_profile_key"},
    ),
    "the addresses that a run has taken": (
        lambda work: work.audience_runs.addresses(RUN, {1, 2}),
        {"SEARCH run_addresses USING PRIMARY KEY"},
    ),
    "further addresses that a run has taken": (
        lambda work: work.audience_runs.addresses_from(RUN, 5, 10),
        {"SEARCH run_addresses USING PRIMARY KEY"},
    ),
    "some members of a run to delete": (
        lambda work: work.audience_runs.delete_members(RUN, 100),
        {"SEARCH run_members USING PRIMARY KEY", "SEARCH run_addresses USING PRIMARY KEY"},
    ),
    "the run whose members are purged next": (
        lambda work: work.audience_runs.purge_members(NOW, 100),
        {"audience_runs_ended"},
    ),
    "whether many messages of a lane wait": (
        lambda work: work.messages.has_waiting(1, Lane.MARKETING, NOW, 5_000),
        {"messages_due"},
    ),
    "profiles that the condition of an audience is about": (
        lambda work: work.audiences.subjects(samples.VISIBILITY, "0", NOW, 200, with_choices=True),
        {"SEARCH profiles USING INDEX"},
    ),
    "members of a list": (
        lambda work: work.audiences.members(1, IdentityKey("email", "a"), 200),
        {"SEARCH audience_members USING PRIMARY KEY (list_key=? AND (namespace,normal_value)>(?,?))"},
    ),
    "members of a list that nobody needs": (
        purge_a_list,
        {"SEARCH audience_members USING PRIMARY KEY"},
    ),
    "the choices of a profile": (
        lambda work: work.consents.of_profile(1),
        {"SEARCH profiles USING INTEGER PRIMARY KEY"},
    ),
    "the history of a profile": (
        lambda work: work.consents.history(1, 5, 10),
        {"consent_changes_profile_key"},
    ),
    "an entry of the history of a profile": (
        lambda work: work.consents.known_entries([(1, EntryKey(CHANGE.scope, CHANGE.choice, CHANGE.time))]),
        {"consent_changes_profile_key"},
    ),
    "why the messages of a campaign fail": (
        lambda work: work.messages.failing([1]),
        {"messages_campaign_state", "events_message"},
    ),
    "why the messages of a channel configuration fail": (
        lambda work: work.messages.failing_channels([1]),
        {"messages_due", "events_message"},
    ),
    "the last event": (lambda work: work.events.last_sequence(), {"SEARCH events"}),
}
