/** Splits what one call would take too long for. */

/** Is what one call carries at most, so that the service answers it in seconds. */
export const ROWS_PER_CALL = 1_000;
const ENTRIES_PER_CALL = 4_000;
const BYTES_PER_CALL = 2_000_000;

/** Says what a row adds to its call: itself and what belongs to it, and the bytes of all that. */
export interface Weight {
  readonly entries: number;
  readonly bytes: number;
}

/** Yields the position of the first row of each call, and that behind its last one. A row is never split. */
export function* callsOf(weights: readonly Weight[]): Generator<readonly [first: number, end: number], void, undefined> {
  let [first, entries, bytes] = [0, 0, 0];
  for (const [index, weight] of weights.entries()) {
    const isFull = entries + weight.entries > ENTRIES_PER_CALL || bytes + weight.bytes > BYTES_PER_CALL;
    if (index > first && (isFull || index - first === ROWS_PER_CALL)) {
      yield [first, index];
      [first, entries, bytes] = [index, 0, 0];
    }
    entries += weight.entries;
    bytes += weight.bytes;
  }
  if (first < weights.length) yield [first, weights.length];
}

/** Yields the rows of each call, none of which weighs much. */
export function* inCalls<Row>(rows: readonly Row[]): Generator<readonly Row[], void, undefined> {
  for (let first = 0; first < rows.length; first += ROWS_PER_CALL) yield rows.slice(first, first + ROWS_PER_CALL);
}
