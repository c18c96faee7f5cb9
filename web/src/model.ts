/** A model of your own. It answers with the events of the Responses API's stream, the last of them
 * `response.completed`, `response.incomplete` or `response.failed`. */
export interface Model {
  getStreamedResponse(request: ModelRequest): AsyncIterable<object>;
}

/** What the run asks of a model in one turn, as the Responses API names it. */
export interface ModelRequest {
  readonly instructions?: string | undefined;
  readonly input: readonly object[];
  readonly tools: readonly object[];
  readonly handoffs?: readonly object[] | undefined;
  readonly settings?: object | undefined;
  readonly previousResponseId?: string | undefined;
  readonly conversationId?: string | undefined;
  /** Fires when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}
