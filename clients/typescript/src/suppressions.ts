/** Defines the methods of `client.suppressions` and `client.allowList`. */

import { randomUUID } from "node:crypto";
import type { MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { CallOptions, Calls } from "./calls.js";
import { inCalls } from "./calls_of_rows.js";
import type { AllowList, AllowListSchema } from "./gen/clarion/v1/allow_list_pb.js";
import { AllowListService } from "./gen/clarion/v1/allow_list_service_pb.js";
import type {
  Suppression,
  Suppression_Reason,
  Suppression_Scope,
  SuppressionSchema,
} from "./gen/clarion/v1/suppression_pb.js";
import {
  type CheckSuppressionResponse,
  type ExportSuppressionsResponse,
  type ImportedSuppression,
  type ListSuppressionsResponseSchema,
  SuppressionService,
} from "./gen/clarion/v1/suppression_service_pb.js";
import { type ExportOptions, exported } from "./exports.js";
import { ImportService } from "./gen/clarion/v1/import_service_pb.js";
import { type Batch, type ImportStreamOptions, imported, inBatches, type Rows } from "./imports.js";
import { fullName, fullNameOrEmpty } from "./names.js";
import { Pager } from "./pager.js";
import { present } from "./present.js";

const COLLECTION = "suppressions";
const METHOD = SuppressionService.method;

/** Says which suppressions are listed. The values of one filter are alternatives. */
export interface SuppressionFilters extends CallOptions {
  readonly target?: string;
  readonly reasons?: Suppression_Reason[];
  readonly scopes?: Suppression_Scope[];
  readonly pageSize?: number;
}

/** Keeps the addresses and domains that messages must not go to: `client.suppressions`. */
export class Suppressions {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /** Suppresses a target. Throws AlreadyExistsError when it is suppressed for that reason. */
  async create(suppression: MessageInitShape<typeof SuppressionSchema>, options: CallOptions = {}): Promise<Suppression> {
    const answer = await this.#calls.unary(METHOD.createSuppression, { suppression }, { ...options, repeatable: false });
    return present(answer.suppression);
  }

  async get(name: string, options: CallOptions = {}): Promise<Suppression> {
    const request = { name: fullName(COLLECTION, name) };
    return present((await this.#calls.unary(METHOD.getSuppression, request, { ...options, repeatable: true })).suppression);
  }

  /**
   * Does what `importAll` does for any number of suppressions, and yields each with what became of it, in their order. After a
   * lost connection it goes on, and stores none of them twice.
   */
  async *importStream<S extends MessageInitShape<typeof SuppressionSchema>>(
    suppressions: Rows<S>,
    { importId = randomUUID(), ...options }: ImportStreamOptions = {},
  ): AsyncGenerator<[S, ImportedSuppression], void, undefined> {
    const requestOf = ({ position, rows }: Batch<S>) => ({
      importId,
      position: BigInt(position),
      suppressions: [...rows],
    });
    const method = ImportService.method.importSuppressionsStream;
    const batches = inBatches(suppressions, ({ target }: S) => Buffer.byteLength(target?.value ?? ""));
    for await (const [batch, answer] of imported(this.#calls, method, batches, requestOf, options))
      for (const [index, result] of answer.results.entries()) yield [present(batch.rows[index]), result];
  }

  /**
   * Yields all suppressions, newest first; or those behind the suppression `after`. Each is as it is when its turn comes. After a
   * lost connection it goes on.
   */
  export({ after = "", ...options }: ExportOptions = {}): AsyncGenerator<Suppression, void, undefined> {
    const exporting = {
      method: METHOD.exportSuppressions,
      requestOf: (name: string) => ({ after: name }),
      itemsOf: (answer: ExportSuppressionsResponse) => answer.suppressions,
      nameOf: (suppression: Suppression) => suppression.name,
      isLast: (answer: ExportSuppressionsResponse) => answer.complete,
    };
    return exported(this.#calls, exporting, { after: fullNameOrEmpty(COLLECTION, after), ...options });
  }

  /** Lists suppressions that match every filter given, newest first. */
  list({
    target = "",
    reasons = [],
    scopes = [],
    pageSize = 0,
    ...options
  }: SuppressionFilters = {}): Pager<MessageShape<typeof ListSuppressionsResponseSchema>, Suppression> {
    const filters = { ...(target.includes("@") ? { address: target } : { domain: target }), reasons, scopes, pageSize };
    return new Pager(
      (pageToken) => this.#calls.unary(METHOD.listSuppressions, { ...filters, pageToken }, { ...options, repeatable: true }),
      (page) => page.suppressions,
    );
  }

  /** Deletes a suppression. One of a complaint needs an `overrideReason`, which must not hold personal data. */
  async delete(
    name: string,
    { overrideReason = "", ...options }: CallOptions & { readonly overrideReason?: string } = {},
  ): Promise<void> {
    const request = { name: fullName(COLLECTION, name), overrideReason };
    await this.#calls.unary(METHOD.deleteSuppression, request, { ...options, repeatable: false });
  }

  /**
   * Stores suppressions, each by itself, and resolves to what became of each, in their order. It may be repeated. Makes one call for
   * every 1,000 of them, to each of which `timeoutMs` applies.
   */
  async importAll(
    suppressions: readonly MessageInitShape<typeof SuppressionSchema>[],
    options: CallOptions = {},
  ): Promise<ImportedSuppression[]> {
    const results: ImportedSuppression[] = [];
    for (const rows of inCalls(suppressions)) {
      const request = { suppressions: [...rows] };
      const answer = await this.#calls.unary(METHOD.importSuppressions, request, { ...options, repeatable: true });
      results.push(...answer.results);
    }
    return results;
  }

  /** Returns the suppressions that cover the address now, and the categories that they exclude. */
  check(address: string, options: CallOptions = {}): Promise<CheckSuppressionResponse> {
    return this.#calls.unary(METHOD.checkSuppression, { address }, { ...options, repeatable: true });
  }
}

/** Reads and changes the sandbox's allow list: `client.allowList`. */
export class AllowLists {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  async get(options: CallOptions = {}): Promise<AllowList> {
    const answer = await this.#calls.unary(AllowListService.method.getAllowList, {}, { ...options, repeatable: true });
    return present(answer.allowList);
  }

  /** Changes the list to these values: all of them, or the `fields` named. */
  async update(
    allowList: MessageInitShape<typeof AllowListSchema>,
    { fields = ["*"], ...options }: CallOptions & { readonly fields?: readonly string[] } = {},
  ): Promise<AllowList> {
    const request = { allowList, updateMask: { paths: [...fields] } };
    const answer = await this.#calls.unary(AllowListService.method.updateAllowList, request, {
      ...options,
      repeatable: false,
    });
    return present(answer.allowList);
  }
}
