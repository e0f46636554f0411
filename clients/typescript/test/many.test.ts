/** What the client splits into several calls, sends in parts, or continues: imports, uploads, exports. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { AttachmentService } from "../src/gen/clarion/v1/attachment_service_pb.js";
import { AudienceService } from "../src/gen/clarion/v1/audience_service_pb.js";
import { type ImportProfilesStreamRequest, ImportService } from "../src/gen/clarion/v1/import_service_pb.js";
import { type ImportProfilesRequest, ProfileService } from "../src/gen/clarion/v1/profile_service_pb.js";
import { SuppressionService } from "../src/gen/clarion/v1/suppression_service_pb.js";
import { serving } from "./serving.js";

const QUICK = { retry: { initialDelayMs: 1, maxDelayMs: 5 } };

/** Answers imports of profiles with the identities as the names of the profiles, and keeps the requests. */
function importing(requests: ImportProfilesRequest[]): (router: ConnectRouter) => void {
  return (router) =>
    router.rpc(ProfileService.method.importProfiles, (request) => {
      requests.push(request);
      return { results: request.profiles.map(({ identities: [profile = ""] }) => ({ profile })) };
    });
}

function people(count: number, attributes = {}) {
  return Array.from({ length: count }, (_, number) => ({ identities: [`crm:${number}`], attributes }));
}

test("an import makes a call for every thousand profiles, and answers for all in their order", async () => {
  const requests: ImportProfilesRequest[] = [];
  await serving(importing(requests), {}, async (client) => {
    const results = await client.profiles.importAll(people(2_001));
    assert.deepEqual(results.map(({ profile }) => profile), people(2_001).map(({ identities }) => identities[0]));
    assert.deepEqual(await client.profiles.importAll([]), []);
  });
  assert.deepEqual(requests.map(({ profiles }) => profiles.length), [1_000, 1_000, 1]);
});

test("an import makes calls of 4,000 profiles and choices at most, and keeps each choice with its profile", async () => {
  const requests: ImportProfilesRequest[] = [];
  const consents = Array.from({ length: 100 }, (_, profileIndex) => ({
    profileIndex,
    changes: Array.from({ length: 60 }, () => ({ topic: `topics/${profileIndex}` })),
  }));
  await serving(importing(requests), {}, async (client) => {
    await client.profiles.importAll(people(100), { consents });
  });
  assert.deepEqual(requests.map(({ profiles }) => profiles.length), [65, 35]);
  for (const { profiles, consents: chosen } of requests) {
    assert.equal(chosen.length, profiles.length);
    for (const { profileIndex, changes } of chosen) {
      assert.deepEqual(profiles[profileIndex]?.identities, [`crm:${changes[0]?.topic.replace("topics/", "")}`]);
    }
  }
});

test("an import makes calls of 2 MB at most", async () => {
  const requests: ImportProfilesRequest[] = [];
  await serving(importing(requests), {}, async (client) => {
    await client.profiles.importAll(people(5, { note: "x".repeat(900_000) }));
  });
  assert.deepEqual(requests.map(({ profiles }) => profiles.length), [2, 2, 1]);
});

test("a profile that no request has room for is named after the answers to those before", async () => {
  const routes = (router: ConnectRouter) =>
    router.rpc(ImportService.method.importProfilesStream, async function* (received) {
      for await (const { position, profiles } of received)
        yield { position, results: profiles.map(({ identities: [profile = ""] }) => ({ profile })) };
    });
  const rows = [...people(501), ...people(1, { note: "x".repeat(4_194_304) }), ...people(1)];
  let seen = 0;
  await serving(routes, {}, async (client) => {
    const importing = async () => {
      for await (const _ of client.profiles.importStream(rows)) seen++;
    };
    await assert.rejects(importing, /^RangeError: rows\[501\] has 4194\d+ bytes, and a row may have 4193280$/);
  });
  assert.equal(seen, 501);
});

test("a stream of profiles sends few large ones at a time, and each choice with its profile", async () => {
  const requests: ImportProfilesStreamRequest[] = [];
  const routes = (router: ConnectRouter) =>
    router.rpc(ImportService.method.importProfilesStream, async function* (received) {
      for await (const request of received) {
        requests.push(request);
        yield { position: request.position, results: request.profiles.map(({ identities: [profile = ""] }) => ({ profile })) };
      }
    });
  const rows = people(5, { note: "x".repeat(300_000) });
  const choices = [{ evidence: { text: "x".repeat(800_000) } }];
  await serving(routes, {}, async (client) => {
    const seen: string[] = [];
    for await (const [, { profile }] of client.profiles.importStream([...rows, ...rows.map((row) => [row, choices] as const)]))
      seen.push(profile);
    assert.deepEqual(seen, [...rows, ...rows].map(({ identities }) => identities[0]));
  });
  const carried = requests.map(({ position, profiles, consents }) => [Number(position), profiles.length, consents.length]);
  assert.deepEqual(carried, [[0, 3, 0], [3, 2, 0], [5, 1, 1], [6, 1, 1], [7, 1, 1], [8, 1, 1], [9, 1, 1]]);
});

test("choices of no profile are refused before anything is sent", async () => {
  const requests: ImportProfilesRequest[] = [];
  await serving(importing(requests), {}, async (client) => {
    const consents = [{ profileIndex: 0, changes: [] }, { profileIndex: 2, changes: [] }];
    await assert.rejects(client.profiles.importAll(people(2), { consents }), /^RangeError: consents\[1\]\.profileIndex is 2/);
  });
  assert.equal(requests.length, 0);
});

test("suppressions are imported by calls of a thousand", async () => {
  const counts: number[] = [];
  const routes = (router: ConnectRouter) =>
    router.rpc(SuppressionService.method.importSuppressions, ({ suppressions }) => {
      counts.push(suppressions.length);
      return { results: suppressions.map(({ target }) => ({ suppression: String(target.value) })) };
    });
  const rows = Array.from({ length: 1_002 }, (_, number) => ({ target: { case: "address", value: `${number}@a.b` } as const }));
  await serving(routes, {}, async (client) => {
    const results = await client.suppressions.importAll(rows);
    assert.deepEqual(results.map(({ suppression }) => suppression), rows.map(({ target }) => target.value));
  });
  assert.deepEqual(counts, [1_000, 2]);
});

test("a list is uploaded by calls of a thousand, the last of which completes it, and answered as a whole", async () => {
  const calls: [number, boolean][] = [];
  const routes = (router: ConnectRouter) =>
    router.rpc(AudienceService.method.uploadIdentities, ({ identities, complete }) => {
      calls.push([identities.length, complete]);
      return { addedCount: identities.length - 1, repeatedCount: 1, rejected: [{ index: 7 }] };
    });
  await serving(routes, {}, async (client) => {
    const identities = people(1_500).map(({ identities: [identity = ""] }) => identity);
    const answer = await client.audiences.upload("gold", identities, { uploadId: "1", complete: true });
    assert.deepEqual([answer.addedCount, answer.repeatedCount], [1_498, 2]);
    assert.deepEqual(answer.rejected.map(({ index }) => index), [7, 1_007]);
    await client.audiences.upload("gold", [], { uploadId: "2", complete: true });
  });
  assert.deepEqual(calls, [[1_000, false], [500, true], [0, true]]);
});

test("a file is sent in parts, and from its first one again after a failure", async () => {
  const sizes: number[][] = [];
  const routes = (router: ConnectRouter) =>
    router.rpc(AttachmentService.method.uploadAttachment, async (requests) => {
      const seen: number[] = [];
      let fileName = "";
      for await (const { part } of requests) {
        if (part.case === "header") fileName = part.value.attachment?.fileName ?? "";
        if (part.case === "content") seen.push(part.value.length);
      }
      if (sizes.push(seen) === 1) throw new ConnectError("not now", Code.Unavailable);
      return { attachment: { name: "attachments/terms", fileName } };
    });
  await serving(routes, QUICK, async (client) => {
    const content = new Uint8Array(5_000_000);
    assert.equal((await client.attachments.upload("terms.pdf", content, { name: "terms" })).fileName, "terms.pdf");
  });
  assert.equal(sizes.length, 2);
  for (const seen of sizes) {
    assert.ok(Math.max(...seen) <= 256 * 1024);
    assert.equal(seen.reduce((sum, size) => sum + size, 0), 5_000_000);
  }
});

test("an export whose connection breaks goes on behind the last one, and returns each once", async () => {
  const asked: string[] = [];
  const routes = (router: ConnectRouter) =>
    router.rpc(ProfileService.method.exportProfiles, async function* ({ after }) {
      const call = asked.push(after);
      yield { profiles: [{ profile: { name: `profiles/${call}` } }] };
      if (call < 3) throw new ConnectError("gone", Code.Unavailable);
      yield { complete: true };
    });
  const seen: (string | undefined)[] = [];
  await serving(routes, QUICK, async (client) => {
    for await (const { profile } of client.profiles.export({ after: "0" })) seen.push(profile?.name);
  });
  assert.deepEqual(seen, ["profiles/1", "profiles/2", "profiles/3"]);
  assert.deepEqual(asked, ["profiles/0", "profiles/1", "profiles/2"]);
});

test("the service learns when the caller leaves a stream", { timeout: 30_000 }, async () => {
  let left: (value: unknown) => void = () => undefined;
  const leaving = new Promise((resolve) => (left = resolve));
  const routes = (router: ConnectRouter) =>
    router.rpc(SuppressionService.method.exportSuppressions, async function* (_, { signal }) {
      signal.addEventListener("abort", left);
      yield { suppressions: [{ name: "suppressions/1" }] };
      await leaving;
    });
  await serving(routes, QUICK, async (client) => {
    for await (const _ of client.suppressions.export()) break;
    await leaving;
  });
});
