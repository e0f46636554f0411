/** Defines the errors of calls, with everything that the service said about them. */

import { Code, ConnectError } from "@connectrpc/connect";
import {
  BadRequestSchema,
  type BadRequest_FieldViolation,
  ErrorInfoSchema,
  PreconditionFailureSchema,
  type PreconditionFailure_Violation,
  RetryInfoSchema,
} from "./gen/google/rpc/error_details_pb.js";

const DOMAIN = "clarion.dev";

/** A message is for people; programs read `violations`. */
const MOST_LISTED = 10;

/** Holds the details of an error beside its code and message. */
export interface ErrorDetails {
  /** Is an `ErrorReason`, and empty when no Clarion service answered, as without a connection or behind a proxy. */
  readonly reason: string;
  /** Holds the data that `ErrorReason` documents for the reason, such as `resource` and `state`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Lists every rule that the request breaks; of more than about a hundred, the first. */
  readonly violations: readonly BadRequest_FieldViolation[];
  /** Lists the findings of the review that kept a campaign from being activated. */
  readonly findings: readonly PreconditionFailure_Violation[];
  /** Is how many milliseconds to wait before the next try, when the service asks for it. */
  readonly retryAfterMs: number | undefined;
  /** Names the call in the service's log. A trigger without a `requestId` of its own was sent under this one. */
  readonly requestId: string;
}

/** A call failed. Match on the class, `code` or `reason`, never on the message. */
export class ClarionError extends Error implements ErrorDetails {
  readonly code: Code;
  readonly reason: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly violations: readonly BadRequest_FieldViolation[];
  readonly findings: readonly PreconditionFailure_Violation[];
  readonly retryAfterMs: number | undefined;
  readonly requestId: string;

  constructor(code: Code, message: string, details: ErrorDetails, cause?: unknown) {
    super(described(code, message, details), { cause });
    this.name = new.target.name;
    this.code = code;
    this.reason = details.reason;
    this.metadata = details.metadata;
    this.violations = details.violations;
    this.findings = details.findings;
    this.retryAfterMs = details.retryAfterMs;
    this.requestId = details.requestId;
  }
}

/** The request breaks rules; `violations` lists where. */
export class InvalidRequestError extends ClarionError {}
/** The API key is missing, unknown or revoked. */
export class UnauthenticatedError extends ClarionError {}
/** The API key does not allow the call. */
export class PermissionDeniedError extends ClarionError {}
/** The resource does not exist. */
export class NotFoundError extends ClarionError {}
/** The name is taken, or another request was sent under the same request id. */
export class AlreadyExistsError extends ClarionError {}
/** Somebody else changed the resource since it was read. Read it again and decide anew. */
export class ConflictError extends ClarionError {}
/** The state does not allow the call: a campaign is not live, or its review found errors (`findings`). */
export class PreconditionFailedError extends ClarionError {}
/** The service has too much to do. It did nothing. */
export class OverloadedError extends ClarionError {}
/** The service did not answer. A write may have been done or not: repeat it under the same request id. */
export class UnavailableError extends ClarionError {}
/** The service did not answer in time. A write may have been done or not. */
export class DeadlineExceededError extends ClarionError {}
/** The server at the target does not speak gRPC. Waiting does not help. */
export class WrongTargetError extends ClarionError {}

const CLASSES: ReadonlyMap<Code, typeof ClarionError> = new Map([
  [Code.InvalidArgument, InvalidRequestError],
  [Code.Unauthenticated, UnauthenticatedError],
  [Code.PermissionDenied, PermissionDeniedError],
  [Code.NotFound, NotFoundError],
  [Code.AlreadyExists, AlreadyExistsError],
  [Code.Aborted, ConflictError],
  [Code.FailedPrecondition, PreconditionFailedError],
  [Code.ResourceExhausted, OverloadedError],
  [Code.Unavailable, UnavailableError],
  [Code.DeadlineExceeded, DeadlineExceededError],
]);

const GRPC_PORT = "The target must be the port for gRPC, not the one for HTTP.";
const IN_THE_CLEAR = `The server there does not speak gRPC without TLS. ${GRPC_PORT} If it is, turn TLS on.`;
const WITH_TLS = `The server there does not speak gRPC with TLS. ${GRPC_PORT} If it is, turn TLS off.`;

/** Maps the codes of Node.js's errors when a server answers in another protocol, and what callers read instead. */
const OTHER_PROTOCOLS: ReadonlyMap<unknown, string> = new Map([
  ["ERR_HTTP2_ERROR", IN_THE_CLEAR],
  ["ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL", WITH_TLS],
  ["ERR_SSL_WRONG_VERSION_NUMBER", WITH_TLS],
]);

/**
 * Lists the codes of Node.js's errors when there was no connection, or none any more. Connect knows most of them as faults of
 * its own or of the call, after which nobody would try again.
 */
const NO_CONNECTION: ReadonlySet<unknown> = new Set([
  "ECONNABORTED",
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTDOWN",
  "EHOSTUNREACH",
  "ENETDOWN",
  "ENETUNREACH",
  "EPIPE",
  "ETIMEDOUT",
  "ERR_HTTP2_GOAWAY_SESSION",
  "ERR_HTTP2_INVALID_SESSION",
  "ERR_HTTP2_INVALID_STREAM",
  "ERR_HTTP2_SESSION_ERROR",
  "ERR_HTTP2_STREAM_CANCEL",
  "ERR_STREAM_DESTROYED",
  "ERR_STREAM_PREMATURE_CLOSE",
  "ERR_STREAM_WRITE_AFTER_END",
]);
/** Is how Connect tells of a call that ended with its connection, and of one that the server had not begun. */
const ENDED_BY_THE_PEER = /^http\/2 stream closed with error code CANCEL|NGHTTP2_REFUSED_STREAM$/;

/** Returns the error that a failed call ended with. */
export function errorOf(failure: unknown, requestId: string): ClarionError {
  const error = ConnectError.from(failure);
  const details = detailsOf(error, requestId);
  const cause = (error.cause as NodeJS.ErrnoException | undefined)?.code;
  const message = OTHER_PROTOCOLS.get(cause);
  if (message) return new WrongTargetError(error.code, message, details, error);
  if (NO_CONNECTION.has(cause) || ENDED_BY_THE_PEER.test(error.rawMessage)) {
    const told = error.code === Code.Unavailable ? error.rawMessage : `The connection was lost: ${error.rawMessage}.`;
    return new UnavailableError(Code.Unavailable, told, details, error);
  }
  const errorClass = CLASSES.get(error.code) ?? ClarionError;
  return new errorClass(error.code, error.rawMessage, details, error);
}

/** Returns the error for a stream that the service ended before the caller did. */
export function endedStream(requestId: string): ClarionError {
  return errorOf(new ConnectError("The service ended the stream.", Code.Unavailable), requestId);
}

function detailsOf(error: ConnectError, requestId: string): ErrorDetails {
  const info = error.findDetails(ErrorInfoSchema).find((each) => each.domain === DOMAIN);
  const delay = error.findDetails(RetryInfoSchema)[0]?.retryDelay;
  return {
    reason: info?.reason ?? "",
    metadata: info?.metadata ?? {},
    violations: error.findDetails(BadRequestSchema).flatMap((each) => each.fieldViolations),
    findings: error.findDetails(PreconditionFailureSchema).flatMap((each) => each.violations),
    retryAfterMs: delay && Number(delay.seconds) * 1000 + delay.nanos / 1e6,
    // The service gives its own request id when its log explains the failure.
    requestId: (info?.reason === "INTERNAL" ? info.metadata["request_id"] : undefined) ?? requestId,
  };
}

function described(code: Code, message: string, details: ErrorDetails): string {
  const problems = [
    ...details.violations.map((each) => `  ${each.field}: ${each.description}`),
    ...details.findings.map((each) => `  ${each.subject}: ${each.description} (${each.type})`),
  ];
  const left = problems.length - MOST_LISTED;
  const listed = left > 0 ? [...problems.slice(0, MOST_LISTED), `  ... and ${left} more`] : problems;
  return [`${details.reason || Code[code]}: ${message}`, ...listed].join("\n");
}
