/** Refuses data that JSON would lose or change, before anything is sent. */

import type { JsonObject } from "@bufbuild/protobuf";

/** Is the deepest nesting that the service reads. */
const MAX_DEPTH = 32;

/** Returns the data without undefined members. Throws TypeError, naming the path, for data that JSON would change. */
export function jsonObject(data: object, path: string): JsonObject {
  return checked(data, path, MAX_DEPTH) as JsonObject;
}

function checked(value: unknown, path: string, depth: number): unknown {
  switch (typeof value) {
    case "string":
      return wellFormed(value, path);
    case "boolean":
      return value;
    case "number":
      return checkedNumber(value, path);
    case "object":
      return value === null ? null : nested(value, path, depth);
    default:
      throw new TypeError(`${path} is a ${typeof value}, which JSON does not know`);
  }
}

/** Returns the text. Throws TypeError for half of a character in it, which would be sent as U+FFFD. */
export function wellFormed(text: string, path: string): string {
  if (/\p{Surrogate}/u.test(text)) throw new TypeError(`${path} holds a lone surrogate, which is no text`);
  return text;
}

function checkedNumber(value: number, path: string): number {
  if (!Number.isFinite(value)) throw new TypeError(`${path} is ${value}, which JSON does not know`);
  if (Number.isInteger(value) && Math.abs(value) > 2 ** 53) {
    throw new TypeError(`${path} is a whole number beyond 2**53, whose digits would be lost: give a string`);
  }
  return value;
}

function nested(value: object, path: string, depth: number): unknown {
  if (depth <= 0) throw new TypeError(`${path} is nested more than ${MAX_DEPTH} levels deep`);
  if (Array.isArray(value)) return value.map((item, index) => checked(item, `${path}[${index}]`, depth - 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError(`${path} is a ${value.constructor.name}, which JSON does not know: write it as a string`);
  }
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(
    members.map(([name, member]) => [wellFormed(name, path), checked(member, `${path}.${name}`, depth - 1)]),
  );
}
