/** Defines the methods of `client.fragments`. */

import type { MessageShape } from "@bufbuild/protobuf";
import type { Calls } from "./calls.js";
import { FragmentSchema, type FragmentUse, type FragmentVersion } from "./gen/clarion/v1/fragment_pb.js";
import {
  FragmentService,
  type ListFragmentUsesResponseSchema,
  type ListFragmentVersionsResponseSchema,
  type PublishFragmentResponse,
} from "./gen/clarion/v1/fragment_service_pb.js";
import type { RepinFragmentResponse } from "./gen/clarion/v1/fragment_repin_pb.js";
import { fullName } from "./names.js";
import { Pager } from "./pager.js";
import {
  ArchivableResources,
  type BypassOptions,
  type ChangeOptions,
  type ListOptions,
  type WriteOptions,
} from "./resources.js";

const METHOD = FragmentService.method;

/** Writes and publishes fragments, which are content that campaigns share: `client.fragments`. */
export class Fragments extends ArchivableResources<typeof FragmentSchema> {
  constructor(calls: Calls) {
    super(calls, FragmentSchema, FragmentService);
  }

  /** Deletes a fragment that nothing has. */
  async delete(name: string, { etag = "", ...options }: ChangeOptions = {}): Promise<void> {
    await this.call("Delete", { name: this.fullName(name), etag }, { ...options, repeatable: false });
  }

  /** Makes a version of the draft, which campaigns take that are activated from then on. What is live stays as it is. */
  async publish(
    name: string,
    { etag = "", validateOnly = false, bypassReason = "", ...options }: ChangeOptions & WriteOptions & BypassOptions = {},
  ): Promise<PublishFragmentResponse> {
    const request = { name: this.fullName(name), etag, validateOnly, bypassReason };
    // A fragment without changes is not published again.
    return this.calls.unary(METHOD.publishFragment, request, { ...options, repeatable: !etag });
  }

  /** Lists the versions of a fragment, the newest first. */
  versions(
    name: string,
    { pageSize = 0, ...options }: ListOptions = {},
  ): Pager<MessageShape<typeof ListFragmentVersionsResponseSchema>, FragmentVersion> {
    const request = { fragment: this.fullName(name), pageSize };
    return new Pager(
      (pageToken) =>
        this.calls.unary(METHOD.listFragmentVersions, { ...request, pageToken }, { ...options, repeatable: true }),
      (page) => page.fragmentVersions,
    );
  }

  /** Lists what names a fragment: drafts and versions of campaigns, and of other fragments. */
  uses(
    name: string,
    { pageSize = 0, ...options }: ListOptions = {},
  ): Pager<MessageShape<typeof ListFragmentUsesResponseSchema>, FragmentUse> {
    const request = { fragment: this.fullName(name), pageSize };
    return new Pager(
      (pageToken) =>
        this.calls.unary(METHOD.listFragmentUses, { ...request, pageToken }, { ...options, repeatable: true }),
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
    {
      toVersion = 0,
      validateOnly = false,
      bypassReason = "",
      ...options
    }: WriteOptions & BypassOptions & { readonly toVersion?: number } = {},
  ): Promise<RepinFragmentResponse> {
    const request = {
      fragment: this.fullName(name),
      toVersion,
      campaigns: campaigns.map((campaign) => fullName("campaigns", campaign)),
      validateOnly,
      bypassReason,
    };
    // A campaign that has the version is left as it is.
    return this.calls.unary(METHOD.repinFragment, request, { ...options, repeatable: true });
  }
}
