/** Makes lists that fetch their pages while they are read. */

interface Page {
  readonly nextPageToken: string;
}

/** Iterates over the items of a list. `pages()` iterates over the pages themselves. Each iteration starts at the first item. */
export class Pager<P extends Page, T> implements AsyncIterable<T> {
  readonly #fetch: (pageToken: string) => Promise<P>;
  readonly #items: (page: P) => readonly T[];

  constructor(fetch: (pageToken: string) => Promise<P>, items: (page: P) => readonly T[]) {
    this.#fetch = fetch;
    this.#items = items;
  }

  async *pages(): AsyncGenerator<readonly T[], void, undefined> {
    let token = "";
    do {
      const page = await this.#fetch(token);
      yield this.#items(page);
      token = page.nextPageToken;
    } while (token);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for await (const page of this.pages()) yield* page;
  }

  /** Returns the first `limit` items. */
  async take(limit: number): Promise<T[]> {
    const taken: T[] = [];
    if (limit > 0) {
      for await (const item of this) {
        if (taken.push(item) >= limit) break;
      }
    }
    return taken;
  }
}
