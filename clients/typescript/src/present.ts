/** What the contract says is always there, and TypeScript cannot know. */
export function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("The service answered without what it was asked for: is it a Clarion?");
  return value;
}
