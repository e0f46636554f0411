/** Defines the methods of `client.messages`. */

import type { MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { CallOptions, Calls } from "./calls.js";
import type { Event_Type } from "./gen/clarion/v1/event_pb.js";
import type { Message } from "./gen/clarion/v1/message_pb.js";
import {
  type CancelMessageResponse,
  type ListMessagesRequestSchema,
  type ListMessagesResponseSchema,
  MessageService,
} from "./gen/clarion/v1/message_service_pb.js";
import { fullIdentity, fullName, fullNameOrEmpty } from "./names.js";
import { Pager } from "./pager.js";
import { present } from "./present.js";
import { EventWatch } from "./watch.js";

const METHOD = MessageService.method;

export interface WatchOptions {
  readonly campaign?: string | undefined;
  readonly execution?: string | undefined;
  readonly message?: string | undefined;
  readonly types?: readonly Event_Type[] | undefined;
  /** Is the position at which an earlier watch with the same filters ended. Default: now. */
  readonly resumeToken?: string | undefined;
  /** Begins with the oldest event. */
  readonly fromStart?: boolean | undefined;
  /** Says for how many milliseconds the service may stay away before the watch fails. Default: 60,000. */
  readonly maxOutageMs?: number | undefined;
}

/** Finds, cancels and watches messages: `client.messages`. */
export class Messages {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  async get(name: string, options: CallOptions = {}): Promise<Message> {
    const request = { name: fullName("messages", name) };
    const answer = await this.#calls.unary(METHOD.getMessage, request, { ...options, repeatable: true });
    return present(answer.message);
  }

  /** Lists messages that match every filter given, newest first and without attempts and events. */
  list(
    filter: MessageInitShape<typeof ListMessagesRequestSchema> = {},
    options: CallOptions = {},
  ): Pager<MessageShape<typeof ListMessagesResponseSchema>, Message> {
    const request = {
      ...filter,
      campaign: fullNameOrEmpty("campaigns", filter.campaign),
      execution: fullNameOrEmpty("executions", filter.execution),
      identity: fullIdentity(filter.identity ?? ""),
    };
    return new Pager(
      (pageToken) =>
        this.#calls.unary(METHOD.listMessages, { ...request, pageToken }, { ...options, repeatable: true }),
      (page) => page.messages,
    );
  }

  async cancel(name: string, options: CallOptions = {}): Promise<CancelMessageResponse> {
    const request = { name: fullName("messages", name) };
    return this.#calls.unary(METHOD.cancelMessage, request, { ...options, repeatable: true });
  }

  /** Follows events, each once and in order, across lost connections and restarts of the service. */
  watch(options: WatchOptions = {}): EventWatch {
    const { campaign, execution, message, types = [], resumeToken = "", fromStart = false } = options;
    const request = {
      campaign: fullNameOrEmpty("campaigns", campaign),
      execution: fullNameOrEmpty("executions", execution),
      message: fullNameOrEmpty("messages", message),
      types: [...types],
      fromStart,
    };
    return new EventWatch(this.#calls, request, resumeToken, options.maxOutageMs ?? 60_000);
  }
}
