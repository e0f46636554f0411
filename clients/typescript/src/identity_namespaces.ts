/** The methods of `client.identityNamespaces`. */

import type { MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { CallOptions, Calls } from "./calls.js";
import type { ChangeOptions } from "./campaigns.js";
import type { IdentityNamespace, IdentityNamespaceSchema } from "./gen/clarion/v1/identity_namespace_pb.js";
import { type ListIdentityNamespacesResponseSchema, IdentityNamespaceService } from "./gen/clarion/v1/identity_namespace_service_pb.js";
import { fullName } from "./names.js";
import { Pager } from "./pager.js";
import { present } from "./present.js";

const COLLECTION = "identityNamespaces";
const METHOD = IdentityNamespaceService.method;

/** Writes namespaces of identities, which say when two identities are the same: `client.identityNamespaces`. */
export class IdentityNamespaces {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  async create(
    identityNamespace: MessageInitShape<typeof IdentityNamespaceSchema>,
    options: CallOptions = {},
  ): Promise<IdentityNamespace> {
    const name = fullName(COLLECTION, identityNamespace.name ?? "");
    const request = { identityNamespaceId: name.slice(COLLECTION.length + 1), identityNamespace };
    return present((await this.#calls.unary(METHOD.createIdentityNamespace, request, { ...options, repeatable: false })).identityNamespace);
  }

  async get(name: string, options: CallOptions = {}): Promise<IdentityNamespace> {
    const request = { name: fullName(COLLECTION, name) };
    return present((await this.#calls.unary(METHOD.getIdentityNamespace, request, { ...options, repeatable: true })).identityNamespace);
  }

  /** Lists namespaces by name, those that are built in among them. */
  list({ pageSize = 0, ...options }: CallOptions & { readonly pageSize?: number } = {}): Pager<MessageShape<typeof ListIdentityNamespacesResponseSchema>, IdentityNamespace> {
    return new Pager(
      (pageToken) =>
        this.#calls.unary(METHOD.listIdentityNamespaces, { pageSize, pageToken }, { ...options, repeatable: true }),
      (page) => page.identityNamespaces,
    );
  }

  /** Changes its display name. */
  async update(
    identityNamespace: MessageInitShape<typeof IdentityNamespaceSchema>,
    { fields = ["*"], ...options }: CallOptions & { readonly fields?: readonly string[] } = {},
  ): Promise<IdentityNamespace> {
    const request = { identityNamespace, updateMask: { paths: [...fields] } };
    return present((await this.#calls.unary(METHOD.updateIdentityNamespace, request, { ...options, repeatable: false })).identityNamespace);
  }

  /** Deletes a namespace that nothing uses. */
  async delete(name: string, { etag = "", ...options }: ChangeOptions = {}): Promise<void> {
    const request = { name: fullName(COLLECTION, name), etag };
    await this.#calls.unary(METHOD.deleteIdentityNamespace, request, { ...options, repeatable: false });
  }
}
