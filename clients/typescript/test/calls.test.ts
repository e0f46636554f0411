/** How calls are made: tries, deadlines, the end. The peer is an HTTP/2 server that answers as a test says. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import http2 from "node:http2";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { rootCertificates } from "node:tls";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { CampaignService } from "../src/gen/clarion/v1/campaign_service_pb.js";
import { ImportService } from "../src/gen/clarion/v1/import_service_pb.js";
import { MessageService, WatchEventsResponseSchema } from "../src/gen/clarion/v1/message_service_pb.js";
import { RetryInfoSchema } from "../src/gen/google/rpc/error_details_pb.js";
import {
  Client,
  DeadlineExceededError,
  OverloadedError,
  type RecipientFile,
  type TriggerOptions,
  TriggerService,
  UnavailableError,
  WrongTargetError,
} from "../src/index.js";
import { serving } from "./serving.js";

const QUICK = { retry: { initialDelayMs: 1, maxDelayMs: 5 } };
const CALL = { to: "jane@example.com", context: {} };

test("the tries of a trigger share one request id, which the caller need not give", async () => {
  const ids: (string | null)[][] = [];
  const routes = (router: ConnectRouter) =>
    router.rpc(TriggerService.method.trigger, (request, context) => {
      ids.push([request.requestId, context.requestHeader.get("x-request-id")]);
      if (ids.length < 3) throw new ConnectError("not now", Code.Unavailable);
      return { execution: "executions/1" };
    });
  await serving(routes, QUICK, async (client) => {
    assert.equal((await client.trigger("orders", CALL)).execution, "executions/1");
  });
  assert.equal(ids.length, 3);
  assert.equal(new Set(ids.flat()).size, 1);
});

test("a failed trigger tells the request id to go on with", async () => {
  let sent = "";
  const routes = (router: ConnectRouter) =>
    router.rpc(TriggerService.method.trigger, (request) => {
      sent = request.requestId;
      throw new ConnectError("no", Code.Unavailable);
    });
  await serving(routes, { retry: null }, async (client) => {
    await assert.rejects(client.trigger("orders", CALL), (error: unknown) => {
      assert.ok(error instanceof UnavailableError);
      assert.equal(error.requestId, sent);
      return true;
    });
  });
});

test("a call that changes something is not made twice", async () => {
  let calls = 0;
  const routes = (router: ConnectRouter) =>
    router.rpc(CampaignService.method.pauseCampaign, () => {
      calls++;
      throw new ConnectError("not now", Code.Unavailable);
    });
  await serving(routes, QUICK, async (client) => {
    await assert.rejects(client.campaigns.pause("orders"), UnavailableError);
  });
  assert.equal(calls, 1);
});

test("an overload with a delay is tried again whatever the call, without one it is not", async () => {
  let calls = 0;
  const routes = (router: ConnectRouter) =>
    router.rpc(CampaignService.method.pauseCampaign, () => {
      calls++;
      const details = calls === 1 ? [{ desc: RetryInfoSchema, value: { retryDelay: { seconds: 0n, nanos: 1_000_000 } } }] : [];
      throw new ConnectError("too much", Code.ResourceExhausted, undefined, details);
    });
  await serving(routes, QUICK, async (client) => {
    await assert.rejects(client.campaigns.pause("orders"), OverloadedError);
  });
  assert.equal(calls, 2);
});

test("a service that is not there is unavailable, until the deadline of the call", async () => {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const client = new Client(`127.0.0.1:${port}`, { timeoutMs: 200, ...QUICK });
  await assert.rejects(client.campaigns.get("orders"), UnavailableError);
  client.close();
});

test("a service that does not answer ends in the deadline of the call", async () => {
  const routes = (router: ConnectRouter) =>
    router.rpc(CampaignService.method.getCampaign, (_, context) => new Promise((_, reject) => {
      context.signal.addEventListener("abort", () => reject(context.signal.reason));
    }));
  await serving(routes, {}, async (client) => {
    await assert.rejects(client.campaigns.get("orders", { timeoutMs: 100 }), DeadlineExceededError);
  });
});

test("a deadline of no time is one, and one of all the time there is lets a call go on", async () => {
  const routes = (router: ConnectRouter) =>
    router.rpc(TriggerService.method.trigger, async (_request, context) => {
      const left = context.timeoutMs();
      if (left !== undefined && left < 60_000) await new Promise((_, reject) => context.signal.addEventListener("abort", reject));
      return { execution: String(left !== undefined) };
    });
  await serving(routes, { retry: null }, async (client) => {
    for (const timeoutMs of [0, -1]) {
      await assert.rejects(client.trigger("orders", { ...CALL, timeoutMs }), DeadlineExceededError);
    }
    for (const timeoutMs of [Number.POSITIVE_INFINITY, 2 ** 40]) {
      assert.equal((await client.trigger("orders", { ...CALL, timeoutMs })).execution, "true");
    }
  });
});

test("half of a character is refused with its path, as it would be sent as another one", async () => {
  const routes = (router: ConnectRouter) => router.rpc(TriggerService.method.trigger, () => ({}));
  await serving(routes, QUICK, async (client) => {
    const wrong = [{ name: "\ud800" }, { "\udc00": 1 }, { list: ["\ud83d", "\ud83d\ude00"] }];
    for (const context of wrong) {
      await assert.rejects(client.trigger("orders", { ...CALL, context }), /context.* holds a lone surrogate, which is no text/);
    }
    await client.trigger("orders", { ...CALL, context: { "\ud83d\ude00": "\ud83d\ude00" } });
  });
});

const HALF = "jane\ud800@example.com";

/** Is of no type that any field has, as callers without a compiler may give it. */
const WRONG = {} as never;
const STARTED = { startTime: new Date() as never };
const FILE = { content: "text" as never, fileName: "a.txt" };

function withFiles(attachments: readonly RecipientFile[]): TriggerOptions {
  return { recipients: [{ identity: "crm:1", attachments }] };
}

/** Lists calls that cannot be sent as given, each with what its error says. */
const REFUSED: readonly (readonly [RegExp, (client: Client) => Promise<unknown>])[] = [
  [/^recipients\[0\]\.identity holds a lone surrogate, which is no text$/, (client) => client.trigger("orders", { to: HALF })],
  [/^recipients\[0\]\.address holds/, (client) => client.trigger("orders", { to: "crm:1", address: HALF })],
  [/^requestId holds/, (client) => client.trigger("orders", { ...CALL, requestId: HALF })],
  [/^labels\.shop holds/, (client) => client.trigger("orders", { ...CALL, labels: { shop: HALF } })],
  [/^labels holds/, (client) => client.trigger("orders", { ...CALL, labels: { [HALF]: "1" } })],
  [/^identity holds/, (client) => client.consents.get(HALF)],
  [/^identities\[1\] holds/, (client) => client.audiences.upload("vip", ["crm:1", HALF])],
  [/^identities\[0\] holds/, (client) => taken(client.audiences.uploadStream("vip", [HALF]))],
  [/^profile\.attributes\.name\[0\] holds/, (client) => client.profiles.create({ attributes: { name: [HALF] } })],
  [/^header\.attachment\.fileName holds/, (client) => client.attachments.upload(HALF, new Uint8Array(1))],
  [/^sendTime is an invalid Date$/, (client) => client.trigger("orders", { ...CALL, sendTime: new Date(Number.NaN) })],
  [/^expireTime is an invalid Date$/, (client) => client.trigger("orders", { ...CALL, expireTime: new Date("never") })],
  [/^pageSize is 1\.5, which is no whole number of 32 bits$/, (client) => client.campaigns.list({ pageSize: 1.5 }).take(1)],
  [/^pageSize is 2147483648, which/, (client) => client.topics.list({ pageSize: 2 ** 31 }).take(1)],
  [/^recipients is an object, not a list$/, (client) => client.trigger("orders", { recipients: WRONG })],
  [/^recipients\[0\] is null, not a Recipient$/, (client) => client.trigger("orders", { recipients: [null as never] })],
  [/^recipients\[0\]\.identity is an object, not a string$/, (client) => client.trigger("orders", { to: WRONG })],
  [/^recipients\[0\]\.address is an object, not a string$/, (client) => client.trigger("orders", { ...CALL, address: WRONG })],
  [/^recipients\[0\]\.attachments is an object, not a list$/, (client) => client.trigger("orders", withFiles(WRONG))],
  [/^recipients\[0\]\.attachments\[0\]\.content is a string, not a Uint8Array$/, (client) => client.trigger("orders", withFiles([FILE]))],
  [/^labels is a list, not an object$/, (client) => client.trigger("orders", { ...CALL, labels: ["1"] as never })],
  [/^labels\.shop is an object, not a string$/, (client) => client.trigger("orders", { ...CALL, labels: { shop: WRONG } })],
  [/^validateOnly is an object, not true or false$/, (client) => client.trigger("orders", { ...CALL, validateOnly: WRONG })],
  [/^sendTime is an object, not a Date$/, (client) => client.trigger("orders", { ...CALL, sendTime: WRONG })],
  [/^\{\} is no name in campaigns\/: give a string$/, (client) => client.trigger(WRONG, CALL)],
  [/^pageSize is an object, not a number$/, (client) => client.campaigns.list({ pageSize: WRONG }).take(1)],
  [/^campaign\.tags is a string, not a list$/, (client) => client.campaigns.create({ name: "x", tags: "orders" as never })],
  [/^campaign\.actions\[0\] is a string, not an Action$/, (client) => client.campaigns.create({ name: "x", actions: ["x" as never] })],
  [/^campaign\.schedule\.startTime is a Date, not a Timestamp$/, (client) => client.campaigns.create({ name: "x", schedule: STARTED })],
  [/^campaign\.category is a string, not one of Category$/, (client) => client.campaigns.create({ name: "x", category: "MARKETING" as never })],
];

/** Reads all that a stream yields. */
async function taken(answers: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of answers);
}

test("what would not arrive as given is refused with the path of its field", async () => {
  const calls: string[] = [];
  const routes = (router: ConnectRouter) => {
    router.rpc(TriggerService.method.trigger, (request) => {
      calls.push(request.recipients.map((each) => each.identity).join());
      return {};
    });
    router.rpc(ImportService.method.uploadIdentitiesStream, async function* (requests) {
      for await (const request of requests) calls.push(request.identities.join());
    });
  };
  await serving(routes, QUICK, async (client) => {
    for (const [message, call] of REFUSED) await assert.rejects(call(client), { name: "TypeError", message });
    await client.trigger("orders", { ...CALL, to: "crm:\ud83d\ude00", sendTime: new Date(0) });
  });
  assert.deepEqual(calls, ["crm:\ud83d\ude00"]);
});

test("a watch whose connection breaks goes on after the last event", async () => {
  const asked: string[] = [];
  const routes = (router: ConnectRouter) =>
    router.rpc(MessageService.method.watchEvents, async function* (request) {
      const from = asked.push(request.resumeToken);
      yield create(WatchEventsResponseSchema, { resumeToken: `${from}a` });
      yield create(WatchEventsResponseSchema, { resumeToken: `${from}b`, event: { message: `messages/${from}` } });
      throw new ConnectError("gone", Code.Unavailable);
    });
  const seen: string[] = [];
  await serving(routes, QUICK, async (client) => {
    for await (const event of client.messages.watch({ resumeToken: "0" })) {
      if (seen.push(event.message) === 3) break;
    }
  });
  assert.deepEqual(seen, ["messages/1", "messages/2", "messages/3"]);
  assert.deepEqual(asked, ["0", "1b", "2b"]);
});

/** Says how a server loses a call: with its connection, in one of three ways, or before it begins the call. */
const LOSSES: Readonly<Record<string, (stream: http2.ServerHttp2Stream, socket: net.Socket) => void>> = {
  reset: (_, socket) => void socket.resetAndDestroy(),
  "closed without a word": (_, socket) => void socket.destroy(),
  "told to go away": (stream) => {
    stream.session?.goaway(http2.constants.NGHTTP2_NO_ERROR);
    stream.session?.destroy();
  },
  "refused before it began": (stream) => void stream.close(http2.constants.NGHTTP2_REFUSED_STREAM),
};

for (const [how, lose] of Object.entries(LOSSES)) {
  test(`a call whose connection is lost is made again: ${how}`, async () => {
    const answering = connectNodeAdapter({
      routes: (router) => router.rpc(CampaignService.method.getCampaign, () => ({ campaign: { name: "campaigns/orders" } })),
    });
    let calls = 0;
    const server = http2.createServer((request, response) => {
      if (++calls < 4) lose(request.stream, sockets[sockets.length - 1] as net.Socket);
      else answering(request, response);
    });
    const sockets: net.Socket[] = [];
    server.on("connection", (socket: net.Socket) => sockets.push(socket.on("error", () => undefined)));
    server.on("session", (session) => session.on("error", () => undefined));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const client = new Client(`127.0.0.1:${(server.address() as net.AddressInfo).port}`, QUICK);
    try {
      await assert.rejects(client.campaigns.pause("orders"), (error: unknown) => {
        assert.ok(error instanceof UnavailableError, String(error));
        return true;
      });
      assert.equal(calls, 1);
      assert.equal((await client.campaigns.get("orders")).name, "campaigns/orders");
      assert.equal(calls, 4);
    } finally {
      client.close();
      server.close();
      for (const socket of sockets) socket.destroy();
    }
  });
}

test("a call that its caller ends is not made again, and is no loss", async () => {
  let calls = 0;
  const leaving = new AbortController();
  const routes = (router: ConnectRouter) =>
    router.rpc(CampaignService.method.getCampaign, () => {
      calls++;
      leaving.abort();
      return new Promise(() => undefined);
    });
  await serving(routes, QUICK, async (client) => {
    await assert.rejects(client.campaigns.get("orders", { signal: leaving.signal }), { code: Code.Canceled });
  });
  assert.equal(calls, 1);
});

test("a watch fails when the service stays away for too long", async () => {
  const routes = (router: ConnectRouter) =>
    router.rpc(MessageService.method.watchEvents, async function* () {
      throw new ConnectError("gone", Code.Unavailable);
    });
  await serving(routes, QUICK, async (client) => {
    await assert.rejects(client.messages.watch({ maxOutageMs: 50 }).next(), UnavailableError);
  });
});

test("a closed client makes no calls, and its calls under way end", async () => {
  const routes = (router: ConnectRouter) =>
    router.rpc(CampaignService.method.getCampaign, () => new Promise(() => undefined));
  await serving(routes, { retry: null }, async (client) => {
    const underWay = client.campaigns.get("orders");
    setImmediate(() => client.close());
    await assert.rejects(underWay);
    await assert.rejects(client.campaigns.get("orders"), /closed/);
  });
});

test("a port for HTTP is told from one for gRPC at the first try", async () => {
  let connections = 0;
  const server = http.createServer((_, response) => response.writeHead(404).end());
  server.on("connection", () => connections++);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  for (const tls of [false, true]) {
    const client = new Client(`127.0.0.1:${port}`, { tls, ...QUICK });
    await assert.rejects(client.campaigns.get("orders"), (error: unknown) => {
      assert.ok(error instanceof WrongTargetError);
      assert.match(error.message, tls ? /gRPC with TLS.*turn TLS off/ : /gRPC without TLS.*turn TLS on/);
      return true;
    });
    client.close();
  }
  server.close();
  assert.equal(connections, 2);
});

test("settings with which no service can be reached are refused at once", () => {
  for (const target of ["", "clarion.example:443/path", "clarion.example:99999", ":443", "a b"]) {
    assert.throws(() => new Client(target), /give a host and a port, such as/);
  }
  assert.throws(() => new Client("https://clarion.example"), /give a host and a port, not a URL, such as/);
  assert.throws(() => new Client("127.0.0.1:1", { tls: false, caCertificates: "x" }), TypeError);
  assert.throws(() => new Client("127.0.0.1:1", { apiKey: "clk_\n" }), TypeError);
  assert.throws(() => new Client("127.0.0.1:1", { timeoutMs: 0 }), TypeError);
});

test("a file without certificates is refused by its name", () => {
  const [root = ""] = rootCertificates;
  const folder = mkdtempSync(join(tmpdir(), "clarion-"));
  const caCertificates = join(folder, "ca.pem");
  try {
    writeFileSync(caCertificates, `\ufeffPrüfstelle\n${root}\n\n${root}\n`);
    new Client("127.0.0.1:1", { caCertificates }).close();
    for (const content of ["", "hello\n", root.slice(0, 200), `${root}\n${root.replace("MII", "M!!")}`]) {
      writeFileSync(caCertificates, content);
      assert.throws(() => new Client("127.0.0.1:1", { caCertificates }), /ca\.pem": give a file of certificates in PEM; /);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
