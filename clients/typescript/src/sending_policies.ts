/** The methods of `client.sendingPolicies`. */

import type { MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { CallOptions, Calls } from "./calls.js";
import type { ChangeOptions, WriteOptions } from "./campaigns.js";
import type { SendingPolicy, SendingPolicySchema } from "./gen/clarion/v1/sending_policy_pb.js";
import { type ListSendingPoliciesResponseSchema, SendingPolicyService } from "./gen/clarion/v1/sending_policy_service_pb.js";
import { fullName } from "./names.js";
import { Pager } from "./pager.js";
import { present } from "./present.js";

const COLLECTION = "sendingPolicies";
const METHOD = SendingPolicyService.method;

/** Writes sending policies, which say when messages may leave: `client.sendingPolicies`. */
export class SendingPolicies {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  async create(
    sendingPolicy: MessageInitShape<typeof SendingPolicySchema>,
    { validateOnly = false, ...options }: WriteOptions = {},
  ): Promise<SendingPolicy> {
    const name = fullName(COLLECTION, sendingPolicy.name ?? "");
    const request = { sendingPolicyId: name.slice(COLLECTION.length + 1), sendingPolicy, validateOnly };
    return present((await this.#calls.unary(METHOD.createSendingPolicy, request, { ...options, repeatable: validateOnly })).sendingPolicy);
  }

  async get(name: string, options: CallOptions = {}): Promise<SendingPolicy> {
    const request = { name: fullName(COLLECTION, name) };
    return present((await this.#calls.unary(METHOD.getSendingPolicy, request, { ...options, repeatable: true })).sendingPolicy);
  }

  /** Lists sending policies by name. */
  list({ pageSize = 0, ...options }: CallOptions & { readonly pageSize?: number } = {}): Pager<MessageShape<typeof ListSendingPoliciesResponseSchema>, SendingPolicy> {
    return new Pager(
      (pageToken) =>
        this.#calls.unary(METHOD.listSendingPolicies, { pageSize, pageToken }, { ...options, repeatable: true }),
      (page) => page.sendingPolicies,
    );
  }

  /** Changes it to these values: all of them, or the top-level `fields` named. */
  async update(
    sendingPolicy: MessageInitShape<typeof SendingPolicySchema>,
    { fields = ["*"], validateOnly = false, ...options }: WriteOptions & { readonly fields?: readonly string[] } = {},
  ): Promise<SendingPolicy> {
    const request = { sendingPolicy, updateMask: { paths: [...fields] }, validateOnly };
    return present((await this.#calls.unary(METHOD.updateSendingPolicy, request, { ...options, repeatable: validateOnly })).sendingPolicy);
  }

  /** Deletes a sending policy that no campaign in use names. */
  async delete(name: string, { etag = "", ...options }: ChangeOptions = {}): Promise<void> {
    const request = { name: fullName(COLLECTION, name), etag };
    await this.#calls.unary(METHOD.deleteSendingPolicy, request, { ...options, repeatable: false });
  }
}
