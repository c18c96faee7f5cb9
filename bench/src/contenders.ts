export interface ContenderPage {
  readonly id: ContenderId;
  /** In the tables' heads. */
  readonly title: string;
  /** Address of its page. */
  readonly page: string;
}

export type ContenderId = "worker" | "page" | "agents" | "ai" | "plain";

export const contenders: readonly ContenderPage[] = [
  { id: "worker", title: "runstream, worker", page: "runstream.html?engine=worker" },
  { id: "page", title: "runstream, page", page: "runstream.html?engine=page" },
  { id: "agents", title: "@openai/agents", page: "agents.html?" },
  { id: "ai", title: "ai", page: "ai.html?" },
  { id: "plain", title: "plain loop", page: "plain.html?" },
];

export function only(...ids: ContenderId[]): readonly ContenderPage[] {
  return contenders.filter(({ id }) => ids.includes(id));
}
