/** Defines the methods of `client.profiles`. */

import { randomUUID } from "node:crypto";
import { create, type MessageInitShape, type MessageShape, toBinary } from "@bufbuild/protobuf";
import type { CallOptions, Calls } from "./calls.js";
import { callsOf, type Weight } from "./calls_of_rows.js";
import { ConsentChangeSchema } from "./gen/clarion/v1/consent_pb.js";
import { type Profile, ProfileSchema } from "./gen/clarion/v1/profile_pb.js";
import { type ExportOptions, exported } from "./exports.js";
import {
  type DeleteProfileResponse,
  type ExportedProfile,
  type ExportProfilesResponse,
  type ImportedConsentsSchema,
  type ImportedProfile,
  type ListProfilesResponseSchema,
  ProfileService,
} from "./gen/clarion/v1/profile_service_pb.js";
import { ImportService } from "./gen/clarion/v1/import_service_pb.js";
import { type Batch, type ImportStreamOptions, imported, inBatches, type Rows } from "./imports.js";
import { fullIdentity, fullName, fullNameOrEmpty } from "./names.js";
import { Pager } from "./pager.js";
import { present } from "./present.js";
import type { ChangeOptions, ListOptions, WriteOptions } from "./resources.js";

const COLLECTION = "profiles";
const METHOD = ProfileService.method;

/** `consents` are choices of the people, each by the position of the profile. */
export interface ImportOptions extends CallOptions {
  readonly consents?: readonly MessageInitShape<typeof ImportedConsentsSchema>[] | undefined;
}

/** Says what an erasure leaves. */
export interface ErasureOptions {
  /**
   * Keeps marketing to the person's addresses suppressed, if it is true or if the person had denied anything. Default: if the service
   * has erasure keys.
   */
  readonly keepSuppression?: boolean | undefined;
}

type ProfileInit = MessageInitShape<typeof ProfileSchema>;
/** Is a profile alone, or with choices of the person. */
export type ProfileRow = ProfileInit | readonly [ProfileInit, readonly MessageInitShape<typeof ConsentChangeSchema>[]];

/**
 * Keeps what is known about people: `client.profiles`. Names may be short (`019a…`) or full, and an identity
 * `email:jane@example.com` may be the address alone.
 */
export class Profiles {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /** Creates a profile, whose name the service assigns. */
  async create(
    profile: MessageInitShape<typeof ProfileSchema>,
    { validateOnly = false, ...options }: WriteOptions = {},
  ): Promise<Profile> {
    const request = { profile: sent(profile), validateOnly };
    const answer = await this.#calls.unary(METHOD.createProfile, request, { ...options, repeatable: validateOnly });
    return present(answer.profile);
  }

  async get(name: string, options: CallOptions = {}): Promise<Profile> {
    const request = { name: fullName(COLLECTION, name) };
    return present((await this.#calls.unary(METHOD.getProfile, request, { ...options, repeatable: true })).profile);
  }

  /** Returns the profile that has the identity. Throws NotFoundError when there is none. */
  async lookup(identity: string, options: CallOptions = {}): Promise<Profile> {
    const request = { identity: fullIdentity(identity) };
    return present((await this.#calls.unary(METHOD.lookupProfile, request, { ...options, repeatable: true })).profile);
  }

  /** Lists profiles, oldest first. */
  list(
    { pageSize = 0, ...options }: ListOptions = {},
  ): Pager<MessageShape<typeof ListProfilesResponseSchema>, Profile> {
    return new Pager(
      (pageToken) => this.#calls.unary(METHOD.listProfiles, { pageSize, pageToken }, { ...options, repeatable: true }),
      (page) => page.profiles,
    );
  }

  /**
   * Changes the profile to these values: all of them, or the `fields` named, among which may be single attributes such as
   * `attributes.plan`; null as its value removes the attribute.
   */
  async update(
    profile: MessageInitShape<typeof ProfileSchema>,
    { fields = ["*"], validateOnly = false, ...options }: WriteOptions & { readonly fields?: readonly string[] } = {},
  ): Promise<Profile> {
    const named = { ...sent(profile), name: fullName(COLLECTION, profile.name ?? "") };
    const request = { profile: named, updateMask: { paths: [...fields] }, validateOnly };
    const answer = await this.#calls.unary(METHOD.updateProfile, request, { ...options, repeatable: validateOnly });
    return present(answer.profile);
  }

  /**
   * Creates or changes profiles, each by itself, and resolves to what became of each, in their order. What a profile does not give
   * stays as it is stored; null as the value of an attribute removes it. It may be repeated. Makes one call for every 1,000 of them,
   * and for fewer of those that have many choices or attributes. `timeoutMs` applies to each call.
   */
  async importAll(
    profiles: readonly ProfileInit[],
    { consents = [], ...options }: ImportOptions = {},
  ): Promise<ImportedProfile[]> {
    const rows = profiles.map((profile) => create(ProfileSchema, sent(profile)));
    const choices = choicesOf(consents, rows.length);
    const results: ImportedProfile[] = [];
    for (const [first, end] of callsOf(rows.map((row, index) => weightOf(row, choices.get(index))))) {
      const request = {
        profiles: rows.slice(first, end),
        consents: [...choices]
          .filter(([index]) => index >= first && index < end)
          .map(([index, changes]) => ({ profileIndex: index - first, changes })),
      };
      const answer = await this.#calls.unary(METHOD.importProfiles, request, { ...options, repeatable: true });
      results.push(...answer.results);
    }
    return results;
  }

  /**
   * Does what `importAll` does for any number of profiles, each alone or with choices of the person in a pair, and yields each
   * with what became of it, in their order. After a lost connection it goes on, and imports none of them twice.
   */
  async *importStream<P extends ProfileRow>(
    profiles: Rows<P>,
    { importId = randomUUID(), ...options }: ImportStreamOptions = {},
  ): AsyncGenerator<[P, ImportedProfile], void, undefined> {
    const requestOf = ({ position, rows }: Batch<P>) => ({
      importId,
      position: BigInt(position),
      profiles: rows.map((row) => sent(profileOf(row))),
      consents: rows.flatMap((row, profileIndex) => (isPair(row) ? [{ profileIndex, changes: [...row[1]] }] : [])),
    });
    const method = ImportService.method.importProfilesStream;
    const batches = inBatches(profiles, (row: P) => weightOf(create(ProfileSchema, sent(profileOf(row))), isPair(row) ? row[1] : []).bytes);
    for await (const [batch, answer] of imported(this.#calls, method, batches, requestOf, options))
      for (const [index, result] of answer.results.entries()) yield [present(batch.rows[index]), result];
  }

  /**
   * Yields all profiles with the current choices of their people, oldest first; or those behind the profile `after`. Each is as it
   * is when its turn comes. After a lost connection it goes on.
   */
  export({ after = "", ...options }: ExportOptions = {}): AsyncGenerator<ExportedProfile, void, undefined> {
    const exporting = {
      method: METHOD.exportProfiles,
      requestOf: (name: string) => ({ after: name }),
      itemsOf: (answer: ExportProfilesResponse) => answer.profiles,
      nameOf: ({ profile }: ExportedProfile) => present(profile).name,
      isLast: (answer: ExportProfilesResponse) => answer.complete,
    };
    return exported(this.#calls, exporting, { after: fullNameOrEmpty(COLLECTION, after), ...options });
  }

  /** Makes one profile of two of the same person, for good. The name of the absorbed one answers as the survivor's. */
  async merge(
    survivor: string,
    absorbed: string,
    { etag = "", absorbedEtag = "", ...options }: ChangeOptions & { readonly absorbedEtag?: string } = {},
  ): Promise<Profile> {
    const request = { name: fullName(COLLECTION, survivor), absorbed: fullName(COLLECTION, absorbed), etag, absorbedEtag };
    return present((await this.#calls.unary(METHOD.mergeProfiles, request, { ...options, repeatable: false })).profile);
  }

  /**
   * Erases the person, and returns what was done at once. The event `PROFILE_ERASED` says when nothing is left in messages and
   * events either.
   */
  async delete(
    name: string,
    { etag = "", keepSuppression, ...options }: ChangeOptions & ErasureOptions = {},
  ): Promise<DeleteProfileResponse> {
    const request = { name: fullName(COLLECTION, name), etag, ...(keepSuppression !== undefined && { keepSuppression }) };
    return this.#calls.unary(METHOD.deleteProfile, request, { ...options, repeatable: false });
  }

  /**
   * Erases the person of an identity, of whom there need be no profile: messages to it and its places in audiences are erased. It
   * may be repeated.
   */
  async deleteByIdentity(
    identity: string,
    { keepSuppression, ...options }: CallOptions & ErasureOptions = {},
  ): Promise<DeleteProfileResponse> {
    const request = { identity: fullIdentity(identity), ...(keepSuppression !== undefined && { keepSuppression }) };
    return this.#calls.unary(METHOD.deleteProfile, request, { ...options, repeatable: true });
  }
}

type Choices = MessageInitShape<typeof ConsentChangeSchema>[];

/** Returns the choices by the position of the profile. Throws RangeError for a position that no profile has. */
function choicesOf(consents: readonly MessageInitShape<typeof ImportedConsentsSchema>[], count: number): ReadonlyMap<number, Choices> {
  const choices = new Map<number, Choices>();
  for (const [position, { profileIndex = 0, changes = [] }] of consents.entries()) {
    if (!(Number.isInteger(profileIndex) && profileIndex >= 0 && profileIndex < count)) {
      throw new RangeError(`consents[${position}].profileIndex is ${profileIndex}, which is the position of no profile`);
    }
    choices.set(profileIndex, [...(choices.get(profileIndex) ?? []), ...changes]);
  }
  return choices;
}

function weightOf(profile: Profile, choices: Readonly<Choices> = []): Weight {
  const sizes = choices.map((change) => toBinary(ConsentChangeSchema, create(ConsentChangeSchema, change)).length);
  return { entries: 1 + sizes.length, bytes: sizes.reduce((sum, size) => sum + size, toBinary(ProfileSchema, profile).length) };
}

function sent(profile: MessageInitShape<typeof ProfileSchema>): MessageInitShape<typeof ProfileSchema> {
  return { ...profile, identities: (profile.identities ?? []).map(fullIdentity) };
}

function isPair(row: ProfileRow): row is Exclude<ProfileRow, ProfileInit> {
  return Array.isArray(row);
}

function profileOf(row: ProfileRow): ProfileInit {
  return isPair(row) ? row[0] : row;
}
