/**
 * The client against a live service, in the sandbox of the key in `CLARION_API_KEY`. Needs the live campaigns `orders` (a
 * required text `order`) and the draft `draft`; addresses are magic, so that nothing leaves.
 */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import {
  Campaign_State,
  Client,
  Category,
  ConflictError,
  Event_Type,
  FragmentRepin_Outcome,
  ImportedProfile_Outcome,
  ImportedSuppression_Outcome,
  InvalidRequestError,
  Message_State,
  NotFoundError,
  PreconditionFailedError,
  RecipientResult_Outcome,
  Suppression_Scope,
  TestCell_Comparison,
  TriggerSample_Tool,
  UnauthenticatedError,
} from "../src/index.js";

const client = Client.fromEnvironment();
after(() => client.close());

const TO = "sent@clarion.test";

test("a trigger is accepted, and its message sent", async () => {
  const accepted = await client.trigger("orders", { to: TO, context: { order: "4711" } });
  const watch = client.messages.watch({ execution: accepted.execution, fromStart: true });
  for await (const event of watch) {
    assert.equal(event.type, Event_Type.SENT);
    assert.equal(event.message, accepted.recipients[0]?.messages[0]?.message);
    break;
  }
  const message = await client.messages.get(accepted.recipients[0]?.messages[0]?.message ?? "");
  assert.equal(message.state, Message_State.SENT);
});

test("the same request id is answered with the first answer", async () => {
  const once = { to: TO, context: { order: "1" }, requestId: randomUUID() };
  const first = await client.trigger("orders", once);
  const second = await client.trigger("orders", once);
  assert.deepEqual([first.replayed, second.replayed], [false, true]);
  assert.equal(second.execution, first.execution);
});

test("without a request id two calls are two executions", async () => {
  const call = () => client.trigger("orders", { to: TO, context: { order: "1" } });
  assert.notEqual((await call()).execution, (await call()).execution);
});

test("an audience is counted, and sent to", async () => {
  const members = { case: "condition", value: "profile.locale == 'de-LI'" } as const;
  await client.audiences.create({ name: "runs", displayName: "Runs", members });
  await client.profiles.create({ identities: ["email:sent+runs@clarion.test"], locale: "de-LI" });
  const options = { maxRecipients: 100, context: { order: "1" } };
  const counted = await client.triggerAudience("orders", "runs", { ...options, validateOnly: true });
  assert.equal(counted.execution?.audienceRun?.selectedCount, 1);
  const started = await client.triggerAudience("orders", "runs", { ...options, requestId: "runs" });
  const again = await client.triggerAudience("orders", "runs", { ...options, requestId: "runs" });
  assert.equal(again.execution?.name, started.execution?.name);
  assert.equal(again.replayed, true);
});

test("several recipients bring data of their own, and each has its result", async () => {
  const recipients = [
    { identity: "sent+1@clarion.test", context: { order: "1" } },
    { identity: "suppressed@clarion.test", context: { order: "2" } },
    { identity: "sent+3@clarion.test", context: {} },
  ];
  const accepted = await client.trigger("orders", { recipients, allowPartial: true });
  assert.deepEqual(
    accepted.recipients.map((each) => each.outcome),
    [RecipientResult_Outcome.ACCEPTED, RecipientResult_Outcome.EXCLUDED, RecipientResult_Outcome.REJECTED],
  );
});

test("every violation is told, by its path", async () => {
  const recipients = [{ identity: TO, context: { order: 1 } }, { identity: "nobody", context: { order: "1" } }];
  await assert.rejects(client.trigger("orders", { recipients }), (error: unknown) => {
    assert.ok(error instanceof InvalidRequestError);
    assert.equal(error.reason, "INVALID_FIELDS");
    const fields = error.violations.map((each) => each.field);
    assert.ok(fields.includes("recipients[0].context.order"), fields.join());
    assert.ok(fields.some((field) => field.startsWith("recipients[1].")), fields.join());
    assert.match(error.message, /recipients\[0\]\.context\.order/);
    return true;
  });
});

test("a refusal has its class, its reason and its metadata", async () => {
  await assert.rejects(client.trigger("draft", { to: TO, context: {} }), (error: unknown) => {
    assert.ok(error instanceof PreconditionFailedError);
    assert.deepEqual([error.reason, error.metadata["state"]], ["CAMPAIGN_NOT_LIVE", "DRAFT"]);
    return true;
  });
  await assert.rejects(client.campaigns.get("nowhere"), NotFoundError);
});

test("a key that is none is told so", async () => {
  const stranger = new Client(process.env["CLARION_TARGET"], { apiKey: "clk_no" });
  await assert.rejects(stranger.campaigns.get("orders"), UnauthenticatedError);
  stranger.close();
});

test("lists fetch page by page", async () => {
  const recipients = [1, 2, 3, 4, 5].map((each) => ({ identity: `sent+${each}@clarion.test`, context: { order: "1" } }));
  const { execution } = await client.trigger("orders", { recipients });
  const list = client.messages.list({ execution, pageSize: 2 });
  const sizes = [];
  for await (const page of list.pages()) sizes.push(page.length);
  assert.deepEqual(sizes, [2, 2, 1]);
  assert.equal((await list.take(3)).length, 3);
  assert.equal(new Set((await list.take(10)).map((each) => each.name)).size, 5);
});

test("a watch goes on where an earlier one ended", async () => {
  const recipients = [1, 2, 3].map((each) => ({ identity: `sent+${each}@clarion.test`, context: { order: "1" } }));
  const { execution } = await client.trigger("orders", { recipients });
  const first = client.messages.watch({ execution, fromStart: true });
  const seen = [(await first.next()).value?.message];
  first.close();
  assert.equal((await first.next()).done, true);
  const second = client.messages.watch({ execution, resumeToken: first.resumeToken });
  for await (const event of second) {
    seen.push(event.message);
    if (seen.length === 3) break;
  }
  assert.equal(new Set(seen).size, 3);
});

test("a watch that has started misses nothing", async () => {
  const watch = await client.messages.watch({ campaign: "orders", types: [Event_Type.SENT] }).started();
  const accepted = await client.trigger("orders", { to: TO, context: { order: "1" } });
  for await (const event of watch) {
    if (event.message === accepted.recipients[0]?.messages[0]?.message) break;
  }
});

test("what JSON does not know is refused before anything is sent, by its path", async () => {
  for (const [value, path] of [
    [Number.NaN, /recipients\[0\]\.context\.order\.total/],
    [new Date(0), /total is a Date/],
    [2 ** 60, /digits would be lost/],
    [10n, /bigint/],
  ] as const) {
    const context = { order: { total: value } };
    await assert.rejects(client.trigger("orders", { to: TO, context }), (error: unknown) => {
      assert.ok(error instanceof TypeError);
      assert.match(error.message, path);
      return true;
    });
  }
});

test("campaigns are previewed, reported on and sampled", async () => {
  const preview = await client.campaigns.preview("orders", { context: { order: "4711" } });
  assert.equal(preview.content.case === "email" && preview.content.value.subject, "Order 4711");
  const report = await client.reports.get("orders");
  assert.equal(report.campaign, "campaigns/orders");
  const { samples } = await client.campaigns.sample("orders");
  const calling = samples.filter((each) => each.text.includes(process.env["CLARION_TARGET"] ?? "?"));
  const tools = calling.map((each) => each.tool);
  assert.ok(tools.includes(TriggerSample_Tool.GRPCURL) && tools.includes(TriggerSample_Tool.TYPESCRIPT), tools.join());
});

test("a person is stored, found, changed, merged and deleted", async () => {
  const person = { identities: ["typescript@example.com", "crm:ts-1"], attributes: { plan: "free", city: "Köln" } };
  const created = await client.profiles.create(person);
  assert.equal((await client.profiles.lookup("TypeScript@example.com")).name, created.name);
  const change = { name: created.name, attributes: { plan: "gold", city: null }, etag: created.etag };
  const changed = await client.profiles.update(change, { fields: ["attributes.plan", "attributes.city"] });
  assert.deepEqual(changed.attributes, { plan: "gold" });
  const [imported] = await client.profiles.importAll([{ identities: ["crm:ts-2"], locale: "de" }]);
  assert.equal(imported?.outcome, ImportedProfile_Outcome.CREATED);
  const merged = await client.profiles.merge(created.name, imported?.profile ?? "");
  assert.deepEqual(merged.identities, ["email:typescript@example.com", "crm:ts-1", "crm:ts-2"]);
  assert.equal((await client.profiles.get(imported?.profile ?? "")).name, created.name);
  const exported = [];
  for await (const each of client.profiles.export()) exported.push(each.profile?.name);
  assert.ok(exported.includes(created.name));
  await client.profiles.delete(created.name);
  await assert.rejects(client.profiles.get(created.name), NotFoundError);
});

test("a domain is suppressed, found and released", async () => {
  const target = { case: "domain", value: "*.example.com" } as const;
  const created = await client.suppressions.create({ target, scope: Suppression_Scope.MARKETING });
  assert.deepEqual(created.target, target);
  const checked = await client.suppressions.check("jane@mail.example.com");
  assert.deepEqual(checked.excludedCategories, [Category.MARKETING]);
  for await (const listed of client.suppressions.list({ target: "*.example.com" })) {
    assert.equal(listed.name, created.name);
  }
  const [imported] = await client.suppressions.importAll([{ target, scope: Suppression_Scope.ALL }]);
  assert.equal(imported?.outcome, ImportedSuppression_Outcome.UPDATED);
  assert.equal((await client.suppressions.get(created.name)).scope, Suppression_Scope.ALL);
  await client.suppressions.delete(created.name);
  assert.deepEqual((await client.suppressions.check("jane@mail.example.com")).suppressions, []);
});

test("the allow list is changed and read", async () => {
  const changed = await client.allowList.update({ entries: ["dev@example.com"] });
  assert.deepEqual([changed.enabled, changed.entries], [false, ["dev@example.com"]]);
  assert.equal((await client.allowList.get()).etag, changed.etag);
});

test("test cases are written beside a campaign", async () => {
  const made = await client.testCases.create({ name: "draft/plain", context: { order: "4711" }, locale: "de" });
  assert.equal(made.name, "campaigns/draft/testCases/plain");
  const named = await client.testCases.update({ name: "draft/plain", displayName: "Plain" }, { fields: ["display_name"] });
  assert.equal(named.displayName, "Plain");
  assert.deepEqual(await client.testCases.get("draft/plain"), named);
  for await (const listed of client.testCases.list("draft")) assert.equal(listed.locale, "de");
  const run = client.testCases.run("draft", { testCases: ["plain"] });
  const first = await run.next();
  assert.ok(!first.done);
  assert.equal(first.value.comparison, TestCell_Comparison.NEW);
  const last = await run.next();
  assert.ok(last.done);
  assert.equal((await client.testCases.accept("draft", last.value, [first.value])).acceptedCount, 1);
  for await (const cell of client.testCases.run("draft")) assert.equal(cell.comparison, TestCell_Comparison.SAME);
  await client.testCases.delete("draft/plain", { etag: named.etag });
});

test("a fragment is rolled out, and each campaign has its answer", async () => {
  await client.fragments.create({ name: "footer", source: "<p>The Shop</p>" });
  await client.fragments.publish("footer");
  const rollOut = await client.fragments.repin("footer", ["draft", "campaigns/none"], { validateOnly: true });
  assert.equal(rollOut.toVersion, 1);
  assert.deepEqual(
    rollOut.repins.map((repin) => [repin.campaign, repin.outcome]),
    [
      ["campaigns/draft", FragmentRepin_Outcome.NOT_LIVE],
      ["campaigns/none", FragmentRepin_Outcome.NOT_FOUND],
    ],
  );
  await client.fragments.delete("footer");
});

test("a draft of a fragment is approved by its full name, and one of a campaign by either", async () => {
  await client.fragments.create({ name: "terms", source: "<p>Our terms</p>" });
  const { fragment, contentHash } = await client.approvals.submit("fragments/terms", { comment: "Please look." });
  assert.equal(fragment, "fragments/terms");
  await client.approvals.approve("fragments/terms", contentHash);
  const published = await client.fragments.publish("terms");
  assert.equal(published.version?.approvers.length, 1);
  const threads = [];
  for await (const thread of client.approvals.threads("fragments/terms")) threads.push(thread.opening?.comment);
  assert.deepEqual(threads, ["Please look."]);
  for (const name of ["draft", "campaigns/draft"])
    assert.equal((await client.approvals.get(name)).campaign, "campaigns/draft");
  await client.fragments.delete("terms");
});

test("an administrator activates without the approvals that a policy asks for, and says why", async () => {
  await client.approvalPolicies.create({ name: "legal", displayName: "Legal" });
  await client.campaigns.update({ name: "campaigns/orders", displayName: "Orders" }, { fields: ["display_name"] });
  await assert.rejects(client.campaigns.activate("orders"), PreconditionFailedError);
  await client.campaigns.activate("orders", { bypassReason: "The shop is down." });
  const [live] = await client.campaigns.versions("orders").take(1);
  assert.equal(live?.bypassReason, "The shop is down.");
  await client.approvalPolicies.delete("legal");
});

test("a campaign is copied, archived, and found by its tags", async () => {
  const draft = await client.campaigns.get("draft");
  await client.campaigns.update({ name: draft.name, tags: ["Shop"] }, { fields: ["tags"] });
  const copy = await client.campaigns.duplicate("draft", "copied", { displayName: "Copied" });
  assert.deepEqual([copy.displayName, copy.tags], ["Copied", ["Shop"]]);
  const archived = await client.campaigns.archive("copied");
  assert.equal(archived.state, Campaign_State.ARCHIVED);
  const found: string[] = [];
  for await (const each of client.campaigns.list({ tags: ["SHOP"], creator: "me" })) found.push(each.name);
  assert.deepEqual(found, ["campaigns/draft"]);
  const uses: [string, number][] = [];
  for await (const use of client.campaigns.tags()) uses.push([use.tag, use.campaignCount]);
  assert.deepEqual(uses, [["Shop", 1]]);
  assert.equal((await client.campaigns.unarchive("copied")).state, Campaign_State.DRAFT);
  assert.equal((await client.campaigns.version("orders", 1)).version, 1);
});

test("any number of profiles is imported by a stream, each answered, and once under one id", async () => {
  const rows = Array.from({ length: 1_201 }, (_, number) => ({ identities: [`stream:${number}`] }));
  const importId = randomUUID();
  const outcomes = async () => {
    const found: [string | undefined, ImportedProfile_Outcome][] = [];
    for await (const [row, result] of client.profiles.importStream(rows, { importId })) {
      found.push([row.identities[0], result.outcome]);
    }
    return found;
  };
  const expected = rows.map(({ identities }) => [identities[0], ImportedProfile_Outcome.CREATED]);
  assert.deepEqual(await outcomes(), expected);
  assert.deepEqual(await outcomes(), expected);
});

test("suppressions are imported by a stream that the caller may leave", async () => {
  async function* rows() {
    for (let number = 0; ; number++) {
      yield { target: { case: "address", value: `stream${number}@example.com` } as const };
    }
  }
  for await (const [row, result] of client.suppressions.importStream(rows())) {
    assert.equal(row.target.value, "stream0@example.com");
    assert.equal(result.outcome, ImportedSuppression_Outcome.CREATED);
    break;
  }
});

test("a list is uploaded by a stream, and replaced at its end", async () => {
  await client.audiences.create({ name: "streamed", displayName: "Streamed", members: { case: "identityList", value: {} } });
  const texts = Array.from({ length: 700 }, (_, number) => `crm:${number}`);
  let added = 0;
  for await (const [, answer] of client.audiences.uploadStream("streamed", texts)) added += answer.addedCount;
  assert.equal(added, 700);
  assert.equal((await client.audiences.count("streamed")).memberCount, 700n);
});

test("what the rows throw is thrown after the answers to those before", async () => {
  async function* rows() {
    yield { identities: ["stream:first"] };
    throw new RangeError("unreadable");
  }
  const seen: unknown[] = [];
  await assert.rejects(async () => {
    for await (const [, result] of client.profiles.importStream(rows())) seen.push(result.outcome);
  }, RangeError);
  assert.deepEqual(seen, [ImportedProfile_Outcome.CREATED]);
});

test("resources of plain kinds have the standard methods of their services", async () => {
  const nights = { name: "nights", displayName: "Nights", timeZone: "UTC", rate: 5 };
  const checked = await client.sendingPolicies.create(nights, { validateOnly: true });
  assert.deepEqual([checked.name, checked.rate, checked.etag], ["sendingPolicies/nights", 5, ""]);
  await assert.rejects(client.sendingPolicies.get("nights"), NotFoundError);
  const made = await client.identityNamespaces.create({ name: "desks", displayName: "Customers" });
  const renamed = await client.identityNamespaces.update({ name: made.name, displayName: "Shops" }, { fields: ["display_name"] });
  assert.equal((await client.identityNamespaces.get("desks")).displayName, "Shops");
  const names = (await client.identityNamespaces.list({ pageSize: 1 }).take(2)).map(({ name }) => name);
  assert.deepEqual(names, ["identityNamespaces/desks", "identityNamespaces/email"]);
  await assert.rejects(client.identityNamespaces.delete("desks", { etag: made.etag }), ConflictError);
  await client.identityNamespaces.delete("desks", { etag: renamed.etag });
  await client.approvalPolicies.create({ name: "legal", displayName: "Legal" }, { validateOnly: true });
});

test("topics are archived, and listed when asked for", async () => {
  await client.topics.create({ name: "topics/news", displayName: "News" });
  assert.notEqual((await client.topics.archive("news")).archiveTime, undefined);
  assert.deepEqual(await client.topics.list().take(9), []);
  const archived = await client.topics.list({ showArchived: true }).take(9);
  assert.deepEqual(archived.map(({ name }) => name), ["topics/news"]);
  assert.equal((await client.topics.unarchive("news")).archiveTime, undefined);
});
