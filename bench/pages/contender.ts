/** What every contender is asked to do, in the manner that its own documentation recommends. */
export interface Contender {
  /** Resolves once a run could start without waiting for anything but the model. */
  ready(): Promise<void>;
  /** Reads one streamed answer to its end, or until `signal` is aborted: every event, and of a text delta its text. */
  stream(baseURL: string, ondelta: (text: string) => void, signal?: AbortSignal): Promise<void>;
  /** Runs an agent with the tool {@link lookUp} to its end and reads every event; gives its final text. */
  tools?(baseURL: string, turns: number): Promise<string>;
  /** Runs the same agent until a call of delete_file waits for approval. */
  pause?(baseURL: string, turns: number): Promise<Paused>;
}

/** A run that waits for an approval. */
export interface Paused {
  /** The state as text, made anew. */
  save(): string;
  /** Makes a state of the text, as if after a reload; gives how many calls wait in it. */
  restore(text: string): Promise<number>;
}

export const instructions = "Look up what is asked for.";
export const question = "Look up all there is.";
export const description = "Looks up an entry.";
export const parameters = {
  type: "object",
  properties: { key: { type: "string" } },
  required: ["key"],
  additionalProperties: false,
} as const;

/** The tool: it costs next to nothing, so that what is measured is the way to it and back. */
export async function lookUp({ key }: { readonly key: string }): Promise<string> {
  executions++;
  return `what is known of ${key}`;
}

export let executions = 0;
