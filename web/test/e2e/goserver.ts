// The development server of `make run`, as a program of its own.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { soon } from "./browser.js";

const program = fileURLToPath(new URL("../../server", import.meta.url)); // from web/dist/test/e2e
const root = fileURLToPath(new URL("../../../../", import.meta.url));

export interface GoServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts the server on a free port. Its scripted model does not wait, unless `environment` has another PACE. */
export async function startGoServer(environment: Record<string, string> = {}): Promise<GoServer> {
  const { OPENAI_API_KEY: _key, OPENAI_BASE_URL: _url, ...inherited } = process.env;
  const server = spawn(program, {
    cwd: root,
    env: { ...inherited, ADDR: "127.0.0.1:0", PACE: "0", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  let printed = "";
  const url = await soon(
    new Promise<string>((resolve, reject) => {
      const read = (chunk: Buffer) => {
        printed += chunk;
        const found = /http:\/\/[^\s/]+/.exec(printed);
        if (found) resolve(found[0]);
      };
      server.stdout.on("data", read);
      server.stderr.on("data", read);
      server.once("error", reject);
      void exited.then(() => reject(new Error(`the server ended at once: ${printed}`)));
    }),
    "the server to print its URL",
  );
  return {
    url,
    async stop() {
      server.kill();
      await exited;
    },
  };
}
