import { spawn } from "node:child_process";

export interface Server {
  readonly url: string;
  /** The same server behind a slow line. */
  readonly shapedURL: string;
  stop(): Promise<void>;
}

export async function startServer(program: string, pages: string): Promise<Server> {
  const server = spawn(program, ["-dir", pages], { stdio: ["pipe", "pipe", "inherit"] });
  const exited = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  const [url = "", shapedURL = ""] = await new Promise<string[]>((resolve, reject) => {
    let printed = "";
    server.stdout.on("data", (chunk: Buffer) => {
      printed += chunk;
      if (printed.includes("\n")) resolve(printed.trim().split(" "));
    });
    server.once("error", reject);
    void exited.then(() => reject(new Error("the event server ended at once")));
  });
  return {
    url,
    shapedURL,
    async stop() {
      server.stdin.end();
      await exited;
    },
  };
}
