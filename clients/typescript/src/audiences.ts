/** Defines the methods of `client.audiences`. */

import { randomUUID } from "node:crypto";
import type { CallOptions, Calls } from "./calls.js";
import { inCalls, ROWS_PER_CALL } from "./calls_of_rows.js";
import { AudienceSchema } from "./gen/clarion/v1/audience_pb.js";
import {
  AudienceService,
  type CountAudienceResponse,
  type SampleAudienceResponse,
  type UploadIdentitiesResponse,
} from "./gen/clarion/v1/audience_service_pb.js";
import { ImportService, type UploadIdentitiesStreamResponse } from "./gen/clarion/v1/import_service_pb.js";
import { type Batch, type ImportStreamOptions, imported, inBatches, type Rows } from "./imports.js";
import { fullIdentity } from "./names.js";
import { present } from "./present.js";
import { DeletableResources } from "./resources.js";

const METHOD = AudienceService.method;
/** Is the time for looking at all members, unless the call gives its own: a million people take half a minute or more. */
const COUNTING_MS = 600_000;

/** Keeps audiences, the people whom one trigger writes to: `client.audiences`. */
export class Audiences extends DeletableResources<typeof AudienceSchema> {
  constructor(calls: Calls) {
    super(calls, AudienceSchema, AudienceService);
  }

  /**
   * Adds identities to the list of an audience: at once or, with an `uploadId`, to a new list, which takes the place of the present
   * one when a call says `complete`. Resolves to how many were added and which were refused, by their positions. It may be repeated.
   * Makes one call for every 1,000 of them, to each of which `timeoutMs` applies.
   */
  async upload(
    name: string,
    identities: readonly string[],
    { uploadId = "", complete = false, ...options }: CallOptions & { readonly uploadId?: string; readonly complete?: boolean } = {},
  ): Promise<UploadIdentitiesResponse> {
    const calls = [...inCalls(identities.map(fullIdentity))];
    // A call without identities may complete a list.
    if (!calls.length) calls.push([]);
    const answers: UploadIdentitiesResponse[] = [];
    for (const [index, rows] of calls.entries()) {
      const isLast = index === calls.length - 1;
      const request = { name: this.fullName(name), identities: [...rows], uploadId, complete: complete && isLast };
      answers.push(await this.calls.unary(METHOD.uploadIdentities, request, { ...options, repeatable: true }));
    }
    return united(answers);
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
      name: this.fullName(name),
      importId,
      position: BigInt(position),
      identities: rows.map(fullIdentity),
      append,
      complete: isLast,
    });
    const method = ImportService.method.uploadIdentitiesStream;
    const batches = inBatches(identities, (identity) => Buffer.byteLength(identity), !append);
    for await (const [batch, answer] of imported(this.calls, method, batches, requestOf, options))
      yield [batch.rows, answer];
  }

  /** Counts the members, and those for whom the condition fails by cause. A million people take half a minute. */
  async count(name: string, options: CallOptions = {}): Promise<CountAudienceResponse> {
    const request = { name: this.fullName(name) };
    return this.calls.unary(METHOD.countAudience, request, { timeoutMs: COUNTING_MS, ...options, repeatable: true });
  }

  /** Returns up to `sampleSize` members, which is 100 at most: the first ones, or some at random. Where there are fewer it takes as long as `count`. */
  async sample(name: string, { sampleSize = 10, random = false, ...options }: CallOptions & { readonly sampleSize?: number; readonly random?: boolean } = {}): Promise<SampleAudienceResponse> {
    const request = { name: this.fullName(name), sampleSize, random };
    return this.calls.unary(METHOD.sampleAudience, request, { timeoutMs: COUNTING_MS, ...options, repeatable: true });
  }
}

/** Returns the answers to the calls of one upload as one. */
function united(answers: readonly UploadIdentitiesResponse[]): UploadIdentitiesResponse {
  return {
    ...present(answers.at(-1)),
    addedCount: answers.reduce((sum, answer) => sum + answer.addedCount, 0),
    repeatedCount: answers.reduce((sum, answer) => sum + answer.repeatedCount, 0),
    rejected: answers.flatMap((answer, call) =>
      answer.rejected.map((each) => ({ ...each, index: each.index + call * ROWS_PER_CALL })),
    ),
  };
}
