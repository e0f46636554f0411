/** Exports everything of a kind, across lost connections. */

import { randomUUID } from "node:crypto";
import type { DescMessage, DescMethodServerStreaming, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { Calls } from "./calls.js";
import { ClarionError, endedStream } from "./errors.js";
import { Deadline } from "./retry.js";

/** Says where an export begins, and what ends it early. */
export interface ExportOptions {
  /** Is the name of the last one that an earlier export returned: it continues behind it. Default: with the first. */
  readonly after?: string | undefined;
  /** Says for how many milliseconds the service may be away before the export fails. Default: a minute. */
  readonly maxOutageMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Says how the answers of an export are asked for, and what is in one. */
export interface Exporting<I extends DescMessage, O extends DescMessage, T> {
  readonly method: DescMethodServerStreaming<I, O>;
  /** Returns the request for everything behind what has that name; behind nothing when it is empty. */
  readonly requestOf: (after: string) => MessageInitShape<I>;
  readonly itemsOf: (answer: MessageShape<O>) => readonly T[];
  /** Returns the name behind which the next call continues. */
  readonly nameOf: (item: T) => string;
  readonly isLast: (answer: MessageShape<O>) => boolean;
}

/** Yields what is exported, each once. */
export async function* exported<I extends DescMessage, O extends DescMessage, T>(
  calls: Calls,
  { method, requestOf, itemsOf, nameOf, isLast }: Exporting<I, O, T>,
  { after = "", maxOutageMs = 60_000, signal }: ExportOptions,
): AsyncGenerator<T, void, undefined> {
  const ending = signal ?? new AbortController().signal;
  let [position, failures, outage] = [after, 0, new Deadline(maxOutageMs)];
  for (;;) {
    const requestId = randomUUID();
    try {
      for await (const answer of calls.stream(method, requestOf(position), ending, requestId)) {
        failures = 0;
        for (const item of itemsOf(answer)) {
          yield item;
          position = nameOf(item);
        }
        if (isLast(answer)) return;
      }
      throw endedStream(requestId);
    } catch (failure) {
      if (!(failure instanceof ClarionError)) throw failure;
      if (!failures++) outage = new Deadline(maxOutageMs);
      await calls.pause(failure, failures, outage, true, ending);
    }
  }
}
