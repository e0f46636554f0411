/** Creates, reads, changes and deletes resources that callers write under names of their choice. */

import {
  type DescMessage,
  type DescMethodUnary,
  type DescService,
  getOption,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import type { CallOptions, Calls, UnaryOptions } from "./calls.js";
import { resource } from "./gen/google/api/resource_pb.js";
import { fullName } from "./names.js";
import { Pager } from "./pager.js";
import { present } from "./present.js";

/** A change with an `etag` throws ConflictError when somebody else changed the resource since it was read. */
export interface ChangeOptions extends CallOptions {
  readonly etag?: string | undefined;
}

/** Says what goes on without approvals. */
export interface BypassOptions {
  /** Says why it goes on without the approvals that policies ask for. For administrators. */
  readonly bypassReason?: string | undefined;
}

/** `validateOnly` runs every check, stores nothing and answers with what would be stored. */
export interface WriteOptions extends CallOptions {
  readonly validateOnly?: boolean | undefined;
}

/** `fields` are the top-level ones to change. Default: all of them. */
export interface UpdateOptions extends WriteOptions {
  readonly fields?: readonly string[] | undefined;
}

export interface ListOptions extends CallOptions {
  /** Says how many resources are fetched at once: at most 1,000. Default: 50. */
  readonly pageSize?: number | undefined;
}

/** Are the answers and requests of the standard methods, whose fields are called by the contract's grammar. */
type Fields = Readonly<Record<string, unknown>>;
export type ResourcePage = Fields & { readonly nextPageToken: string };

/**
 * Handles the resources of one kind, by the standard methods of its service (AIP-131 to AIP-135). A name may be given with its collection
 * or without: as `nights` or `sendingPolicies/nights`. How they are listed is not the same for all.
 */
export class NamedResources<R extends DescMessage> {
  protected readonly calls: Calls;
  readonly #schema: R;
  readonly #service: DescService;
  readonly #collection: string;

  constructor(calls: Calls, schema: R, service: DescService) {
    this.calls = calls;
    this.#schema = schema;
    this.#service = service;
    this.#collection = present(getOption(schema, resource).pattern[0]?.split("/")[0]);
  }

  /** Creates a resource under its name. */
  async create(
    value: MessageInitShape<R> & { readonly name?: string },
    { validateOnly = false, ...options }: WriteOptions = {},
  ): Promise<MessageShape<R>> {
    const id = this.fullName(value.name ?? "").slice(this.#collection.length + 1);
    const request = { [`${this.#field}Id`]: id, [this.#field]: value, validateOnly };
    return this.changed("Create", request, { ...options, repeatable: validateOnly });
  }

  async get(name: string, options: CallOptions = {}): Promise<MessageShape<R>> {
    return this.changed("Get", { name: this.fullName(name) }, { ...options, repeatable: true });
  }

  /** Changes a resource to these values: all of them, or the top-level `fields` named. */
  async update(
    value: MessageInitShape<R>,
    { fields = ["*"], validateOnly = false, ...options }: UpdateOptions = {},
  ): Promise<MessageShape<R>> {
    const request = { [this.#field]: value, updateMask: { paths: [...fields] }, validateOnly };
    return this.changed("Update", request, { ...options, repeatable: validateOnly });
  }

  protected fullName(name: string): string {
    return fullName(this.#collection, name);
  }

  /** Makes a call that is answered with the resource. */
  protected async changed(verb: string, request: Fields, options: UnaryOptions): Promise<MessageShape<R>> {
    const answer = await this.call(verb, request, options);
    return present(answer[this.#field] as MessageShape<R> | undefined);
  }

  protected async call(verb: string, request: Fields, options: UnaryOptions): Promise<Fields> {
    return this.#call(this.#method((name) => name === `${verb}${this.#schema.name}`), request, options);
  }

  protected paged(filters: Fields, options: CallOptions): Pager<ResourcePage, MessageShape<R>> {
    // What else a service lists, such as versions, comes after the resources themselves.
    const method = this.#method((name) => name.startsWith("List"));
    const items = present(method.output.fields.find((field) => field.fieldKind === "list")).localName;
    return new Pager(
      async (pageToken) =>
        (await this.#call(method, { ...filters, pageToken }, { ...options, repeatable: true })) as ResourcePage,
      (page) => page[items] as readonly MessageShape<R>[],
    );
  }

  /** Is the field of the resource in requests and answers, such as `sendingPolicy`. */
  get #field(): string {
    return this.#schema.name.charAt(0).toLowerCase() + this.#schema.name.slice(1);
  }

  #method(isWanted: (name: string) => boolean): DescMethodUnary {
    return present(this.#service.methods.find((method) => isWanted(method.name))) as DescMethodUnary;
  }

  async #call(method: DescMethodUnary, request: Fields, options: UnaryOptions): Promise<Fields> {
    return (await this.calls.unary(method, request as MessageInitShape<DescMessage>, options)) as unknown as Fields;
  }
}

/** Resources that are listed by name. */
export class Resources<R extends DescMessage> extends NamedResources<R> {
  /** Lists the resources by name. */
  list({ pageSize = 0, ...options }: ListOptions = {}): Pager<ResourcePage, MessageShape<R>> {
    return this.paged({ pageSize }, options);
  }
}

/** Handles resources that are deleted. */
export class DeletableResources<R extends DescMessage> extends Resources<R> {
  /** Deletes a resource that nothing needs. */
  async delete(name: string, { etag = "", ...options }: ChangeOptions = {}): Promise<void> {
    await this.call("Delete", { name: this.fullName(name), etag }, { ...options, repeatable: false });
  }
}

/** Handles resources that are archived. */
export class ArchivableResources<R extends DescMessage> extends Resources<R> {
  /** Lists the resources by name, those that are archived only when asked for. */
  override list(
    { pageSize = 0, showArchived = false, ...options }: ListOptions & { readonly showArchived?: boolean } = {},
  ): Pager<ResourcePage, MessageShape<R>> {
    return this.paged({ pageSize, showArchived }, options);
  }

  /** Takes a resource out of use. */
  async archive(name: string, { etag = "", ...options }: ChangeOptions = {}): Promise<MessageShape<R>> {
    return this.changed("Archive", { name: this.fullName(name), etag }, { ...options, repeatable: !etag });
  }

  /** Takes an archived resource into use again. */
  async unarchive(name: string, { etag = "", ...options }: ChangeOptions = {}): Promise<MessageShape<R>> {
    return this.changed("Unarchive", { name: this.fullName(name), etag }, { ...options, repeatable: !etag });
  }
}
