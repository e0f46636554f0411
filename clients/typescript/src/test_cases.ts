/** Defines the methods of `client.testCases`. */

import { randomUUID } from "node:crypto";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { CallOptions, Calls } from "./calls.js";
import { type TestCase, TestCaseSchema } from "./gen/clarion/v1/test_case_pb.js";
import { TestCaseService } from "./gen/clarion/v1/test_case_service_pb.js";
import {
  type AcceptRenderingsResponse,
  type ExpectedRenderingSchema,
  TestCampaignRequestSchema,
  type TestCell,
  type TestRun,
} from "./gen/clarion/v1/test_run_pb.js";
import { endedStream } from "./errors.js";
import { fullName, fullTestCaseName } from "./names.js";
import type { Pager } from "./pager.js";
import { present } from "./present.js";
import {
  type ChangeOptions,
  type ListOptions,
  NamedResources,
  type ResourcePage,
  type UpdateOptions,
  type WriteOptions,
} from "./resources.js";

const METHOD = TestCaseService.method;

/** Says what to try, and what to compare it with. */
export interface TestRunOptions {
  /** Lists the ids of the test cases to try. Default: all. */
  readonly testCases?: string[];
  /** Is the number of the version to try. Default: the draft. */
  readonly version?: number;
  /** Holds documents to compare with in place of the accepted ones. Only their cells are tried. */
  readonly expected?: MessageInitShape<typeof ExpectedRenderingSchema>[];
  /** Leaves the renderings out of the cells. */
  readonly omitRenderings?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Keeps the data that campaigns are tried with, and tries them: `client.testCases`. The name of a test case may be given as
 * `order-confirmed/plain` or `campaigns/order-confirmed/testCases/plain`.
 */
export class TestCases extends NamedResources<typeof TestCaseSchema> {
  constructor(calls: Calls) {
    super(calls, TestCaseSchema, TestCaseService);
  }

  override async create(
    testCase: MessageInitShape<typeof TestCaseSchema>,
    { validateOnly = false, ...options }: WriteOptions = {},
  ): Promise<TestCase> {
    const name = this.fullName(testCase.name ?? "");
    const [campaign = "", testCaseId = ""] = name.split("/testCases/");
    const request = { campaign, testCaseId, testCase: { ...testCase, name }, validateOnly };
    return this.changed("Create", request, { ...options, repeatable: validateOnly });
  }

  /** Lists the test cases of a campaign by name. */
  list(campaign: string, { pageSize = 0, ...options }: ListOptions = {}): Pager<ResourcePage, TestCase> {
    return this.paged({ campaign: fullName("campaigns", campaign), pageSize }, options);
  }

  /** Changes it to these values: all of them, or the top-level `fields` named. */
  override async update(
    testCase: MessageInitShape<typeof TestCaseSchema>,
    options: UpdateOptions = {},
  ): Promise<TestCase> {
    return super.update({ ...testCase, name: this.fullName(testCase.name ?? "") }, options);
  }

  /** Deletes it, with what was accepted of it. */
  async delete(name: string, { etag = "", ...options }: ChangeOptions = {}): Promise<void> {
    await this.call("Delete", { name: this.fullName(name), etag }, { ...options, repeatable: false });
  }

  /**
   * Tries the draft of a campaign, or a `version`, with all its test cases or with those named, by their ids. Makes as many
   * calls as it takes, and returns what the last one says at its end.
   */
  async *run(
    campaign: string,
    { signal, ...asked }: TestRunOptions = {},
  ): AsyncGenerator<TestCell, TestRun, undefined> {
    const request = create(TestCampaignRequestSchema, { campaign: fullName("campaigns", campaign), ...asked });
    for (;;) {
      const requestId = randomUUID();
      let end: TestRun | undefined;
      const wanted = signal ?? new AbortController().signal;
      for await (const answer of this.calls.stream(METHOD.testCampaign, request, wanted, requestId)) {
        if (answer.part.case === "cell") yield answer.part.value;
        else end = answer.part.value;
      }
      if (!end) throw endedStream(requestId);
      if (!end.nextPageToken) return end;
      request.pageToken = end.nextPageToken;
    }
  }

  /** Accepts what a run of the draft showed in these cells: later runs are compared with it. */
  async accept(
    campaign: string,
    run: TestRun,
    cells: readonly TestCell[],
    options: CallOptions = {},
  ): Promise<AcceptRenderingsResponse> {
    const renderings = cells.map(({ key, etag }) => ({ key: present(key), etag }));
    const request = { campaign: fullName("campaigns", campaign), runEtag: run.etag, renderings };
    return this.calls.unary(METHOD.acceptRenderings, request, { ...options, repeatable: true });
  }

  protected override fullName(name: string): string {
    return fullTestCaseName(name);
  }
}
