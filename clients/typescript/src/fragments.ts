/** The methods of `client.fragments`. */

import type { MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { CallOptions, Calls } from "./calls.js";
import type { ChangeOptions, WriteOptions } from "./campaigns.js";
import type { Fragment, FragmentSchema, FragmentUse, FragmentVersion } from "./gen/clarion/v1/fragment_pb.js";
import {
  FragmentService,
  type ListFragmentsResponseSchema,
  type ListFragmentUsesResponseSchema,
  type ListFragmentVersionsResponseSchema,
  type PublishFragmentResponse,
  type RepinFragmentResponse,
} from "./gen/clarion/v1/fragment_service_pb.js";
import { fullName } from "./names.js";
import { Pager } from "./pager.js";
import { present } from "./present.js";

const COLLECTION = "fragments";
const METHOD = FragmentService.method;

/** Writes and publishes fragments, which are content that campaigns share: `client.fragments`. */
export class Fragments {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  async create(
    fragment: MessageInitShape<typeof FragmentSchema>,
    { validateOnly = false, ...options }: WriteOptions = {},
  ): Promise<Fragment> {
    const name = fullName(COLLECTION, fragment.name ?? "");
    const request = { fragmentId: name.slice(COLLECTION.length + 1), fragment, validateOnly };
    const call = { ...options, repeatable: validateOnly };
    return present((await this.#calls.unary(METHOD.createFragment, request, call)).fragment);
  }

  async get(name: string, options: CallOptions = {}): Promise<Fragment> {
    const request = { name: fullName(COLLECTION, name) };
    return present((await this.#calls.unary(METHOD.getFragment, request, { ...options, repeatable: true })).fragment);
  }

  /** Lists fragments by name, those that are archived only when asked for. */
  list(
    {
      pageSize = 0,
      showArchived = false,
      ...options
    }: CallOptions & { readonly pageSize?: number; readonly showArchived?: boolean } = {},
  ): Pager<MessageShape<typeof ListFragmentsResponseSchema>, Fragment> {
    return new Pager(
      (pageToken) =>
        this.#calls.unary(METHOD.listFragments, { pageSize, pageToken, showArchived }, { ...options, repeatable: true }),
      (page) => page.fragments,
    );
  }

  /** Changes its draft to these values: all of them, or the top-level `fields` named. */
  async update(
    fragment: MessageInitShape<typeof FragmentSchema>,
    { fields = ["*"], validateOnly = false, ...options }: WriteOptions & { readonly fields?: readonly string[] } = {},
  ): Promise<Fragment> {
    const request = { fragment, updateMask: { paths: [...fields] }, validateOnly };
    const call = { ...options, repeatable: validateOnly };
    return present((await this.#calls.unary(METHOD.updateFragment, request, call)).fragment);
  }

  /** Deletes a fragment that nothing has. */
  async delete(name: string, { etag = "", ...options }: ChangeOptions = {}): Promise<void> {
    const request = { name: fullName(COLLECTION, name), etag };
    await this.#calls.unary(METHOD.deleteFragment, request, { ...options, repeatable: false });
  }

  /** Takes a fragment out of use that nothing uses. */
  async archive(name: string, { etag = "", ...options }: ChangeOptions = {}): Promise<Fragment> {
    const request = { name: fullName(COLLECTION, name), etag };
    return present((await this.#calls.unary(METHOD.archiveFragment, request, { ...options, repeatable: !etag })).fragment);
  }

  /** Takes an archived fragment into use again. */
  async unarchive(name: string, { etag = "", ...options }: ChangeOptions = {}): Promise<Fragment> {
    const request = { name: fullName(COLLECTION, name), etag };
    const call = { ...options, repeatable: !etag };
    return present((await this.#calls.unary(METHOD.unarchiveFragment, request, call)).fragment);
  }

  /** Makes a version of the draft, which campaigns take that are activated from then on. What is live stays as it is. */
  async publish(
    name: string,
    { etag = "", validateOnly = false, ...options }: ChangeOptions & WriteOptions = {},
  ): Promise<PublishFragmentResponse> {
    const request = { name: fullName(COLLECTION, name), etag, validateOnly };
    // A fragment without changes is not published again.
    return this.#calls.unary(METHOD.publishFragment, request, { ...options, repeatable: !etag });
  }

  /** Lists the versions of a fragment, the newest first. */
  versions(
    name: string,
    { pageSize = 0, ...options }: CallOptions & { readonly pageSize?: number } = {},
  ): Pager<MessageShape<typeof ListFragmentVersionsResponseSchema>, FragmentVersion> {
    const request = { fragment: fullName(COLLECTION, name), pageSize };
    return new Pager(
      (pageToken) =>
        this.#calls.unary(METHOD.listFragmentVersions, { ...request, pageToken }, { ...options, repeatable: true }),
      (page) => page.fragmentVersions,
    );
  }

  /** Lists what names a fragment: drafts and versions of campaigns, and of other fragments. */
  uses(
    name: string,
    { pageSize = 0, ...options }: CallOptions & { readonly pageSize?: number } = {},
  ): Pager<MessageShape<typeof ListFragmentUsesResponseSchema>, FragmentUse> {
    const request = { fragment: fullName(COLLECTION, name), pageSize };
    return new Pager(
      (pageToken) =>
        this.#calls.unary(METHOD.listFragmentUses, { ...request, pageToken }, { ...options, repeatable: true }),
      (page) => page.fragmentUses,
    );
  }

  /**
   * Rolls a version out to up to 100 campaigns that are live, and says what became of each; the newest version unless another one
   * is given. A campaign goes back when its earlier version is activated.
   */
  async repin(
    name: string,
    campaigns: readonly string[],
    { toVersion = 0, validateOnly = false, ...options }: WriteOptions & { readonly toVersion?: number } = {},
  ): Promise<RepinFragmentResponse> {
    const request = {
      fragment: fullName(COLLECTION, name),
      toVersion,
      campaigns: campaigns.map((campaign) => fullName("campaigns", campaign)),
      validateOnly,
    };
    // A campaign that has the version is left as it is.
    return this.#calls.unary(METHOD.repinFragment, request, { ...options, repeatable: true });
  }
}
