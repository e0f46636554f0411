/** Refuses requests whose fields would not arrive as given, before anything is sent. */

import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { wellFormed } from "./json.js";

/** Lists what a scalar field holds, as `typeof` says it, and in words. Fields of other types take several forms. */
const WANTED: ReadonlyMap<ScalarType | undefined, readonly [type: string, words: string]> = new Map([
  [ScalarType.STRING, ["string", "a string"]],
  [ScalarType.BOOL, ["boolean", "true or false"]],
  [ScalarType.INT32, ["number", "a number"]],
  [ScalarType.DOUBLE, ["number", "a number"]],
]);

/**
 * Throws TypeError, naming the path, for values of another type than their field's, half of a character, and numbers that
 * their field cannot hold.
 */
export function checkFields(message: DescMessage, given: unknown, path = ""): void {
  const isStruct = message.typeName === "google.protobuf.Struct";
  // A Date has no fields of a Timestamp, and would be sent as the year 1970.
  if (typeof given !== "object" || given === null || Array.isArray(given) || given instanceof Date) {
    throw wrongType(given, isStruct ? "an object" : withArticle(message.name), path);
  }
  if (isStruct) {
    checkTexts(given, path);
    return;
  }
  for (const field of message.fields) {
    const value = valueOf(field, given as Record<string, unknown>);
    if (value !== undefined && value !== null) checkField(field, value, path ? `${path}.${field.localName}` : field.localName);
  }
}

function valueOf(field: DescField, given: Record<string, unknown>): unknown {
  if (!field.oneof) return given[field.localName];
  const choice = given[field.oneof.localName] as { readonly case?: string; readonly value?: unknown } | undefined;
  return choice?.case === field.localName ? choice.value : undefined;
}

function checkField(field: DescField, value: unknown, path: string): void {
  if (field.fieldKind === "list") {
    for (const [index, item] of listOf(value, path).entries()) checkItem(field, item, `${path}[${index}]`);
  } else if (field.fieldKind === "map") {
    if (typeof value !== "object" || Array.isArray(value)) throw wrongType(value, "an object", path);
    for (const [name, item] of Object.entries(value as object)) checkItem(field, item, `${path}.${wellFormed(name, path)}`);
  } else checkItem(field, value, path);
}

function checkItem(field: DescField, value: unknown, path: string): void {
  if (field.message) return checkFields(field.message, value, path);
  const [type, words] = field.enum ? ["number", `one of ${field.enum.name}`] : (WANTED.get(field.scalar) ?? []);
  if (words && typeof value !== type) throw wrongType(value, words, path);
  if (field.scalar === ScalarType.BYTES && !(value instanceof Uint8Array)) throw wrongType(value, "a Uint8Array", path);
  if (typeof value === "string") wellFormed(value, path);
  else if (typeof value === "number" && field.scalar === ScalarType.INT32 && (value | 0) !== value) {
    throw new TypeError(`${path} is ${value}, which is no whole number of 32 bits`);
  }
}

function checkTexts(value: unknown, path: string): void {
  if (typeof value === "string") wellFormed(value, path);
  else if (Array.isArray(value)) value.forEach((item, index) => checkTexts(item, `${path}[${index}]`));
  else if (typeof value === "object" && value !== null) {
    for (const [name, item] of Object.entries(value)) checkTexts(item, `${path}.${wellFormed(name, path)}`);
  }
}

/** Returns the value. Throws TypeError, naming the path, when it is no list. */
export function listOf<T>(value: readonly T[], path: string): readonly T[];
export function listOf(value: unknown, path: string): readonly unknown[];
export function listOf(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) throw wrongType(value, "a list", path);
  return value;
}

/** Returns the error for a value of another type. It says which type was given, as the value may be personal data. */
export function wrongType(value: unknown, wanted: string, path: string): TypeError {
  return new TypeError(`${path || "The value"} is ${kindOf(value)}, not ${wanted}`);
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "a list";
  if (typeof value === "boolean") return "true or false";
  if (value instanceof Date) return "a Date";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

function withArticle(name: string): string {
  return `${/^[AEIO]/.test(name) ? "an" : "a"} ${name}`;
}
