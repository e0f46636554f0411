/** Defines the methods of `client.executions` and `client.reports`. */

import type { MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { CallOptions, Calls } from "./calls.js";
import type { Execution } from "./gen/clarion/v1/execution_pb.js";
import {
  type CancelExecutionResponse,
  ExecutionService,
  type ListExecutionsRequestSchema,
  type ListExecutionsResponseSchema,
} from "./gen/clarion/v1/execution_service_pb.js";
import { type CampaignReport, ReportService } from "./gen/clarion/v1/report_service_pb.js";
import { fullName, fullNameOrEmpty } from "./names.js";
import { Pager } from "./pager.js";
import { present } from "./present.js";

const METHOD = ExecutionService.method;

/** Finds and cancels accepted triggers: `client.executions`. */
export class Executions {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  async get(name: string, options: CallOptions = {}): Promise<Execution> {
    const request = { name: fullName("executions", name) };
    const answer = await this.#calls.unary(METHOD.getExecution, request, { ...options, repeatable: true });
    return present(answer.execution);
  }

  /** Lists executions that match every filter given, newest first. */
  list(
    filter: MessageInitShape<typeof ListExecutionsRequestSchema> = {},
    options: CallOptions = {},
  ): Pager<MessageShape<typeof ListExecutionsResponseSchema>, Execution> {
    const request = { ...filter, campaign: fullNameOrEmpty("campaigns", filter.campaign) };
    return new Pager(
      (pageToken) =>
        this.#calls.unary(METHOD.listExecutions, { ...request, pageToken }, { ...options, repeatable: true }),
      (page) => page.executions,
    );
  }

  /** Cancels every message that no process has begun to hand off, and says how many were in time. */
  async cancel(name: string, options: CallOptions = {}): Promise<CancelExecutionResponse> {
    const request = { name: fullName("executions", name) };
    return this.#calls.unary(METHOD.cancelExecution, request, { ...options, repeatable: true });
  }
}

/** Reads the reports of campaigns: `client.reports`. */
export class Reports {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /** Returns the counts of one version, or of all versions together. */
  async get(
    campaign: string,
    { version = 0, ...options }: CallOptions & { readonly version?: number } = {},
  ): Promise<CampaignReport> {
    const request = { campaign: fullName("campaigns", campaign), version };
    const answer = await this.#calls.unary(ReportService.method.getCampaignReport, request, {
      ...options,
      repeatable: true,
    });
    return present(answer.report);
  }
}
