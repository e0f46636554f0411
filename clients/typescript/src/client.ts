/** Defines the client: one connection to one Clarion service. */

import { randomUUID } from "node:crypto";
import type { Transport } from "@connectrpc/connect";
import { Channels, Keys } from "./administration.js";
import { Approvals } from "./approvals.js";
import { Attachments } from "./attachments.js";
import { Calls } from "./calls.js";
import { Campaigns } from "./campaigns.js";
import { Consents } from "./consents.js";
import { Executions, Reports } from "./executions.js";
import { ApprovalPolicySchema } from "./gen/clarion/v1/approval_policy_pb.js";
import { ApprovalPolicyService } from "./gen/clarion/v1/approval_policy_service_pb.js";
import { IdentityNamespaceSchema } from "./gen/clarion/v1/identity_namespace_pb.js";
import { IdentityNamespaceService } from "./gen/clarion/v1/identity_namespace_service_pb.js";
import { SendingPolicySchema } from "./gen/clarion/v1/sending_policy_pb.js";
import { SendingPolicyService } from "./gen/clarion/v1/sending_policy_service_pb.js";
import { TopicSchema } from "./gen/clarion/v1/topic_pb.js";
import { TopicService } from "./gen/clarion/v1/topic_service_pb.js";
import { type TriggerAudienceResponse, type TriggerResponse, TriggerService } from "./gen/clarion/v1/trigger_service_pb.js";
import { Fragments } from "./fragments.js";
import { Messages } from "./messages.js";
import { Proofs } from "./proofs.js";
import { Profiles } from "./profiles.js";
import { Audiences } from "./audiences.js";
import { ArchivableResources, DeletableResources } from "./resources.js";
import { type ClientOptions, DEFAULT_TARGET, environmentSettings, Settings } from "./settings.js";
import { AllowLists, Suppressions } from "./suppressions.js";
import { TestCases } from "./test_cases.js";
import { audienceRequest, type TriggerAudienceOptions, type TriggerOptions, triggerRequest } from "./triggers.js";

/**
 * Calls a Clarion service with one API key.
 *
 *     const client = new Client("clarion.example:443", { apiKey });
 *     await client.trigger("order-confirmed", { to: "jane@example.com", context: { order: { id: 4711 } } });
 *
 * It connects with the first call and stays connected until `close`. One client serves any number of concurrent calls.
 * Failed calls throw ClarionError. Data that cannot be sent as given throws TypeError, before anything is sent.
 */
export class Client {
  readonly allowList: AllowLists;
  readonly approvals: Approvals;
  /** Writes approval policies, which say whose approval a draft needs. */
  readonly approvalPolicies: DeletableResources<typeof ApprovalPolicySchema>;
  readonly attachments: Attachments;
  readonly campaigns: Campaigns;
  readonly channels: Channels;
  readonly consents: Consents;
  readonly executions: Executions;
  readonly keys: Keys;
  readonly messages: Messages;
  readonly profiles: Profiles;
  readonly proofs: Proofs;
  readonly reports: Reports;
  readonly suppressions: Suppressions;
  readonly fragments: Fragments;
  /** Writes namespaces of identities, which say when two identities are the same. Only the display name of one changes. */
  readonly identityNamespaces: DeletableResources<typeof IdentityNamespaceSchema>;
  /** Writes sending policies, which say when messages may leave and how many. */
  readonly sendingPolicies: DeletableResources<typeof SendingPolicySchema>;
  readonly audiences: Audiences;
  readonly testCases: TestCases;
  /** Writes topics, which people subscribe to. What people chose about an archived topic stays. */
  readonly topics: ArchivableResources<typeof TopicSchema>;
  readonly #calls: Calls;

  constructor(target: string = DEFAULT_TARGET, options: ClientOptions = {}) {
    this.#calls = new Calls(new Settings(target, options));
    this.allowList = new AllowLists(this.#calls);
    this.approvals = new Approvals(this.#calls);
    this.approvalPolicies = new DeletableResources(this.#calls, ApprovalPolicySchema, ApprovalPolicyService);
    this.attachments = new Attachments(this.#calls);
    this.campaigns = new Campaigns(this.#calls);
    this.channels = new Channels(this.#calls);
    this.consents = new Consents(this.#calls);
    this.executions = new Executions(this.#calls);
    this.keys = new Keys(this.#calls);
    this.messages = new Messages(this.#calls);
    this.profiles = new Profiles(this.#calls);
    this.proofs = new Proofs(this.#calls);
    this.reports = new Reports(this.#calls);
    this.suppressions = new Suppressions(this.#calls);
    this.fragments = new Fragments(this.#calls);
    this.identityNamespaces = new DeletableResources(this.#calls, IdentityNamespaceSchema, IdentityNamespaceService);
    this.sendingPolicies = new DeletableResources(this.#calls, SendingPolicySchema, SendingPolicyService);
    this.audiences = new Audiences(this.#calls);
    this.testCases = new TestCases(this.#calls);
    this.topics = new ArchivableResources(this.#calls, TopicSchema, TopicService);
  }

  /** Makes a client from `CLARION_TARGET`, `CLARION_API_KEY` and `CLARION_CA_CERTIFICATES`, where they are set. */
  static fromEnvironment(environment: Record<string, string | undefined> = process.env): Client {
    return new Client(...environmentSettings(environment));
  }

  /** Serves the generated clients, such as that of `TriggerService` with its stream. It sends no key and repeats nothing. */
  get transport(): Transport {
    return this.#calls.transport;
  }

  /**
   * Sends a campaign to one person (`to`) or to several (`recipients`). Resolves when the service has stored it durably.
   *
   * The call is safe to repeat under the same `requestId`. Without one, the client makes one up for all tries of this call; a
   * failure has it as `requestId`. One invalid recipient makes the service refuse the whole call, unless `allowPartial`.
   */
  async trigger(campaign: string, options: TriggerOptions): Promise<TriggerResponse> {
    // The id names the call in the service's log. Unless the caller gave another one, it is also the request id under which
    // the service recognises a repeated try.
    const requestId = randomUUID();
    const request = triggerRequest(campaign, options, options.requestId ?? requestId);
    const { timeoutMs, signal } = options;
    return this.#calls.unary(TriggerService.method.trigger, request, { repeatable: true, timeoutMs, signal, requestId });
  }

  /**
   * Sends a campaign to the members of an audience, of whom there may be `maxRecipients` at most. Resolves when the service
   * has stored the execution durably: `executions.get` tells how far its `audienceRun` has come, and `executions.cancel`
   * ends it. The call is safe to repeat, as `trigger` is.
   */
  async triggerAudience(
    campaign: string,
    audience: string,
    options: TriggerAudienceOptions,
  ): Promise<TriggerAudienceResponse> {
    const requestId = randomUUID();
    const request = audienceRequest(campaign, audience, options, options.requestId ?? requestId);
    const { timeoutMs, signal } = options;
    const call = { repeatable: true, timeoutMs, signal, requestId };
    return this.#calls.unary(TriggerService.method.triggerAudience, request, call);
  }

  /** Ends the calls in flight and closes the connection. It may be called again. */
  close(): void {
    this.#calls.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
