/** Defines the methods of `client.attachments`. */

import type { MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { CallOptions, Calls } from "./calls.js";
import type { Attachment } from "./gen/clarion/v1/attachment_pb.js";
import { checkFields } from "./fields.js";
import {
  type AttachmentHeaderSchema,
  AttachmentService,
  type ListAttachmentsResponseSchema,
  type UploadAttachmentRequestSchema,
} from "./gen/clarion/v1/attachment_service_pb.js";
import { fullName } from "./names.js";
import { Pager } from "./pager.js";
import { present } from "./present.js";
import type { ListOptions } from "./resources.js";

const COLLECTION = "attachments";
const METHOD = AttachmentService.method;
const PART_BYTES = 256 * 1024;

export interface UploadOptions extends CallOptions {
  /** Is the name of the attachment, such as `logo`. Default: one that follows from the file. */
  readonly name?: string;
  /** Is the type. Default: the one that the extension stands for. */
  readonly contentType?: string;
}

/** Keeps files that mails carry: `client.attachments`. */
export class Attachments {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /** Uploads a file. The same file under the same name again is the stored one. */
  async upload(
    fileName: string,
    content: Uint8Array,
    { name = "", contentType = "", ...options }: UploadOptions = {},
  ): Promise<Attachment> {
    const attachmentId = name === "" ? "" : fullName(COLLECTION, name).slice(COLLECTION.length + 1);
    const header = { attachmentId, attachment: { fileName, contentType } };
    checkFields(METHOD.uploadAttachment.input, { part: { case: "header", value: header } });
    const answer = await this.#calls.upload(METHOD.uploadAttachment, () => parts(header, content), {
      ...options,
      repeatable: true,
    });
    return present(answer.attachment);
  }

  async get(name: string, options: CallOptions = {}): Promise<Attachment> {
    const request = { name: fullName(COLLECTION, name) };
    return present((await this.#calls.unary(METHOD.getAttachment, request, { ...options, repeatable: true })).attachment);
  }

  /** Returns the bytes of an attachment. */
  async download(name: string, options: CallOptions = {}): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let offset = 0n;
    do {
      const request = { name: fullName(COLLECTION, name), offset };
      const answer = await this.#calls.unary(METHOD.readAttachment, request, { ...options, repeatable: true });
      parts.push(answer.content);
      offset = answer.nextOffset;
    } while (offset !== 0n);
    const content = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
    let position = 0;
    for (const part of parts) {
      content.set(part, position);
      position += part.length;
    }
    return content;
  }

  /** Lists attachments by name. */
  list({ pageSize = 0, ...options }: ListOptions = {}): Pager<MessageShape<typeof ListAttachmentsResponseSchema>, Attachment> {
    return new Pager(
      (pageToken) => this.#calls.unary(METHOD.listAttachments, { pageSize, pageToken }, { ...options, repeatable: true }),
      (page) => page.attachments,
    );
  }

  /** Deletes an attachment that no content names. */
  async delete(name: string, options: CallOptions = {}): Promise<void> {
    const request = { name: fullName(COLLECTION, name) };
    await this.#calls.unary(METHOD.deleteAttachment, request, { ...options, repeatable: false });
  }
}

/** Yields the requests of an upload: what the file is, and then its bytes. */
async function* parts(
  header: MessageInitShape<typeof AttachmentHeaderSchema>,
  content: Uint8Array,
): AsyncGenerator<MessageInitShape<typeof UploadAttachmentRequestSchema>, void, undefined> {
  yield { part: { case: "header", value: header } };
  for (let start = 0; start < content.length; start += PART_BYTES) {
    yield { part: { case: "content", value: content.subarray(start, start + PART_BYTES) } };
  }
}
