/** Serves what a test says over HTTP/2, to a client of its own. */

import http2 from "node:http2";
import type net from "node:net";
import type { ConnectRouter } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { Client, type ClientOptions } from "../src/index.js";

/** Calls `use` with a client of a server with these routes, and ends both. */
export async function serving(
  routes: (router: ConnectRouter) => void,
  options: ClientOptions,
  use: (client: Client) => Promise<void>,
): Promise<void> {
  const server = http2.createServer(connectNodeAdapter({ routes }));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const client = new Client(`127.0.0.1:${(server.address() as net.AddressInfo).port}`, options);
  try {
    await use(client);
  } finally {
    client.close();
    server.close();
  }
}
