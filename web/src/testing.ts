// The package "runstream/testing": agents tested without a model.
export type { Model, ModelRequest } from "./model.js";
export type { Cassette, Exchange, PlayOptions, RecordedRequest } from "./testing_cassette.js";
export { CassetteError, PlayedModel, RecordedModel, play, record } from "./testing_cassette.js";
export type { FunctionCallOptions, ResponseOptions, StreamedItem } from "./testing_response.js";
export { assistantMessage, functionCall, reasoning, refusal, streamResponse } from "./testing_response.js";
export type { ModelCall, ScriptedTurn, TurnStep } from "./testing_model.js";
export {
  ScriptedModel,
  UnconsumedModelStepsError,
  UnexpectedModelCallError,
  modelError,
  modelHang,
  modelResponder,
  modelStream,
} from "./testing_model.js";
