/** Makes calls: opens the connection, sends the API key, keeps deadlines, repeats failed calls. */

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { DescMessage, DescMethodStreaming, DescMethodUnary, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { type ClarionError, errorOf, WrongTargetError } from "./errors.js";
import { Deadline, delayAfter } from "./retry.js";
import type { Settings } from "./settings.js";

/** Holds the options of every call. */
export interface CallOptions {
  /** Limits the call and all its tries, in milliseconds. Default: the client's. */
  readonly timeoutMs?: number | undefined;
  /** Ends the call early. */
  readonly signal?: AbortSignal | undefined;
}

export interface UnaryOptions extends CallOptions {
  /** Is true when making the call twice does no more than making it once. */
  readonly repeatable: boolean;
  readonly requestId?: string;
}

/** Finds a connection that died silently within 40 seconds, and only while a call waits on it. */
const PINGS = { pingIntervalMs: 30_000, pingTimeoutMs: 10_000 };

/** Makes the calls of one client over one connection, which opens with the first call and again after it was lost. */
export class Calls {
  readonly settings: Settings;
  readonly transport: Transport;
  readonly #sessions: Http2SessionManager;
  #closed = false;
  /**
   * The connection broke the rules of HTTP/2. It still has to emit its error, and aborted before that it would have no
   * listener left for it, which ends the process.
   */
  #broken = false;

  constructor(settings: Settings) {
    this.settings = settings;
    this.#sessions = new Http2SessionManager(settings.baseUrl, PINGS, settings.nodeOptions);
    this.transport = createGrpcTransport({ baseUrl: settings.baseUrl, sessionManager: this.#sessions });
  }

  /** Repeats a call until the service answers, a failure is permanent, or no time is left. */
  async unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    { repeatable, timeoutMs, signal, requestId = randomUUID() }: UnaryOptions,
  ): Promise<MessageShape<O>> {
    const deadline = new Deadline(timeoutMs ?? this.settings.timeoutMs);
    const headers = this.settings.headers(requestId);
    for (let attempt = 1; ; attempt++) {
      this.refuseWhenClosed();
      this.#broken = false;
      try {
        // gRPC's deadlines are whole numbers.
        const timeout = Math.ceil(deadline.remainingMs);
        const answer = await this.transport.unary(method, signal, timeout, headers, request);
        return answer.message;
      } catch (failure) {
        await this.pause(this.#errorOf(failure, requestId), attempt, deadline, repeatable, signal);
      }
    }
  }

  /** Yields the answers of a call until `signal` ends it. */
  stream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodStreaming<I, O>,
    request: MessageInitShape<I>,
    signal: AbortSignal,
    requestId: string,
  ): AsyncGenerator<MessageShape<O>, void, undefined> {
    return this.streams(method, only(request), signal, requestId);
  }

  /** Yields the answers of a call with any number of requests until `signal` ends it. */
  async *streams<I extends DescMessage, O extends DescMessage>(
    method: DescMethodStreaming<I, O>,
    requests: AsyncIterable<MessageInitShape<I>>,
    signal: AbortSignal,
    requestId: string,
  ): AsyncGenerator<MessageShape<O>, void, undefined> {
    this.refuseWhenClosed();
    this.#broken = false;
    try {
      const headers = this.settings.headers(requestId);
      const answer = await this.transport.stream(method, signal, undefined, headers, requests);
      yield* answer.message;
    } catch (failure) {
      throw this.#errorOf(failure, requestId);
    }
  }

  #errorOf(failure: unknown, requestId: string): ClarionError {
    const error = errorOf(failure, requestId);
    this.#broken = error instanceof WrongTargetError;
    return error;
  }

  /** Waits until the next try is due. Throws the failure when no further try is due. */
  async pause(
    failure: ClarionError,
    attempt: number,
    deadline: Deadline,
    repeatable: boolean,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { retry } = this.settings;
    const delay = retry && delayAfter(failure, retry, { attempt, remainingMs: deadline.remainingMs, repeatable });
    if (delay === null || delay === undefined || signal?.aborted) throw failure;
    await sleep(delay, undefined, signal ? { signal } : {}).catch(() => {
      throw failure;
    });
  }

  refuseWhenClosed(): void {
    if (this.#closed) throw new Error("The client is closed.");
  }

  /** Ends the calls in flight. It may be called again. */
  close(): void {
    this.#closed = true;
    if (!this.#broken) this.#sessions.abort();
  }
}

async function* only<T>(value: T): AsyncGenerator<T> {
  yield value;
}
