/** The methods of `client.channels` and `client.keys`. */

import type { MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { CallOptions, Calls } from "./calls.js";
import type { ChangeOptions, WriteOptions } from "./campaigns.js";
import type { ApiKey, ApiKey_Scope } from "./gen/clarion/v1/api_key_pb.js";
import { ApiKeyService, type CreateApiKeyResponse, type ListApiKeysResponseSchema } from "./gen/clarion/v1/api_key_service_pb.js";
import type { ChannelConfiguration, ChannelConfigurationSchema } from "./gen/clarion/v1/channel_configuration_pb.js";
import {
  ChannelConfigurationService,
  type ListChannelConfigurationsResponseSchema,
  type VerifyChannelConfigurationResponse,
} from "./gen/clarion/v1/channel_configuration_service_pb.js";
import { fullName } from "./names.js";
import { Pager } from "./pager.js";
import { present } from "./present.js";

const COLLECTION = "channelConfigurations";
const METHOD = ChannelConfigurationService.method;
const KEY_METHOD = ApiKeyService.method;

/** Writes and verifies channel configurations: `client.channels`. */
export class Channels {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  async create(
    channelConfiguration: MessageInitShape<typeof ChannelConfigurationSchema>,
    { validateOnly = false, ...options }: WriteOptions = {},
  ): Promise<ChannelConfiguration> {
    const name = fullName(COLLECTION, channelConfiguration.name ?? "");
    const request = { channelConfigurationId: name.slice(COLLECTION.length + 1), channelConfiguration, validateOnly };
    const answer = await this.#calls.unary(METHOD.createChannelConfiguration, request, {
      ...options,
      repeatable: validateOnly,
    });
    return present(answer.channelConfiguration);
  }

  async get(name: string, options: CallOptions = {}): Promise<ChannelConfiguration> {
    const request = { name: fullName(COLLECTION, name) };
    const answer = await this.#calls.unary(METHOD.getChannelConfiguration, request, { ...options, repeatable: true });
    return present(answer.channelConfiguration);
  }

  /** Lists channel configurations by name. */
  list(
    { pageSize = 0, ...options }: CallOptions & { readonly pageSize?: number } = {},
  ): Pager<MessageShape<typeof ListChannelConfigurationsResponseSchema>, ChannelConfiguration> {
    return new Pager(
      (pageToken) =>
        this.#calls.unary(METHOD.listChannelConfigurations, { pageSize, pageToken }, { ...options, repeatable: true }),
      (page) => page.channelConfigurations,
    );
  }

  /** Changes it to these values: all of them, or the top-level `fields` named. An empty password keeps the stored one. */
  async update(
    channelConfiguration: MessageInitShape<typeof ChannelConfigurationSchema>,
    { fields = ["*"], validateOnly = false, ...options }: WriteOptions & { readonly fields?: readonly string[] } = {},
  ): Promise<ChannelConfiguration> {
    const request = { channelConfiguration, updateMask: { paths: [...fields] }, validateOnly };
    const answer = await this.#calls.unary(METHOD.updateChannelConfiguration, request, {
      ...options,
      repeatable: validateOnly,
    });
    return present(answer.channelConfiguration);
  }

  /** Deletes a channel configuration that no campaign uses and no message waits for. */
  async delete(name: string, { etag = "", ...options }: ChangeOptions = {}): Promise<void> {
    const request = { name: fullName(COLLECTION, name), etag };
    await this.#calls.unary(METHOD.deleteChannelConfiguration, request, { ...options, repeatable: false });
  }

  /** Tries every step of a hand-off with the provider. A failed step is part of the answer and throws no error. */
  async verify(name: string, options: CallOptions = {}): Promise<VerifyChannelConfigurationResponse> {
    const request = { name: fullName(COLLECTION, name) };
    return this.#calls.unary(METHOD.verifyChannelConfiguration, request, { ...options, repeatable: true });
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
    { pageSize = 0, ...options }: CallOptions & { readonly pageSize?: number } = {},
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
