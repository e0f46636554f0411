/** The client: one connection to one Clarion service. */

import { randomUUID } from "node:crypto";
import type { Transport } from "@connectrpc/connect";
import { Channels, Keys } from "./administration.js";
import { Calls } from "./calls.js";
import { Campaigns } from "./campaigns.js";
import { Executions, Reports } from "./executions.js";
import { type TriggerResponse, TriggerService } from "./gen/clarion/v1/trigger_service_pb.js";
import { Messages } from "./messages.js";
import { type ClientOptions, DEFAULT_TARGET, environmentSettings, Settings } from "./settings.js";
import { type TriggerOptions, triggerRequest } from "./triggers.js";

/**
 * A Clarion service, as one API key sees it.
 *
 *     const client = new Client("clarion.example:443", { apiKey });
 *     await client.trigger("order-confirmed", { to: "jane@example.com", context: { order: { id: 4711 } } });
 *
 * Opens its connection with the first call, and keeps it until `close`. Share one: any number of calls may be under way.
 * Failed calls throw ClarionError. What cannot be sent as it was given throws TypeError, before anything is.
 */
export class Client {
  readonly campaigns: Campaigns;
  readonly channels: Channels;
  readonly executions: Executions;
  readonly keys: Keys;
  readonly messages: Messages;
  readonly reports: Reports;
  readonly #calls: Calls;

  constructor(target: string = DEFAULT_TARGET, options: ClientOptions = {}) {
    this.#calls = new Calls(new Settings(target, options));
    this.campaigns = new Campaigns(this.#calls);
    this.channels = new Channels(this.#calls);
    this.executions = new Executions(this.#calls);
    this.keys = new Keys(this.#calls);
    this.messages = new Messages(this.#calls);
    this.reports = new Reports(this.#calls);
  }

  /** Takes `CLARION_TARGET`, `CLARION_API_KEY` and `CLARION_CA_CERTIFICATES` where they are set. */
  static fromEnvironment(environment: Record<string, string | undefined> = process.env): Client {
    return new Client(...environmentSettings(environment));
  }

  /** For the generated services, such as `TriggerService` with its stream. It sends no key and tries nothing again. */
  get transport(): Transport {
    return this.#calls.transport;
  }

  /**
   * Sends a campaign, to one person (`to`) or to several (`recipients`). Resolves when that is durable.
   *
   * Safe to repeat under the same `requestId`; without one, the tries of this call share one that the client makes up, found
   * in a failure's `requestId`. Nothing is accepted when any recipient is invalid, unless `allowPartial`.
   */
  async trigger(campaign: string, options: TriggerOptions): Promise<TriggerResponse> {
    // One id names the call in the service's log and, unless the caller gave one, makes its tries one trigger.
    const requestId = randomUUID();
    const request = triggerRequest(campaign, options, options.requestId ?? requestId);
    const { timeoutMs, signal } = options;
    return this.#calls.unary(TriggerService.method.trigger, request, { repeatable: true, timeoutMs, signal, requestId });
  }

  /** Ends the calls under way and the connection. May be called again. */
  close(): void {
    this.#calls.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
