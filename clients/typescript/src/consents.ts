/** Defines the methods of `client.consents`. */

import type { MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { CallOptions, Calls } from "./calls.js";
import type { ConsentChange, ConsentChangeSchema, ConsentSettings } from "./gen/clarion/v1/consent_pb.js";
import {
  ConsentService,
  type GetConsentsResponse,
  type GetConsentsResponseSchema,
  type SetConsentsResponse,
} from "./gen/clarion/v1/consent_service_pb.js";
import type { Silence } from "./gen/clarion/v1/silence_pb.js";
import { fullIdentity } from "./names.js";
import { Pager } from "./pager.js";
import { present } from "./present.js";
import type { ChangeOptions, ListOptions } from "./resources.js";

const METHOD = ConsentService.method;
const SETTINGS = "consentSettings";

/**
 * Stores and shows what people have chosen: `client.consents`. A person is given as an e-mail address, as an identity such as
 * `customer:4711`, or as the name of a profile such as `profiles/019a…`.
 */
export class Consents {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /** Stores up to 100 choices of a person, all of them or none. Choices in other scopes stay as they are. The call is safe to repeat. */
  async set(
    person: string,
    changes: readonly MessageInitShape<typeof ConsentChangeSchema>[],
    options: CallOptions = {},
  ): Promise<SetConsentsResponse> {
    const request = { person: personOf(person), changes: [...changes] };
    return this.#calls.unary(METHOD.setConsents, request, { ...options, repeatable: true });
  }

  /** Resolves to the current choices of a person and the newest entries of the history. */
  async get(person: string, options: CallOptions = {}): Promise<GetConsentsResponse> {
    return this.#calls.unary(METHOD.getConsents, { person: personOf(person) }, { ...options, repeatable: true });
  }

  /** Lists the whole history of a person, the newest entry first. */
  history(
    person: string,
    { pageSize = 0, ...options }: ListOptions = {},
  ): Pager<MessageShape<typeof GetConsentsResponseSchema>, ConsentChange> {
    const asked = personOf(person);
    return new Pager(
      (pageToken) =>
        this.#calls.unary(METHOD.getConsents, { person: asked, pageSize, pageToken }, { ...options, repeatable: true }),
      (page) => page.changes,
    );
  }

  /** Resolves to what consent means in the sandbox. */
  async settings(options: CallOptions = {}): Promise<ConsentSettings> {
    const answer = await this.#calls.unary(METHOD.getConsentSettings, { name: SETTINGS }, { ...options, repeatable: true });
    return present(answer.consentSettings);
  }

  /** Changes what consent means in the sandbox. */
  async updateSettings(silence: Silence, { etag = "", ...options }: ChangeOptions = {}): Promise<ConsentSettings> {
    const request = { consentSettings: { name: SETTINGS, silence, etag }, updateMask: { paths: ["*"] } };
    const answer = await this.#calls.unary(METHOD.updateConsentSettings, request, { ...options, repeatable: !etag });
    return present(answer.consentSettings);
  }
}

function personOf(person: string): { case: "profile" | "identity"; value: string } {
  if (person.startsWith("profiles/")) {
    return { case: "profile", value: person };
  }
  return { case: "identity", value: fullIdentity(person) };
}
