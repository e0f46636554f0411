/** The methods of `client.topics`. */

import type { MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { CallOptions, Calls } from "./calls.js";
import type { ChangeOptions, WriteOptions } from "./campaigns.js";
import type { Topic, TopicSchema } from "./gen/clarion/v1/topic_pb.js";
import { type ListTopicsResponseSchema, TopicService } from "./gen/clarion/v1/topic_service_pb.js";
import { fullName } from "./names.js";
import { Pager } from "./pager.js";
import { present } from "./present.js";

const COLLECTION = "topics";
const METHOD = TopicService.method;

/** Writes topics, which people subscribe to: `client.topics`. */
export class Topics {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  async create(
    topic: MessageInitShape<typeof TopicSchema>,
    { validateOnly = false, ...options }: WriteOptions = {},
  ): Promise<Topic> {
    const name = fullName(COLLECTION, topic.name ?? "");
    const request = { topicId: name.slice(COLLECTION.length + 1), topic, validateOnly };
    return present((await this.#calls.unary(METHOD.createTopic, request, { ...options, repeatable: validateOnly })).topic);
  }

  async get(name: string, options: CallOptions = {}): Promise<Topic> {
    const request = { name: fullName(COLLECTION, name) };
    return present((await this.#calls.unary(METHOD.getTopic, request, { ...options, repeatable: true })).topic);
  }

  /** Lists topics by name, those that are archived only when asked for. */
  list(
    {
      pageSize = 0,
      showArchived = false,
      ...options
    }: CallOptions & { readonly pageSize?: number; readonly showArchived?: boolean } = {},
  ): Pager<MessageShape<typeof ListTopicsResponseSchema>, Topic> {
    return new Pager(
      (pageToken) =>
        this.#calls.unary(METHOD.listTopics, { pageSize, pageToken, showArchived }, { ...options, repeatable: true }),
      (page) => page.topics,
    );
  }

  /** Changes it to these values: all of them, or the top-level `fields` named. */
  async update(
    topic: MessageInitShape<typeof TopicSchema>,
    { fields = ["*"], validateOnly = false, ...options }: WriteOptions & { readonly fields?: readonly string[] } = {},
  ): Promise<Topic> {
    const request = { topic, updateMask: { paths: [...fields] }, validateOnly };
    return present((await this.#calls.unary(METHOD.updateTopic, request, { ...options, repeatable: validateOnly })).topic);
  }

  /** Takes a topic out of use. What people chose stays. */
  async archive(name: string, { etag = "", ...options }: ChangeOptions = {}): Promise<Topic> {
    const request = { name: fullName(COLLECTION, name), etag };
    return present((await this.#calls.unary(METHOD.archiveTopic, request, { ...options, repeatable: !etag })).topic);
  }

  /** Takes an archived topic into use again. */
  async unarchive(name: string, { etag = "", ...options }: ChangeOptions = {}): Promise<Topic> {
    const request = { name: fullName(COLLECTION, name), etag };
    return present((await this.#calls.unary(METHOD.unarchiveTopic, request, { ...options, repeatable: !etag })).topic);
  }
}
