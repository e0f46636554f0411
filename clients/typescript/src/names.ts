/** Completes the names of resources and people, which callers may shorten. */

/** Returns `campaigns/order-confirmed` for that name and for `order-confirmed`. Throws TypeError for any other one. */
export function fullName(collection: string, name: string): string {
  if (typeof name !== "string") throw new TypeError(`${JSON.stringify(name)} is no name in ${collection}/: give a string`);
  const slash = name.lastIndexOf("/");
  const id = name.slice(slash + 1);
  if (!id || (slash >= 0 && name.slice(0, slash) !== collection)) {
    throw new TypeError(`${JSON.stringify(name)} is no name in ${collection}/`);
  }
  return `${collection}/${id}`;
}

/** Returns `campaigns/order-confirmed/testCases/plain` for that name and for `order-confirmed/plain`. Throws TypeError for any other one. */
export function fullTestCaseName(name: string): string {
  const found = /^(?:campaigns\/)?([^/]+)\/(?:testCases\/)?([^/]+)$/.exec(name);
  if (!found) throw new TypeError(`${JSON.stringify(name)} is no name of a test case, such as order-confirmed/plain`);
  return `campaigns/${found[1]}/testCases/${found[2]}`;
}

/**
 * Returns the field of a request that names a draft: that of a fragment as `fragments/footer`, or of a campaign, which may be
 * shortened to its id. Throws TypeError for any other name.
 */
export function draftOf(draft: string): { campaign: string } | { fragment: string } {
  return draft.startsWith("fragments/")
    ? { fragment: fullName("fragments", draft) }
    : { campaign: fullName("campaigns", draft) };
}

export function fullNameOrEmpty(collection: string, name: string | undefined): string {
  return name ? fullName(collection, name) : "";
}

/** Returns `email:jane@example.com` for that identity and for the address alone. */
export function fullIdentity(identity: string): string {
  // What is no string stays as it is, and the check of the request's fields tells its path.
  return typeof identity !== "string" || !identity || /^[a-z0-9_-]{1,32}:/.test(identity) ? identity : `email:${identity}`;
}
