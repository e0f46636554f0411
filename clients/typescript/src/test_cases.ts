/** The methods of `client.testCases`. */

import { randomUUID } from "node:crypto";
import { create, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import type { CallOptions, Calls } from "./calls.js";
import type { TestCase, TestCaseSchema } from "./gen/clarion/v1/test_case_pb.js";
import { type ListTestCasesResponseSchema, TestCaseService } from "./gen/clarion/v1/test_case_service_pb.js";
import {
  type AcceptRenderingsResponse,
  type ExpectedRenderingSchema,
  TestCampaignRequestSchema,
  type TestCell,
  type TestRun,
} from "./gen/clarion/v1/test_run_pb.js";
import { endedStream } from "./errors.js";
import { fullName, fullTestCaseName } from "./names.js";
import { Pager } from "./pager.js";
import { present } from "./present.js";
import type { ChangeOptions, ListOptions, WriteOptions } from "./resources.js";

const METHOD = TestCaseService.method;

/** What to try, and what to compare it with. */
export interface TestRunOptions {
  /** The ids of the test cases to try. Default: all. */
  readonly testCases?: string[];
  /** The number of the version to try. Default: the draft. */
  readonly version?: number;
  /** Documents to compare with in place of the accepted ones. Only their cells are tried. */
  readonly expected?: MessageInitShape<typeof ExpectedRenderingSchema>[];
  /** Leaves the renderings out of the cells. */
  readonly omitRenderings?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Keeps the data that campaigns are tried with, and tries them: `client.testCases`. The name of a test case may be given as
 * `order-confirmed/plain` or `campaigns/order-confirmed/testCases/plain`.
 */
export class TestCases {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  async create(
    testCase: MessageInitShape<typeof TestCaseSchema>,
    { validateOnly = false, ...options }: WriteOptions = {},
  ): Promise<TestCase> {
    const name = fullTestCaseName(testCase.name ?? "");
    const [campaign = "", testCaseId = ""] = name.split("/testCases/");
    const request = { campaign, testCaseId, testCase: { ...testCase, name }, validateOnly };
    return present((await this.#calls.unary(METHOD.createTestCase, request, { ...options, repeatable: validateOnly })).testCase);
  }

  async get(name: string, options: CallOptions = {}): Promise<TestCase> {
    const request = { name: fullTestCaseName(name) };
    return present((await this.#calls.unary(METHOD.getTestCase, request, { ...options, repeatable: true })).testCase);
  }

  /** Lists the test cases of a campaign by name. */
  list(
    campaign: string,
    { pageSize = 0, ...options }: ListOptions = {},
  ): Pager<MessageShape<typeof ListTestCasesResponseSchema>, TestCase> {
    const request = { campaign: fullName("campaigns", campaign), pageSize };
    return new Pager(
      (pageToken) => this.#calls.unary(METHOD.listTestCases, { ...request, pageToken }, { ...options, repeatable: true }),
      (page) => page.testCases,
    );
  }

  /** Changes it to these values: all of them, or the top-level `fields` named. */
  async update(
    testCase: MessageInitShape<typeof TestCaseSchema>,
    { fields = ["*"], validateOnly = false, ...options }: WriteOptions & { readonly fields?: readonly string[] } = {},
  ): Promise<TestCase> {
    const named = { ...testCase, name: fullTestCaseName(testCase.name ?? "") };
    const request = { testCase: named, updateMask: { paths: [...fields] }, validateOnly };
    return present((await this.#calls.unary(METHOD.updateTestCase, request, { ...options, repeatable: validateOnly })).testCase);
  }

  /** Deletes it, with what was accepted of it. */
  async delete(name: string, { etag = "", ...options }: ChangeOptions = {}): Promise<void> {
    const request = { name: fullTestCaseName(name), etag };
    await this.#calls.unary(METHOD.deleteTestCase, request, { ...options, repeatable: false });
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
      for await (const answer of this.#calls.stream(METHOD.testCampaign, request, wanted, requestId)) {
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
    return this.#calls.unary(METHOD.acceptRenderings, request, { ...options, repeatable: true });
  }
}
