/** Turns the options of a trigger into its request. */

import { type MessageInitShape } from "@bufbuild/protobuf";
import { type Timestamp, timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { CallOptions } from "./calls.js";
import { listOf, wrongType } from "./fields.js";
import type { RecipientAttachmentSchema } from "./gen/clarion/v1/attachment_pb.js";
import type {
  RecipientSchema,
  TriggerAudienceRequestSchema,
  TriggerRequestSchema,
} from "./gen/clarion/v1/trigger_service_pb.js";
import { jsonObject } from "./json.js";
import { fullIdentity, fullName } from "./names.js";

/** A recipient of a trigger, with its data. */
export interface Recipient {
  /** `namespace:value`, or an e-mail address alone. */
  readonly identity: string;
  readonly address?: string | undefined;
  readonly locale?: string | undefined;
  /** JSON data, as the campaign's context schema demands. */
  readonly context?: object | undefined;
  /** JSON data about the person. */
  readonly profile?: object | undefined;
  /** Labels to find the messages by later. They replace labels of the trigger that have the same keys. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Files that this recipient's mails carry: bytes with a `fileName`, or uploads by the name of their attachment. */
  readonly attachments?: readonly RecipientFile[] | undefined;
}

/** A file of one recipient. */
export type RecipientFile =
  | { readonly content: Uint8Array; readonly fileName: string; readonly contentType?: string }
  | { readonly attachment: string; readonly fileName?: string };

/** Names one recipient (`to`), or up to 1,000 with data of their own (`recipients`). */
export type Addressed =
  | { readonly to: string; readonly recipients?: undefined } & Omit<Recipient, "identity" | "labels" | "attachments">
  | { readonly recipients: readonly Recipient[]; readonly to?: undefined };

export type TriggerOptions = Addressed &
  CallOptions & {
    /** Makes the call safe to repeat from any process. Default: one that the client makes up for all tries of a call. */
    readonly requestId?: string | undefined;
    readonly sendTime?: Date | undefined;
    readonly expireTime?: Date | undefined;
    readonly allowPartial?: boolean | undefined;
    readonly validateOnly?: boolean | undefined;
    /** Labels to find the messages by later, such as an order number. Never rendered. */
    readonly labels?: Readonly<Record<string, string>> | undefined;
  };

/** Returns the request of a trigger. Throws TypeError, naming the path, for data that cannot be sent as given. */
export function triggerRequest(
  campaign: string,
  options: TriggerOptions,
  requestId: string,
): MessageInitShape<typeof TriggerRequestSchema> {
  const { sendTime, expireTime, allowPartial = false, validateOnly = false, labels = {} } = options;
  return {
    campaign: fullName("campaigns", campaign),
    requestId,
    recipients: recipientsOf(options).map((each, index) => wireRecipient(each, `recipients[${index}]`)),
    allowPartial,
    validateOnly,
    labels,
    ...(sendTime && { sendTime: wireTime(sendTime, "sendTime") }),
    ...(expireTime && { expireTime: wireTime(expireTime, "expireTime") }),
  };
}

export type TriggerAudienceOptions = CallOptions & {
  /** The most members that the audience may have. One that has more is sent to nobody. */
  readonly maxRecipients: number;
  /** JSON data of every message, as the campaign's context schema demands. */
  readonly context?: object | undefined;
  readonly locale?: string | undefined;
  /** Makes the call safe to repeat from any process. Default: one that the client makes up for all tries of a call. */
  readonly requestId?: string | undefined;
  readonly sendTime?: Date | undefined;
  readonly expireTime?: Date | undefined;
  /** Counts the members, and sends nothing. */
  readonly validateOnly?: boolean | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
};

/** Returns the request of a trigger of an audience. Throws TypeError for data that cannot be sent as given. */
export function audienceRequest(
  campaign: string,
  audience: string,
  options: TriggerAudienceOptions,
  requestId: string,
): MessageInitShape<typeof TriggerAudienceRequestSchema> {
  const { maxRecipients, context, locale = "", sendTime, expireTime, validateOnly = false, labels = {} } = options;
  return {
    campaign: fullName("campaigns", campaign),
    audience: fullName("audiences", audience),
    maxRecipients,
    locale,
    requestId,
    validateOnly,
    labels,
    ...(context && { context: jsonObject(context, "context") }),
    ...(sendTime && { sendTime: wireTime(sendTime, "sendTime") }),
    ...(expireTime && { expireTime: wireTime(expireTime, "expireTime") }),
  };
}

function wireTime(date: Date, path: string): Timestamp {
  if (!(date instanceof Date)) throw wrongType(date, "a Date", path);
  if (Number.isNaN(date.getTime())) throw new TypeError(`${path} is an invalid Date`);
  return timestampFromDate(date);
}

function recipientsOf(options: Addressed): readonly Recipient[] {
  if (options.recipients) return listOf(options.recipients, "recipients");
  const { to, address, locale, context, profile } = options;
  return [{ identity: to, address, locale, context, profile }];
}

function wireRecipient(recipient: Recipient, path: string): MessageInitShape<typeof RecipientSchema> {
  if (typeof recipient !== "object" || recipient === null) throw wrongType(recipient, "a Recipient", path);
  const { identity, address = "", locale = "", context, profile, labels = {}, attachments = [] } = recipient;
  return {
    identity: fullIdentity(identity),
    address,
    locale,
    labels,
    attachments: listOf(attachments, `${path}.attachments`).map(wireFile),
    ...(context && { context: jsonObject(context, `${path}.context`) }),
    ...(profile && { profile: jsonObject(profile, `${path}.profile`) }),
  };
}

function wireFile(file: RecipientFile): MessageInitShape<typeof RecipientAttachmentSchema> {
  if ("content" in file) {
    const { content, fileName, contentType = "" } = file;
    return { source: { case: "content", value: content }, fileName, contentType };
  }
  const { attachment, fileName = "" } = file;
  return { source: { case: "attachment", value: fullName("attachments", attachment) }, fileName };
}
