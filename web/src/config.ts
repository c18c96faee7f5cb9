import { UserError } from "./errors.js";
import type { FunctionTable } from "./graph.js";
import { pageURL } from "./page_url.js";
import type { ProviderSpec } from "./specs.js";

/** Where the models are and how to reach them. */
export interface Configuration {
  /** Address that `/responses`, or `/chat/completions`, is appended to, such as "/v1": best your own server, which adds the key and forwards to
   * the model's API. A relative one is resolved against the page. */
  readonly baseURL: string | URL;
  /** Gives a token that is meant for pages: short-lived, and for this user only. Asked before every request, sent as
   * `Authorization: Bearer …`, kept nowhere. */
  readonly getToken?: (() => string | Promise<string>) | undefined;
  /** Sent with every request beside Authorization, Content-Type and Accept; the server's CORS answer must allow them. */
  readonly headers?: { readonly [name: string]: string } | undefined;
  /** What the server speaks: most local and compatible servers know "chat_completions" only, whose events become those of
   * the Responses API. @defaultValue "responses" */
  readonly api?: "responses" | "chat_completions" | undefined;
  /** Further attempts after HTTP 408, 409, 429, 5xx and failed connections. @defaultValue 2 */
  readonly maxRetries?: number | undefined;
}

let current: Configuration | undefined;

/** Says where models are, for all runs that start from now on. */
export function configure(configuration: Configuration): void {
  current = configuration;
}

/** The model server of a run that starts now. Throws a UserError where none is configured and one is needed. */
export function providerSpec(functions: FunctionTable, needed: boolean): ProviderSpec | undefined {
  if (!current?.baseURL) {
    if (!needed) return undefined;
    throw new UserError(
      'No model server is configured. Write configure({ baseURL: "/v1" }) before the first run: baseURL is the address ' +
        "of your own server, which adds the key and forwards to the model's API.",
    );
  }
  const { baseURL, getToken, headers, api, maxRetries } = current;
  return {
    baseURL: absolute(baseURL).replace(/\/+$/, ""),
    ...(getToken && { token: functions.add(() => askToken(getToken)) }),
    ...(headers && { headers }),
    ...(api && { api }),
    ...(maxRetries !== undefined && { maxRetries }),
  };
}

async function askToken(getToken: () => string | Promise<string>): Promise<string> {
  const token = await getToken();
  if (typeof token !== "string" || token === "") {
    throw new UserError("getToken of configure(…) must give the token as a string, or throw.");
  }
  return token;
}

function absolute(url: string | URL): string {
  try {
    return pageURL(url);
  } catch (cause) {
    throw new UserError(`baseURL of configure(…) is no address: "${String(url)}". Outside of a page it must be absolute.`, {
      cause,
    });
  }
}
