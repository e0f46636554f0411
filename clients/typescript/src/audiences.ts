/** The methods of `client.audiences`. */

import { randomUUID } from "node:crypto";
import type { MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { CallOptions, Calls } from "./calls.js";
import type { ChangeOptions, WriteOptions } from "./campaigns.js";
import type { Audience, AudienceSchema } from "./gen/clarion/v1/audience_pb.js";
import {
  AudienceService,
  type CountAudienceResponse,
  type ListAudiencesResponseSchema,
  type SampleAudienceResponse,
  type UploadIdentitiesResponse,
} from "./gen/clarion/v1/audience_service_pb.js";
import { ImportService, type UploadIdentitiesStreamResponse } from "./gen/clarion/v1/import_service_pb.js";
import { type Batch, type ImportStreamOptions, imported, inBatches, type Rows } from "./imports.js";
import { fullIdentity, fullName } from "./names.js";
import { Pager } from "./pager.js";
import { present } from "./present.js";

const COLLECTION = "audiences";
const METHOD = AudienceService.method;
/** The time for looking at all members, unless the call gives its own: a million people take half a minute or more. */
const COUNTING_MS = 600_000;

/** Keeps audiences, the people whom one trigger writes to: `client.audiences`. */
export class Audiences {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  async create(
    audience: MessageInitShape<typeof AudienceSchema>,
    { validateOnly = false, ...options }: WriteOptions = {},
  ): Promise<Audience> {
    const name = fullName(COLLECTION, audience.name ?? "");
    const request = { audienceId: name.slice(COLLECTION.length + 1), audience, validateOnly };
    return present((await this.#calls.unary(METHOD.createAudience, request, { ...options, repeatable: validateOnly })).audience);
  }

  async get(name: string, options: CallOptions = {}): Promise<Audience> {
    const request = { name: fullName(COLLECTION, name) };
    return present((await this.#calls.unary(METHOD.getAudience, request, { ...options, repeatable: true })).audience);
  }

  /** Lists audiences by name. */
  list({ pageSize = 0, ...options }: CallOptions & { readonly pageSize?: number } = {}): Pager<MessageShape<typeof ListAudiencesResponseSchema>, Audience> {
    return new Pager(
      (pageToken) =>
        this.#calls.unary(METHOD.listAudiences, { pageSize, pageToken }, { ...options, repeatable: true }),
      (page) => page.audiences,
    );
  }

  /** Changes it to these values: all of them, or the top-level `fields` named. */
  async update(
    audience: MessageInitShape<typeof AudienceSchema>,
    { fields = ["*"], validateOnly = false, ...options }: WriteOptions & { readonly fields?: readonly string[] } = {},
  ): Promise<Audience> {
    const request = { audience, updateMask: { paths: [...fields] }, validateOnly };
    return present((await this.#calls.unary(METHOD.updateAudience, request, { ...options, repeatable: validateOnly })).audience);
  }

  /** Deletes an audience with its list. */
  async delete(name: string, { etag = "", ...options }: ChangeOptions = {}): Promise<void> {
    const request = { name: fullName(COLLECTION, name), etag };
    await this.#calls.unary(METHOD.deleteAudience, request, { ...options, repeatable: false });
  }

  /**
   * Adds up to 1,000 identities to the list of an audience: at once or, with an `uploadId`, to a new list, which takes the place
   * of the present one when a call says `complete`. It may be repeated.
   */
  async uploadIdentities(
    name: string,
    identities: readonly string[],
    { uploadId = "", complete = false, ...options }: CallOptions & { readonly uploadId?: string; readonly complete?: boolean } = {},
  ): Promise<UploadIdentitiesResponse> {
    const request = { name: fullName(COLLECTION, name), identities: identities.map(fullIdentity), uploadId, complete };
    return this.#calls.unary(METHOD.uploadIdentities, request, { ...options, repeatable: true });
  }

  /**
   * Uploads any number of identities, some in each request, and yields those of each request with their answer. They make a new
   * list, which takes the place of the present one when all are uploaded, unless they are to `append` to it. After a lost
   * connection it goes on, and adds none of them twice.
   */
  async *uploadStream(
    name: string,
    identities: Rows<string>,
    { append = false, importId = randomUUID(), ...options }: ImportStreamOptions & { readonly append?: boolean } = {},
  ): AsyncGenerator<[readonly string[], UploadIdentitiesStreamResponse], void, undefined> {
    const requestOf = ({ position, rows, isLast }: Batch<string>) => ({
      name: fullName(COLLECTION, name),
      importId,
      position: BigInt(position),
      identities: rows.map(fullIdentity),
      append,
      complete: isLast,
    });
    const method = ImportService.method.uploadIdentitiesStream;
    const batches = inBatches(identities, !append);
    for await (const [batch, answer] of imported(this.#calls, method, batches, requestOf, options))
      yield [batch.rows, answer];
  }

  /** Counts the members, and those for whom the condition fails by cause. A million people take half a minute. */
  async count(name: string, options: CallOptions = {}): Promise<CountAudienceResponse> {
    const request = { name: fullName(COLLECTION, name) };
    return this.#calls.unary(METHOD.countAudience, request, { timeoutMs: COUNTING_MS, ...options, repeatable: true });
  }

  /** Returns up to `sampleSize` members, which is 100 at most: the first ones, or some at random. Where there are fewer it takes as long as `count`. */
  async sample(name: string, { sampleSize = 10, random = false, ...options }: CallOptions & { readonly sampleSize?: number; readonly random?: boolean } = {}): Promise<SampleAudienceResponse> {
    const request = { name: fullName(COLLECTION, name), sampleSize, random };
    return this.#calls.unary(METHOD.sampleAudience, request, { timeoutMs: COUNTING_MS, ...options, repeatable: true });
  }
}
