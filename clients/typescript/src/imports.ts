/** Makes imports that continue after a lost connection, and do nothing twice. */

import { randomUUID } from "node:crypto";
import type { DescMessage, DescMethodBiDiStreaming, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { Calls } from "./calls.js";
import { ClarionError, endedStream } from "./errors.js";
import { checkFields } from "./fields.js";
import { Deadline } from "./retry.js";

/** Says how an import is named, and what ends it early. */
export interface ImportStreamOptions {
  /** An import that ended early is continued by the same call under the same id. Default: one that the client makes up. */
  readonly importId?: string | undefined;
  /** Says for how many milliseconds the service may be away before the import fails. Default: a minute. */
  readonly maxOutageMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Is a source of rows that are read one after the other. */
export type Rows<T> = Iterable<T> | AsyncIterable<T>;

/** Holds the rows of one request. */
export interface Batch<Row> {
  /** Says how many rows of the import come before. */
  readonly position: number;
  readonly rows: readonly Row[];
  /** Says whether it has no rows, and ends the import. */
  readonly isLast: boolean;
}

const ROWS_PER_REQUEST = 500;
/** Leaves each request well below the 4 MiB that the service takes. */
const BYTES_PER_REQUEST = 1_000_000;
/** Is the most that one row has: the service takes requests of 4 MiB, and the rest of one has its room. */
const BYTES_PER_ROW = 4 * 1024 * 1024 - 1024;
/** Limits how many requests are sent ahead of the answers. The service keeps the answers to 10,000 rows. */
const WINDOW = 8;

/**
 * Yields the rows in batches, those before a failure too. With `ends`, a batch without rows comes last. Throws RangeError,
 * naming the position, for a row that no request has room for.
 */
export async function* inBatches<Row>(
  rows: Rows<Row>,
  bytesOf: (row: Row) => number,
  ends = false,
): AsyncGenerator<Batch<Row>, void, undefined> {
  let position = 0;
  let bytes = 0;
  let batch: Row[] = [];
  try {
    for await (const row of rows) {
      const size = bytesOf(row);
      if (size > BYTES_PER_ROW)
        throw new RangeError(`rows[${position + batch.length}] has ${size} bytes, and a row may have ${BYTES_PER_ROW}`);
      if (batch.length && (batch.length === ROWS_PER_REQUEST || bytes + size > BYTES_PER_REQUEST)) {
        yield { position, rows: batch, isLast: false };
        position += batch.length;
        bytes = 0;
        batch = [];
      }
      batch.push(row);
      bytes += size;
    }
  } catch (error) {
    if (batch.length) yield { position, rows: batch, isLast: false };
    throw error;
  }
  if (batch.length) yield { position, rows: batch, isLast: false };
  if (ends) yield { position: position + batch.length, rows: [], isLast: true };
}

/** Sends each batch, and yields it with its answer. Throws what the rows threw after the answers to those before. */
export async function* imported<Row, I extends DescMessage, O extends DescMessage>(
  calls: Calls,
  method: DescMethodBiDiStreaming<I, O>,
  batches: AsyncGenerator<Batch<Row>, void, undefined>,
  requestOf: (batch: Batch<Row>) => MessageInitShape<I>,
  { maxOutageMs = 60_000, signal }: ImportStreamOptions,
): AsyncGenerator<[Batch<Row>, MessageShape<O>], void, undefined> {
  const window = new SendWindow(batches, (batch) => {
    const request = requestOf(batch);
    checkFields(method.input, request);
    return request;
  });
  const ending = signal ?? new AbortController().signal;
  let failures = 0;
  let outage = new Deadline(maxOutageMs);
  try {
    while (!window.isFinished) {
      const requestId = randomUUID();
      try {
        for await (const answer of calls.streams(method, window.requests(), ending, requestId)) {
          failures = 0;
          yield [window.answered(), answer];
        }
        if (!window.isFinished) throw endedStream(requestId);
      } catch (failure) {
        if (!(failure instanceof ClarionError)) throw failure;
        if (!failures++) outage = new Deadline(maxOutageMs);
        await calls.pause(failure, failures, outage, true, ending);
      }
    }
  } finally {
    window.close();
  }
  if (window.failure) throw window.failure.error;
}

/** Holds the requests that wait to be sent or answered. A new connection begins with those that the one before left unanswered. */
class SendWindow<Row, Request> {
  readonly #batches: AsyncGenerator<Batch<Row>, void, undefined>;
  readonly #requestOf: (batch: Batch<Row>) => Request;
  readonly #unanswered: { batch: Batch<Row>; request: Request }[] = [];
  #sent = 0;
  #connection = 0;
  #ended = false;
  #failure: { error: unknown } | undefined;
  #wake: () => void = () => undefined;

  constructor(batches: AsyncGenerator<Batch<Row>, void, undefined>, requestOf: (batch: Batch<Row>) => Request) {
    this.#batches = batches;
    this.#requestOf = requestOf;
  }

  get isFinished(): boolean {
    return this.#ended && !this.#unanswered.length;
  }

  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** Removes the oldest batch, which was answered, and returns it. */
  answered(): Batch<Row> {
    const oldest = this.#unanswered.shift();
    if (!oldest) throw new Error("The service answered a request that was not sent.");
    this.#sent--;
    this.#wake();
    return oldest.batch;
  }

  close(): void {
    this.#connection++;
    this.#wake();
    void this.#batches.return();
  }

  /** Yields the requests of a new connection, and ends those of the one before. */
  async *requests(): AsyncGenerator<Request, void, undefined> {
    const connection = ++this.#connection;
    this.#sent = 0;
    this.#wake();
    while (connection === this.#connection) {
      const next = this.#unanswered[this.#sent];
      if (next) {
        this.#sent++;
        yield next.request;
      } else if (this.#ended) return;
      else if (this.#unanswered.length >= WINDOW) await new Promise<void>((resolve) => (this.#wake = resolve));
      else await this.#read();
    }
  }

  async #read(): Promise<void> {
    try {
      const read = await this.#batches.next();
      if (read.done) this.#ended = true;
      else this.#unanswered.push({ batch: read.value, request: this.#requestOf(read.value) });
    } catch (error) {
      this.#failure = { error };
      this.#ended = true;
    }
  }
}
