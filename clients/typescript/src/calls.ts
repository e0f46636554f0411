/** Makes calls: opens the connection, sends the API key, keeps deadlines, repeats failed calls. */

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type {
  DescMessage,
  DescMethodClientStreaming,
  DescMethodStreaming,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { ClarionError, endedStream, errorOf, WrongTargetError } from "./errors.js";
import { checkFields } from "./fields.js";
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

  /**
   * Repeats a call until the service answers, a failure is permanent, or no time is left. Rejects with TypeError for a request
   * that would not arrive as given.
   */
  async unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    options: UnaryOptions,
  ): Promise<MessageShape<O>> {
    checkFields(method.input, request);
    return this.#repeated(options, async (timeout, headers) => {
      const answer = await this.transport.unary(method, options.signal, timeout, headers, request);
      return answer.message;
    });
  }

  /** Makes a call whose request comes in parts, which it sends from the first one in each try, and repeats it as `unary` does. */
  async upload<I extends DescMessage, O extends DescMessage>(
    method: DescMethodClientStreaming<I, O>,
    parts: () => AsyncIterable<MessageInitShape<I>>,
    options: UnaryOptions,
  ): Promise<MessageShape<O>> {
    return this.#repeated(options, async (timeout, headers, requestId) => {
      const answers = await this.transport.stream(method, options.signal, timeout, headers, parts());
      for await (const answer of answers.message) return answer;
      throw endedStream(requestId);
    });
  }

  async #repeated<T>(
    { repeatable, timeoutMs, signal, requestId = randomUUID() }: UnaryOptions,
    call: (timeout: number, headers: Record<string, string>, requestId: string) => Promise<T>,
  ): Promise<T> {
    const deadline = new Deadline(timeoutMs ?? this.settings.timeoutMs);
    const headers = this.settings.headers(requestId);
    for (let attempt = 1; ; attempt++) {
      this.refuseWhenClosed();
      this.#broken = false;
      try {
        return await call(deadline.ofTryMs, headers, requestId);
      } catch (failure) {
        await this.pause(this.#errorOf(failure, requestId), attempt, deadline, repeatable, signal);
      }
    }
  }

  /** Yields the answers of a call until `signal` ends it or the caller leaves the loop. */
  stream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodStreaming<I, O>,
    request: MessageInitShape<I>,
    signal: AbortSignal,
    requestId: string,
  ): AsyncGenerator<MessageShape<O>, void, undefined> {
    checkFields(method.input, request);
    return this.streams(method, only(request), signal, requestId);
  }

  /** Yields the answers of a call with any number of requests, until `signal` ends it or the caller leaves the loop. */
  async *streams<I extends DescMessage, O extends DescMessage>(
    method: DescMethodStreaming<I, O>,
    requests: AsyncIterable<MessageInitShape<I>>,
    signal: AbortSignal,
    requestId: string,
  ): AsyncGenerator<MessageShape<O>, void, undefined> {
    this.refuseWhenClosed();
    this.#broken = false;
    const leaving = new AbortController();
    const ending = AbortSignal.any([signal, leaving.signal]);
    try {
      const headers = this.settings.headers(requestId);
      const answer = await this.transport.stream(method, ending, undefined, headers, requests);
      yield* answer.message;
    } catch (failure) {
      throw this.#errorOf(failure, requestId);
    } finally {
      leaving.abort();
    }
  }

  #errorOf(failure: unknown, requestId: string): ClarionError {
    const error = failure instanceof ClarionError ? failure : errorOf(failure, requestId);
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
