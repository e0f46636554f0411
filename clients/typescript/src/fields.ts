/** Refuses requests whose fields would not arrive as given, before anything is sent. */

import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { wellFormed } from "./json.js";

/** Throws TypeError, naming the path, for half of a character and for numbers that their field cannot hold. */
export function checkFields(message: DescMessage, given: unknown, path = ""): void {
  if (typeof given !== "object" || given === null) return;
  if (message.typeName === "google.protobuf.Struct") {
    checkTexts(given, path);
    return;
  }
  for (const field of message.fields) {
    const value = valueOf(field, given as Record<string, unknown>);
    if (value !== undefined) checkField(field, value, path ? `${path}.${field.localName}` : field.localName);
  }
}

function valueOf(field: DescField, given: Record<string, unknown>): unknown {
  if (!field.oneof) return given[field.localName];
  const choice = given[field.oneof.localName] as { readonly case?: string; readonly value?: unknown } | undefined;
  return choice?.case === field.localName ? choice.value : undefined;
}

function checkField(field: DescField, value: unknown, path: string): void {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) checkItem(field, item, `${path}[${index}]`);
  } else if (field.fieldKind === "map") {
    for (const [name, item] of Object.entries(value as object)) checkItem(field, item, `${path}.${wellFormed(name, path)}`);
  } else checkItem(field, value, path);
}

function checkItem(field: DescField, value: unknown, path: string): void {
  if (field.message) checkFields(field.message, value, path);
  else if (typeof value === "string") wellFormed(value, path);
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
