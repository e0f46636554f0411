/** When a failed call is made again. */

import { type ClarionError, OverloadedError, UnavailableError } from "./errors.js";

/**
 * Delays that double from `initialDelayMs` up to `maxDelayMs`, each shortened at random by up to half, so that callers who
 * failed together do not come back together. A longer delay that the service asks for is kept. There is no limit on the
 * number of tries: the call's deadline is the limit.
 */
export interface Retry {
  /** Default: 100. */
  readonly initialDelayMs?: number;
  /** Default: 5,000. */
  readonly maxDelayMs?: number;
}

/** Milliseconds to wait after the failure of the `attempt`-th try (from 1); undefined when the caller should see it. */
export function delayAfter(
  failure: ClarionError,
  retry: Retry,
  { attempt, remainingMs, repeatable }: { attempt: number; remainingMs: number; repeatable: boolean },
): number | undefined {
  if (!mayPass(failure, repeatable)) return undefined;
  const { initialDelayMs = 100, maxDelayMs = 5_000 } = retry;
  const backoff = Math.min(maxDelayMs, initialDelayMs * 2 ** (attempt - 1));
  const delay = Math.max(failure.retryAfterMs ?? 0, backoff * (1 - Math.random() / 2));
  return delay < remainingMs ? delay : undefined;
}

/**
 * True when the same call may succeed later and making it again does no harm.
 *
 * UNAVAILABLE leaves it open whether a write was done, so only repeatable calls go on. RESOURCE_EXHAUSTED with a delay means
 * that nothing was done, which makes every call repeatable; without one it is a limit that waiting does not lift.
 */
export function mayPass(failure: ClarionError, repeatable: boolean): boolean {
  if (failure instanceof UnavailableError) return repeatable;
  return failure instanceof OverloadedError && failure.retryAfterMs !== undefined;
}

/** The moment after which a call is of no use. */
export class Deadline {
  readonly #end: number;

  constructor(milliseconds: number) {
    this.#end = performance.now() + milliseconds;
  }

  get remainingMs(): number {
    return Math.max(0, this.#end - performance.now());
  }
}
