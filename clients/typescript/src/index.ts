/** The TypeScript client of Clarion: sends API-triggered campaigns, and tells what became of every message. */

export { Client } from "./client.js";
export type { WordOptions } from "./approvals.js";
export type { CallOptions } from "./calls.js";
export type { UploadOptions } from "./attachments.js";
export type { PreviewOptions } from "./campaigns.js";
export * from "./errors.js";
export type { TestRunOptions } from "./test_cases.js";
export type { WatchOptions } from "./messages.js";
export type { ProofOptions } from "./proofs.js";
export { Pager } from "./pager.js";
export type { BypassOptions, ChangeOptions, ListOptions, UpdateOptions, WriteOptions } from "./resources.js";
export type { Retry } from "./retry.js";
export type { ClientOptions } from "./settings.js";
export type { SuppressionFilters } from "./suppressions.js";
export type { Addressed, Recipient, RecipientFile, TriggerAudienceOptions, TriggerOptions } from "./triggers.js";
export type { ExportOptions } from "./exports.js";
export type { ImportStreamOptions, Rows } from "./imports.js";
export { EventWatch } from "./watch.js";
// Every message and enum of the contract.
export * from "./gen/contract.js";
