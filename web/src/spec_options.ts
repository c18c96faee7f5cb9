import { UserError } from "./errors.js";
import type { RunScope } from "./graph.js";
import { wireSettings } from "./graph.js";
import type { ErrorHandler, ModelInput, RunOptions, ToolErrorInfo } from "./options.js";
import type { ErrorData, FunctionRef } from "./protocol.js";
import type { InputItem } from "./responses.js";
import { filterSpec, hooksSpec, inputGuardrailSpec, modelSpec, outputGuardrailSpec, sessionSpec } from "./spec_parts.js";
import type { ErrorHandlersSpec, OptionsSpec } from "./specs.js";

/** Writes a run's options down for the engine. */
export function optionsSpec(options: RunOptions, scope: RunScope): OptionsSpec {
  const { model, modelSettings, session, sessionInputCallback, hooks, handoffInputFilter, errorHandlers } = options;
  const { toolErrorFormatter, callModelInputFilter, compact } = options;
  return {
    ...copied(options),
    model: model && modelSpec(model, scope),
    modelSettings: modelSettings && wireSettings(modelSettings),
    session: session && sessionSpec(session, scope),
    sessionInput:
      sessionInputCallback &&
      scope.add((_, [history, fresh]) => sessionInputCallback(history as InputItem[], fresh as InputItem[])),
    inputGuardrails: options.inputGuardrails?.map((one) => inputGuardrailSpec(one, scope)),
    outputGuardrails: options.outputGuardrails?.map((one) => outputGuardrailSpec(one, scope)),
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
    compact:
      compact &&
      scope.addAction(() => {
        if (!session) throw new UserError("compact needs a session: pass one with the run's options.");
        return compact(session);
      }),
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

/** The options that cross as they are. */
function copied(options: RunOptions): OptionsSpec {
  return Object.fromEntries(COPIED.map((key) => [key, options[key]]));
}

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
