/** Defines the methods of `client.campaigns`. */

import type { MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { CallOptions, Calls } from "./calls.js";
import { type Campaign, CampaignSchema } from "./gen/clarion/v1/campaign_pb.js";
import type { PreviewCampaignResponse } from "./gen/clarion/v1/campaign_preview_pb.js";
import type { CampaignDifference } from "./gen/clarion/v1/campaign_difference_pb.js";
import type {
  ActivateCampaignResponse,
  ReviewCampaignResponse,
  StopCampaignRequest_QueueDisposal,
  StopCampaignResponse,
} from "./gen/clarion/v1/campaign_life_cycle_pb.js";
import type { ListCampaignsRequestSchema, ListTagsResponseSchema, TagUse } from "./gen/clarion/v1/campaign_list_pb.js";
import { CampaignService } from "./gen/clarion/v1/campaign_service_pb.js";
import type { CampaignVersion, ListCampaignVersionsResponseSchema } from "./gen/clarion/v1/campaign_version_pb.js";
import type { GetTriggerSampleResponse } from "./gen/clarion/v1/trigger_sample_pb.js";
import { jsonObject } from "./json.js";
import { fullIdentity } from "./names.js";
import { Pager } from "./pager.js";
import { present } from "./present.js";
import {
  type BypassOptions,
  type ChangeOptions,
  DeletableResources,
  type ListOptions,
  type ResourcePage,
} from "./resources.js";

const METHOD = CampaignService.method;

export interface PreviewOptions extends CallOptions {
  readonly context?: object | undefined;
  readonly profile?: object | undefined;
  readonly locale?: string | undefined;
  readonly identity?: string | undefined;
  /** Default: the draft. */
  readonly version?: number | undefined;
  /** Is the id of the action to render. Default: the first. */
  readonly action?: string | undefined;
  /** Is the id of the rule whose content to render. Default: the first one that is true. */
  readonly rule?: string | undefined;
}

/** Writes, reviews and runs campaigns: `client.campaigns`. Names may be short (`order-confirmed`) or full. */
export class Campaigns extends DeletableResources<typeof CampaignSchema> {
  constructor(calls: Calls) {
    super(calls, CampaignSchema, CampaignService);
  }

  /** Lists campaigns that match every filter given; the values of one filter are alternatives. */
  override list(
    filter: MessageInitShape<typeof ListCampaignsRequestSchema> = {},
    options: CallOptions = {},
  ): Pager<ResourcePage, Campaign> {
    return this.paged({ ...filter }, options);
  }

  /** Lists the tags of campaigns that are not archived. */
  tags(
    { pageSize = 0, ...options }: ListOptions = {},
  ): Pager<MessageShape<typeof ListTagsResponseSchema>, TagUse> {
    return new Pager(
      (pageToken) => this.calls.unary(METHOD.listTags, { pageSize, pageToken }, again(options)),
      (page) => page.tags,
    );
  }

  /** Makes a new draft, named `copy`, of the campaign's draft or of a `version`, with the same tags. */
  async duplicate(
    name: string,
    copy: string,
    {
      version = 0,
      displayName = "",
      ...options
    }: CallOptions & { readonly version?: number; readonly displayName?: string } = {},
  ): Promise<Campaign> {
    const request = { name: this.fullName(name), campaignId: this.fullName(copy).slice("campaigns/".length), version, displayName };
    return present((await this.calls.unary(METHOD.duplicateCampaign, request, once(options))).campaign);
  }

  /** Lists the versions of a campaign, newest first. */
  versions(
    name: string,
    { pageSize = 0, ...options }: ListOptions = {},
  ): Pager<MessageShape<typeof ListCampaignVersionsResponseSchema>, CampaignVersion> {
    const request = { campaign: this.fullName(name), pageSize };
    return new Pager(
      (pageToken) => this.calls.unary(METHOD.listCampaignVersions, { ...request, pageToken }, again(options)),
      (page) => page.versions,
    );
  }

  /** Returns one version of a campaign. */
  async version(name: string, number: number, options: CallOptions = {}): Promise<CampaignVersion> {
    const request = { campaign: this.fullName(name), version: number };
    return present((await this.calls.unary(METHOD.getCampaignVersion, request, again(options))).version);
  }

  /**
   * Tells how a `version` (by default the draft) differs from an earlier one (by default the live one). With `renderTestCases` it also
   * tells which cells of the test cases come out differently, which takes a while.
   */
  async diff(
    name: string,
    {
      baseVersion = 0,
      version = 0,
      renderTestCases = false,
      ...options
    }: CallOptions & {
      readonly baseVersion?: number;
      readonly version?: number;
      readonly renderTestCases?: boolean;
    } = {},
  ): Promise<CampaignDifference> {
    const request = { campaign: this.fullName(name), baseVersion, version, renderTestCases };
    return present((await this.calls.unary(METHOD.diffCampaignVersions, request, again(options))).difference);
  }

  /** Runs every check on the draft, and changes nothing. `strict` makes `SCHEMA_BREAKING` an error. */
  async review(
    name: string,
    { strict = false, ...options }: CallOptions & { readonly strict?: boolean } = {},
  ): Promise<ReviewCampaignResponse> {
    return this.calls.unary(METHOD.reviewCampaign, { name: this.fullName(name), strict }, again(options));
  }

  /** Makes the draft live, or an earlier `version` again. Review errors throw PreconditionFailedError with `findings`. */
  async activate(
    name: string,
    {
      version = 0,
      etag = "",
      strict = false,
      bypassReason = "",
      ...options
    }: ChangeOptions & BypassOptions & { readonly version?: number; readonly strict?: boolean } = {},
  ): Promise<ActivateCampaignResponse> {
    const request = { name: this.fullName(name), version, etag, strict, bypassReason };
    return this.calls.unary(METHOD.activateCampaign, request, once(options));
  }

  /** Refuses new triggers and keeps what was accepted in the queue. */
  async pause(name: string, options: ChangeOptions = {}): Promise<Campaign> {
    return this.#moved("Pause", name, options);
  }

  /** Accepts triggers again and releases the queue. */
  async resume(name: string, options: ChangeOptions = {}): Promise<Campaign> {
    return this.#moved("Resume", name, options);
  }

  /** Refuses triggers for good, and sends (DRAIN) or cancels (CANCEL) what is queued. */
  async stop(
    name: string,
    queueDisposal: StopCampaignRequest_QueueDisposal,
    { etag = "", ...options }: ChangeOptions = {},
  ): Promise<StopCampaignResponse> {
    return this.calls.unary(METHOD.stopCampaign, { name: this.fullName(name), queueDisposal, etag }, once(options));
  }

  /** Puts aside a draft, or a campaign that has ended: lists leave it out unless they ask for it. */
  async archive(name: string, options: ChangeOptions = {}): Promise<Campaign> {
    return this.#moved("Archive", name, options);
  }

  /** Brings an archived campaign back into the state in which it was archived. */
  async unarchive(name: string, options: ChangeOptions = {}): Promise<Campaign> {
    return this.#moved("Unarchive", name, options);
  }

  /** Renders an `action` (by default the first) of the draft, or of a `version`, for this data and sends nothing. */
  async preview(name: string, options: PreviewOptions = {}): Promise<PreviewCampaignResponse> {
    const { context, profile, locale = "", identity = "", version = 0, action = "", rule = "", ...rest } = options;
    const request = {
      name: this.fullName(name),
      version,
      action,
      rule,
      locale,
      identity: fullIdentity(identity),
      ...(context && { context: jsonObject(context, "context") }),
      ...(profile && { profile: jsonObject(profile, "profile") }),
    };
    return this.calls.unary(METHOD.previewCampaign, request, again(rest));
  }

  /** Returns calls that trigger the live version at this client's target, ready to paste. */
  async sample(
    name: string,
    { baseUrl = "", ...options }: CallOptions & { readonly baseUrl?: string } = {},
  ): Promise<GetTriggerSampleResponse> {
    const request = { name: this.fullName(name), target: this.calls.settings.target, baseUrl };
    return this.calls.unary(METHOD.getTriggerSample, request, again(options));
  }

  async #moved(verb: string, name: string, { etag = "", ...options }: ChangeOptions): Promise<Campaign> {
    return this.changed(verb, { name: this.fullName(name), etag }, once(options));
  }
}

function again(options: CallOptions) {
  return { ...options, repeatable: true };
}

function once(options: CallOptions) {
  return { ...options, repeatable: false };
}
