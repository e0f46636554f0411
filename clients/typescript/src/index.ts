/** The TypeScript client of Clarion: sends API-triggered campaigns, and tells what became of every message. */

export { Client } from "./client.js";
export type { WordOptions } from "./approvals.js";
export type { CallOptions } from "./calls.js";
export type { UploadOptions } from "./attachments.js";
export type { ChangeOptions, PreviewOptions, WriteOptions } from "./campaigns.js";
export * from "./errors.js";
export type { AllowList } from "./gen/clarion/v1/allow_list_pb.js";
export { ApiKey_Scope } from "./gen/clarion/v1/api_key_pb.js";
export * from "./gen/clarion/v1/approval_pb.js";
export * from "./gen/clarion/v1/approval_policy_pb.js";
export type { Attachment } from "./gen/clarion/v1/attachment_pb.js";
export * from "./gen/clarion/v1/attempt_pb.js";
export * from "./gen/clarion/v1/audience_pb.js";
export type {
  CountAudienceResponse,
  SampleAudienceResponse,
  UploadIdentitiesResponse,
} from "./gen/clarion/v1/audience_service_pb.js";
export * from "./gen/clarion/v1/audience_run_pb.js";
export * from "./gen/clarion/v1/campaign_difference_pb.js";
export * from "./gen/clarion/v1/campaign_health_pb.js";
export * from "./gen/clarion/v1/campaign_pb.js";
export type { PreviewCampaignResponse } from "./gen/clarion/v1/campaign_preview_pb.js";
export { StopCampaignRequest_QueueDisposal } from "./gen/clarion/v1/campaign_life_cycle_pb.js";
export type { CampaignVersion } from "./gen/clarion/v1/campaign_version_pb.js";
export { Category } from "./gen/clarion/v1/category_pb.js";
export { Channel } from "./gen/clarion/v1/channel_pb.js";
export * from "./gen/clarion/v1/consent_pb.js";
export type { GetConsentsResponse, SetConsentsResponse } from "./gen/clarion/v1/consent_service_pb.js";
export * from "./gen/clarion/v1/email_content_pb.js";
export * from "./gen/clarion/v1/event_pb.js";
export * from "./gen/clarion/v1/fragment_pb.js";
export type { PublishFragmentResponse } from "./gen/clarion/v1/fragment_service_pb.js";
export * from "./gen/clarion/v1/message_pb.js";
export type { ProofResult } from "./gen/clarion/v1/proof_service_pb.js";
export { Silence } from "./gen/clarion/v1/silence_pb.js";
export type { Profile } from "./gen/clarion/v1/profile_pb.js";
export { type ExportedProfile, type ImportedProfile, ImportedProfile_Outcome } from "./gen/clarion/v1/profile_service_pb.js";
export { SmtpProvider_TlsMode } from "./gen/clarion/v1/smtp_provider_pb.js";
export * from "./gen/clarion/v1/suppression_pb.js";
export { type CheckSuppressionResponse, ImportedSuppression_Outcome } from "./gen/clarion/v1/suppression_service_pb.js";
export * from "./gen/clarion/v1/identity_namespace_pb.js";
export * from "./gen/clarion/v1/sending_policy_pb.js";
export * from "./gen/clarion/v1/targeting_pb.js";
export * from "./gen/clarion/v1/test_case_pb.js";
export * from "./gen/clarion/v1/test_run_pb.js";
export type { TestRunOptions } from "./test_cases.js";
export * from "./gen/clarion/v1/topic_pb.js";
export { TriggerSample_Tool } from "./gen/clarion/v1/trigger_sample_pb.js";
export {
  MessageResult_Outcome,
  RecipientResult_Outcome,
  type TriggerAudienceResponse,
  type TriggerResponse,
  TriggerService,
} from "./gen/clarion/v1/trigger_service_pb.js";
export * from "./gen/clarion/v1/webhook_content_pb.js";
export type { WatchOptions } from "./messages.js";
export type { ProofOptions } from "./proofs.js";
export { Pager } from "./pager.js";
export type { Retry } from "./retry.js";
export type { ClientOptions } from "./settings.js";
export type { SuppressionFilters } from "./suppressions.js";
export type { Addressed, Recipient, RecipientFile, TriggerAudienceOptions, TriggerOptions } from "./triggers.js";
export type { ExportOptions } from "./exports.js";
export type { ImportStreamOptions, Rows } from "./imports.js";
export { EventWatch } from "./watch.js";
