/** Reads the settings of a client: where the service is, and how to reach it. */

import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { SecureClientSessionOptions } from "node:http2";
import type { Retry } from "./retry.js";

export const DEFAULT_TARGET = "127.0.0.1:50051";
export const DEFAULT_TIMEOUT_MS = 10_000;

export interface ClientOptions {
  /** Is the key to call with. */
  readonly apiKey?: string | undefined;
  /** Default: encrypt unless the service is on this machine, because calls carry the key and personal data. */
  readonly tls?: boolean | undefined;
  /** Is the path of a PEM file with the certificate authorities that replace those of Node.js. */
  readonly caCertificates?: string | undefined;
  /** Limits a call and all its tries, in milliseconds, unless the call gives its own. Default: 10,000. */
  readonly timeoutMs?: number | undefined;
  /** Sets the delays between tries after transient failures; null makes each call once. */
  readonly retry?: Retry | null | undefined;
}

export class Settings {
  readonly target: string;
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
  readonly nodeOptions: SecureClientSessionOptions;
  readonly timeoutMs: number;
  readonly retry: Retry | null;

  /** Throws TypeError for settings with which no service can be reached. */
  constructor(target: string, options: ClientOptions) {
    const { apiKey, tls, caCertificates, timeoutMs = DEFAULT_TIMEOUT_MS, retry = {} } = options;
    if (!(timeoutMs > 0)) throw new TypeError(`timeoutMs is ${timeoutMs}, not a number of milliseconds above 0`);
    if (tls === false && caCertificates) throw new TypeError("caCertificates are for TLS, which tls: false turns off");
    if (apiKey && !/^[\x20-\x7e]+$/.test(apiKey)) {
      throw new TypeError("apiKey holds characters that no API key has, such as a line break");
    }
    const host = hostOf(target);
    const encrypted = tls ?? (Boolean(caCertificates) || !isLocal(host));
    this.target = target;
    this.baseUrl = `${encrypted ? "https" : "http"}://${target}`;
    this.apiKey = apiKey;
    this.nodeOptions = caCertificates ? { ca: certificatesOf(caCertificates) } : {};
    this.timeoutMs = timeoutMs;
    this.retry = retry;
  }

  headers(requestId: string): Record<string, string> {
    const call = { "x-request-id": requestId };
    return this.apiKey ? { ...call, authorization: `Bearer ${this.apiKey}` } : call;
  }
}

/** Returns the settings of `CLARION_TARGET`, `CLARION_API_KEY` and `CLARION_CA_CERTIFICATES` that are set. */
export function environmentSettings(environment: Record<string, string | undefined>): [string, ClientOptions] {
  const given = (name: string) => environment[name]?.trim() || undefined;
  const options = { apiKey: given("CLARION_API_KEY"), caCertificates: given("CLARION_CA_CERTIFICATES") };
  return [given("CLARION_TARGET") ?? DEFAULT_TARGET, options];
}

const HOST_AND_PORT = /^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?$/;

/** Finds certificates, and the beginning of one whose end is missing. */
const CERTIFICATE = /-----BEGIN (TRUSTED )?CERTIFICATE-----[^-]*(-----END (TRUSTED )?CERTIFICATE-----)?/g;

/** Returns the certificates of a file in PEM. Node.js would ignore what is none, and then trust no server. */
function certificatesOf(path: string): string[] {
  const certificates = readFileSync(path, "latin1").match(CERTIFICATE);
  if (certificates?.every(isReadable)) return certificates;
  const advice = "give a file of certificates in PEM; this one has none, or a damaged one";
  throw new TypeError(`caCertificates is ${JSON.stringify(path)}: ${advice}`);
}

function isReadable(certificate: string): boolean {
  try {
    return Boolean(new X509Certificate(certificate));
  } catch {
    return false;
  }
}

function hostOf(target: string): string {
  const [, host, port = 0] = HOST_AND_PORT.exec(target) ?? [];
  if (!host || Number(port) > 65535) {
    const hint = target.includes("://") ? ", not a URL" : "";
    throw new TypeError(`target is ${JSON.stringify(target)}: give a host and a port${hint}, such as clarion.example:443`);
  }
  return host;
}

function isLocal(host: string): boolean {
  return host === "localhost" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host);
}
