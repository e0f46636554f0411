/** Defines the methods of `client.channels` and `client.keys`. */

import type { MessageShape } from "@bufbuild/protobuf";
import type { CallOptions, Calls } from "./calls.js";
import type { ApiKey, ApiKey_Scope } from "./gen/clarion/v1/api_key_pb.js";
import { ApiKeyService, type CreateApiKeyResponse, type ListApiKeysResponseSchema } from "./gen/clarion/v1/api_key_service_pb.js";
import { ChannelConfigurationSchema } from "./gen/clarion/v1/channel_configuration_pb.js";
import {
  ChannelConfigurationService,
  type VerifyChannelConfigurationResponse,
} from "./gen/clarion/v1/channel_configuration_service_pb.js";
import { fullName } from "./names.js";
import { Pager } from "./pager.js";
import { present } from "./present.js";
import { DeletableResources, type ListOptions } from "./resources.js";

const METHOD = ChannelConfigurationService.method;
const KEY_METHOD = ApiKeyService.method;

/** Writes and verifies channel configurations: `client.channels`. An update with an empty password keeps the stored one. */
export class Channels extends DeletableResources<typeof ChannelConfigurationSchema> {
  constructor(calls: Calls) {
    super(calls, ChannelConfigurationSchema, ChannelConfigurationService);
  }

  /** Tries every step of a hand-off with the provider. A failed step is part of the answer and throws no error. */
  async verify(name: string, options: CallOptions = {}): Promise<VerifyChannelConfigurationResponse> {
    const request = { name: this.fullName(name) };
    return this.calls.unary(METHOD.verifyChannelConfiguration, request, { ...options, repeatable: true });
  }
}

/** Creates, lists and revokes API keys: `client.keys`. */
export class Keys {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /**
   * Creates a key. Its secret is in the answer and cannot be shown again. Default sandbox: the caller's. The key sees what has no access
   * label but `accessLabels`.
   */
  async create(
    displayName: string,
    scopes: readonly ApiKey_Scope[],
    {
      sandbox = "",
      accessLabels = [],
      ...options
    }: CallOptions & { readonly sandbox?: string; readonly accessLabels?: readonly string[] } = {},
  ): Promise<CreateApiKeyResponse> {
    const request = { apiKey: { displayName, scopes: [...scopes], sandbox, accessLabels: [...accessLabels] } };
    return this.#calls.unary(KEY_METHOD.createApiKey, request, { ...options, repeatable: false });
  }

  /** Lists the keys of the sandbox, oldest first, revoked ones included. */
  list(
    { pageSize = 0, ...options }: ListOptions = {},
  ): Pager<MessageShape<typeof ListApiKeysResponseSchema>, ApiKey> {
    return new Pager(
      (pageToken) =>
        this.#calls.unary(KEY_METHOD.listApiKeys, { pageSize, pageToken }, { ...options, repeatable: true }),
      (page) => page.apiKeys,
    );
  }

  async revoke(name: string, options: CallOptions = {}): Promise<ApiKey> {
    const request = { name: fullName("apiKeys", name) };
    return present((await this.#calls.unary(KEY_METHOD.revokeApiKey, request, { ...options, repeatable: true })).apiKey);
  }
}
