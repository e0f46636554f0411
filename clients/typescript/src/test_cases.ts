/** The methods of `client.testCases`. */

import type { MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { CallOptions, Calls } from "./calls.js";
import type { ChangeOptions, WriteOptions } from "./campaigns.js";
import type { TestCase, TestCaseSchema } from "./gen/clarion/v1/test_case_pb.js";
import { type ListTestCasesResponseSchema, TestCaseService } from "./gen/clarion/v1/test_case_service_pb.js";
import { fullName, fullTestCaseName } from "./names.js";
import { Pager } from "./pager.js";
import { present } from "./present.js";

const METHOD = TestCaseService.method;

/**
 * Keeps the data that campaigns are tried with: `client.testCases`. The name of a test case may be given as
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
    { pageSize = 0, ...options }: CallOptions & { readonly pageSize?: number } = {},
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
}
