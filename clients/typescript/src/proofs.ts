/** Defines the methods of `client.proofs`. */

import type { CallOptions, Calls } from "./calls.js";
import { type ProofResult, ProofService } from "./gen/clarion/v1/proof_service_pb.js";
import { jsonObject } from "./json.js";
import { fullName } from "./names.js";

/** Says what a proof shows. */
export interface ProofOptions extends CallOptions {
  readonly context?: Readonly<Record<string, unknown>> | undefined;
  readonly profile?: Readonly<Record<string, unknown>> | undefined;
  readonly locale?: string | undefined;
  /** Is the number of the version to send. Default: the draft. */
  readonly version?: number | undefined;
  /** Is the action to send, by its id. Default: the first. */
  readonly action?: string | undefined;
  /** Is the rule whose content to send, by its id. Default: the first one that is true. */
  readonly rule?: string | undefined;
}

/** Sends mails of campaigns to their authors: `client.proofs`. */
export class Proofs {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /**
   * Sends the draft, or a `version`, to up to 10 addresses, and returns what became of each. Nothing else happens: proofs stand
   * in no list, event or report.
   */
  async send(campaign: string, addresses: readonly string[], options: ProofOptions = {}): Promise<ProofResult[]> {
    const { context, profile, locale = "", version = 0, action = "", rule = "", ...rest } = options;
    const request = {
      campaign: fullName("campaigns", campaign),
      addresses: [...addresses],
      locale,
      version,
      action,
      rule,
      ...(context && { context: jsonObject(context, "context") }),
      ...(profile && { profile: jsonObject(profile, "profile") }),
    };
    return (await this.#calls.unary(ProofService.method.sendProof, request, { ...rest, repeatable: false })).results;
  }
}
