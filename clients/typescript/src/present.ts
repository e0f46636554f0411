/** Returns a part of an answer that the contract says is always present, which TypeScript cannot know. */
export function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("The answer lacks what the contract promises. Is the service a Clarion?");
  return value;
}
