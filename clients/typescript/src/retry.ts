/** Decides when a failed call is repeated. */

import { type ClarionError, OverloadedError, UnavailableError } from "./errors.js";

/**
 * Sets the delays between tries. They double from `initialDelayMs` up to `maxDelayMs`, and each is shortened at random by up
 * to half, so that callers who failed together do not come back together. A longer delay that the service asks for is kept.
 * The call's deadline limits the number of tries.
 */
export interface Retry {
  /** Default: 100. */
  readonly initialDelayMs?: number;
  /** Default: 5,000. */
  readonly maxDelayMs?: number;
}

/** Returns the milliseconds to wait after the `attempt`-th try (from 1), or undefined when the caller gets the failure. */
export function delayAfter(
  failure: ClarionError,
  retry: Retry,
  { attempt, remainingMs, repeatable }: { attempt: number; remainingMs: number; repeatable: boolean },
): number | undefined {
  if (!isTransient(failure, repeatable)) return undefined;
  const { initialDelayMs = 100, maxDelayMs = 5_000 } = retry;
  const backoff = Math.min(maxDelayMs, initialDelayMs * 2 ** (attempt - 1));
  const delay = Math.max(failure.retryAfterMs ?? 0, backoff * (1 - Math.random() / 2));
  return delay < remainingMs ? delay : undefined;
}

/**
 * Returns whether the same call may succeed later, and does no harm when it is made again.
 *
 * After UNAVAILABLE nobody knows whether a write was done, so only repeatable calls are made again. RESOURCE_EXHAUSTED with a
 * delay means that nothing was done, which makes every call repeatable; without a delay it is a limit that waiting does not
 * lift.
 */
export function isTransient(failure: ClarionError, repeatable: boolean): boolean {
  if (failure instanceof UnavailableError) return repeatable;
  return failure instanceof OverloadedError && failure.retryAfterMs !== undefined;
}

/** Is the longest deadline that a call can say, of eight digits: more than a day. A longer one is read as this one. */
const LONGEST_MS = 99_999_999;

/** Is the time by which a call must have its answer. */
export class Deadline {
  readonly #end: number;

  constructor(milliseconds: number) {
    this.#end = performance.now() + milliseconds;
  }

  /** Returns the deadline of one try: a whole number, and never 0, which means that a call may take for ever. */
  get ofTryMs(): number {
    return Math.min(Math.max(1, Math.ceil(this.remainingMs)), LONGEST_MS);
  }

  get remainingMs(): number {
    return Math.max(0, this.#end - performance.now());
  }
}
