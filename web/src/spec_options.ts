import type { RunScope } from "./graph.js";
import { wireSettings } from "./graph.js";
import type { ErrorHandler, ModelInput, RunOptions, ToolErrorInfo } from "./options.js";
import type { ErrorData, FunctionRef } from "./protocol.js";
import type { InputItem } from "./responses.js";
import { filterSpec, guardrailSpec, hooksSpec, modelSpec, pick, sessionSpec } from "./spec_parts.js";
import type { ErrorHandlersSpec, OptionsSpec } from "./specs.js";

/** Writes a run's options down for the engine. */
export function optionsSpec(options: RunOptions, scope: RunScope): OptionsSpec {
  const { model, modelSettings, session, sessionInputCallback, hooks, handoffInputFilter, errorHandlers } = options;
  const { toolErrorFormatter, callModelInputFilter, compact } = options;
  return {
    ...pick(options, ...COPIED), // they cross as they are
    model: model && modelSpec(model, scope),
    modelSettings: modelSettings && wireSettings(modelSettings),
    session: session && sessionSpec(session, scope),
    sessionInput:
      sessionInputCallback &&
      scope.add((_, [history, fresh]) => sessionInputCallback(history as InputItem[], fresh as InputItem[])),
    inputGuardrails: options.inputGuardrails?.map((one) => guardrailSpec(one, scope, "input")),
    outputGuardrails: options.outputGuardrails?.map((one) => guardrailSpec(one, scope, "agentOutput")),
    hooks: hooks && hooksSpec(hooks, scope),
    handoffInputFilter: handoffInputFilter && filterSpec(handoffInputFilter, scope),
    toolErrorFormatter:
      toolErrorFormatter &&
      scope.add(async ({ toolName = "", callId = "" }, [data, failure]) => {
        const what = data as Pick<ToolErrorInfo, "kind" | "defaultMessage">;
        const error = failure ? scope.thrown.error(failure as ErrorData) : undefined;
        return (await toolErrorFormatter({ ...what, toolName, callId, error })) ?? what.defaultMessage;
      }),
    errorHandlers: errorHandlers && handlersSpec(errorHandlers, scope),
    modelInputFilter:
      callModelInputFilter &&
      scope.add((info, [input]) => callModelInputFilter(input as ModelInput, scope.context(info))),
    compact: compact && session && scope.addAction(() => compact(session)),
  };
}

const COPIED = [
  "maxTurns",
  "sessionLimit",
  "conversationId",
  "previousResponseId",
  "autoPreviousResponseId",
  "reasoningItemIdPolicy",
  "nestHandoffHistory",
  "toolNotFoundBehavior",
  "holdTools",
  "guardrailsBeforeApproval",
  "uniqueToolNames",
  "maxToolConcurrency",
] as const;

function handlersSpec(handlers: NonNullable<RunOptions["errorHandlers"]>, scope: RunScope): ErrorHandlersSpec {
  const { maxTurns, modelRefusal, invalidFinalOutput } = handlers;
  const handler = (handle: ErrorHandler): FunctionRef =>
    scope.add(async (info, [failure]) => (await handle(scope.thrown.error(failure as ErrorData), scope.context(info))) ?? {});
  return {
    maxTurns: maxTurns && handler(maxTurns),
    modelRefusal: modelRefusal && handler(modelRefusal),
    invalidFinalOutput: invalidFinalOutput && handler(invalidFinalOutput),
  };
}
