/** The events of a watch. */

import { randomUUID } from "node:crypto";
import type { MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { Calls } from "./calls.js";
import { ClarionError, endedStream } from "./errors.js";
import type { Event } from "./gen/clarion/v1/event_pb.js";
import { MessageService, type WatchEventsRequestSchema, type WatchEventsResponseSchema } from "./gen/clarion/v1/message_service_pb.js";
import { Deadline } from "./retry.js";

type Answer = MessageShape<typeof WatchEventsResponseSchema>;

/**
 * Iterates over events, each once and in order, across lost connections. The watch begins when the first event is asked for,
 * or with `started()`. Leaving the loop ends it, and so does `close()`.
 */
export class EventWatch implements AsyncIterableIterator<Event, undefined, undefined> {
  readonly #calls: Calls;
  readonly #request: MessageInitShape<typeof WatchEventsRequestSchema>;
  readonly #maxOutageMs: number;
  readonly #closing = new AbortController();
  #answers: AsyncGenerator<Answer, void, undefined> | undefined;
  #requestId = "";
  #resumeToken: string;
  #failures = 0;
  #outage = new Deadline(0);

  constructor(
    calls: Calls,
    request: MessageInitShape<typeof WatchEventsRequestSchema>,
    resumeToken: string,
    maxOutageMs: number,
  ) {
    this.#calls = calls;
    this.#request = request;
    this.#resumeToken = resumeToken;
    this.#maxOutageMs = maxOutageMs;
  }

  /**
   * The position after the last event returned, where a later watch with the same filters continues. Store it after the event
   * has been processed.
   */
  get resumeToken(): string {
    return this.#resumeToken;
  }

  /** Resolves as soon as the service watches, so no event of a later trigger is missed. */
  async started(): Promise<this> {
    // The first answer holds a token alone, and says that the watch has begun.
    if (!this.#answers) await this.#receive();
    return this;
  }

  async next(): Promise<IteratorResult<Event, undefined>> {
    for (;;) {
      const answer = await this.#receive();
      if (!answer) return { done: true, value: undefined };
      if (answer.event) return { done: false, value: answer.event };
    }
  }

  return(): Promise<IteratorResult<Event, undefined>> {
    this.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Ends the watch. It may be called again. */
  close(): void {
    this.#closing.abort();
  }

  /** Returns the next answer, or undefined after `close`. */
  async #receive(): Promise<Answer | undefined> {
    while (!this.#closing.signal.aborted) {
      try {
        const received = await (this.#answers ??= this.#open()).next();
        if (received.done) throw endedStream(this.#requestId);
        this.#failures = 0;
        this.#resumeToken = received.value.resumeToken;
        return received.value;
      } catch (failure) {
        this.#answers = undefined;
        if (!this.#closing.signal.aborted) await this.#pause(failure);
      }
    }
    return undefined;
  }

  #open(): AsyncGenerator<Answer, void, undefined> {
    this.#requestId = randomUUID();
    const request = { ...this.#request, resumeToken: this.#resumeToken };
    return this.#calls.stream(MessageService.method.watchEvents, request, this.#closing.signal, this.#requestId);
  }

  async #pause(failure: unknown): Promise<void> {
    if (!(failure instanceof ClarionError)) throw failure;
    if (!this.#failures++) this.#outage = new Deadline(this.#maxOutageMs);
    try {
      await this.#calls.pause(failure, this.#failures, this.#outage, true, this.#closing.signal);
    } catch (error) {
      if (!this.#closing.signal.aborted) throw error;
    }
  }
}
