/** Exports everything of a kind. */

import { randomUUID } from "node:crypto";
import type { DescMessage, DescMethodServerStreaming, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { Calls } from "./calls.js";
import { endedStream } from "./errors.js";

/** Says where an export begins, and what ends it early. */
export interface ExportOptions {
  /** Is the name of the last one that an earlier export returned: it continues behind it. Default: with the first. */
  readonly after?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Yields the answers of an export. Throws a ClarionError when it is cut off; another one continues `after` the last name. */
export async function* exported<I extends DescMessage, O extends DescMessage>(
  calls: Calls,
  method: DescMethodServerStreaming<I, O>,
  request: MessageInitShape<I>,
  signal: AbortSignal | undefined,
): AsyncGenerator<MessageShape<O>, void, undefined> {
  const requestId = randomUUID();
  let complete = false;
  for await (const answer of calls.stream(method, request, signal ?? new AbortController().signal, requestId)) {
    complete = (answer as { complete?: boolean }).complete ?? false;
    yield answer;
  }
  if (!complete) throw endedStream(requestId);
}
