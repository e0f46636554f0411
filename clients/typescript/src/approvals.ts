/** Defines the methods of `client.approvals`. */

import type { MessageShape } from "@bufbuild/protobuf";
import type { CallOptions, Calls } from "./calls.js";
import type { Approval, ApprovalStep, ApprovalThread } from "./gen/clarion/v1/approval_pb.js";
import type { ListApprovalThreadsResponseSchema } from "./gen/clarion/v1/approval_comments_pb.js";
import { ApprovalService, type ListApprovalStepsResponseSchema } from "./gen/clarion/v1/approval_service_pb.js";
import { draftOf } from "./names.js";
import { Pager } from "./pager.js";
import { present } from "./present.js";
import type { ChangeOptions, ListOptions } from "./resources.js";

const METHOD = ApprovalService.method;

/** Is what a caller says about the approval of a draft. */
export interface WordOptions extends ChangeOptions {
  readonly comment?: string | undefined;
}

/**
 * Has drafts approved: `client.approvals`. That of a campaign is given as `newsletter` or `campaigns/newsletter`, that of a fragment
 * as `fragments/footer`.
 */
export class Approvals {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /** Returns where the approval of the draft stands, and what is missing. */
  async get(draft: string, options: CallOptions = {}): Promise<Approval> {
    const request = { ...draftOf(draft) };
    return present((await this.#calls.unary(METHOD.getApproval, request, { ...options, repeatable: true })).approval);
  }

  /** Lists what was done about the approval, the newest first. */
  steps(
    draft: string,
    { pageSize = 0, ...options }: ListOptions = {},
  ): Pager<MessageShape<typeof ListApprovalStepsResponseSchema>, ApprovalStep> {
    const request = { ...draftOf(draft), pageSize };
    return new Pager(
      (pageToken) =>
        this.#calls.unary(METHOD.listApprovalSteps, { ...request, pageToken }, { ...options, repeatable: true }),
      (page) => page.approvalSteps,
    );
  }

  /** Submits the draft. Nobody can edit it from then on. */
  async submit(draft: string, { comment = "", etag = "", ...options }: WordOptions = {}): Promise<Approval> {
    const request = { ...draftOf(draft), comment, etag };
    const call = { ...options, repeatable: false };
    return present((await this.#calls.unary(METHOD.submitForApproval, request, call)).approval);
  }

  /** Approves the submitted draft. `contentHash` is that of the approval which the caller looked at. */
  async approve(
    draft: string,
    contentHash: string,
    { comment = "", etag = "", ...options }: WordOptions = {},
  ): Promise<Approval> {
    const request = { ...draftOf(draft), contentHash, comment, etag };
    return present((await this.#calls.unary(METHOD.approve, request, { ...options, repeatable: false })).approval);
  }

  /** Makes the draft editable again, and voids its approvals. The comment says what is to change. */
  async requestChanges(
    draft: string,
    comment: string,
    { etag = "", ...options }: ChangeOptions = {},
  ): Promise<Approval> {
    const request = { ...draftOf(draft), comment, etag };
    return present((await this.#calls.unary(METHOD.requestChanges, request, { ...options, repeatable: false })).approval);
  }

  /** Takes the submission back, and voids its approvals. */
  async cancel(draft: string, { comment = "", etag = "", ...options }: WordOptions = {}): Promise<Approval> {
    const request = { ...draftOf(draft), comment, etag };
    return present((await this.#calls.unary(METHOD.cancelApproval, request, { ...options, repeatable: false })).approval);
  }

  /** Lists what was said about the approval with the answers, the newest threads first. */
  threads(
    draft: string,
    { pageSize = 0, ...options }: ListOptions = {},
  ): Pager<MessageShape<typeof ListApprovalThreadsResponseSchema>, ApprovalThread> {
    const request = { ...draftOf(draft), pageSize };
    return new Pager(
      (pageToken) =>
        this.#calls.unary(METHOD.listApprovalThreads, { ...request, pageToken }, { ...options, repeatable: true }),
      (page) => page.approvalThreads,
    );
  }

  /** Marks a thread as resolved. `thread` is the `step` that began it, or of an answer in it. */
  async resolve(
    draft: string,
    thread: string,
    { comment = "", ...options }: CallOptions & { readonly comment?: string } = {},
  ): Promise<ApprovalThread> {
    const request = { ...draftOf(draft), thread, comment };
    const call = { ...options, repeatable: true };
    return present((await this.#calls.unary(METHOD.resolveApprovalThread, request, call)).approvalThread);
  }

  /** Adds a comment to the history. `replyTo` is the `step` that it is an answer to. */
  async comment(
    draft: string,
    comment: string,
    { replyTo = "", ...options }: CallOptions & { readonly replyTo?: string } = {},
  ): Promise<ApprovalStep> {
    const request = { ...draftOf(draft), comment, replyTo };
    const call = { ...options, repeatable: false };
    return present((await this.#calls.unary(METHOD.commentOnApproval, request, call)).approvalStep);
  }
}
