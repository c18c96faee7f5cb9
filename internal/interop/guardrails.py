"""Makes the guardrails that cases describe: each trips on a piece of text."""

import asyncio
import json

import agents as sdk


def input_guardrails(specs):
    return [
        sdk.InputGuardrail(_trips(spec), name=spec["name"], run_in_parallel=spec.get("parallel", True))
        for spec in specs
    ]


def output_guardrails(specs):
    return [sdk.OutputGuardrail(_trips(spec), name=spec["name"]) for spec in specs]


def _trips(spec):
    async def check(_context, _agent, value):
        await asyncio.sleep(spec.get("delay_ms", 0) / 1000)
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        return sdk.GuardrailFunctionOutput(output_info=spec["name"], tripwire_triggered=spec["trips_on"] in text)

    return check


def tool_guardrails(spec):
    """The guardrail arguments of a function tool."""
    found = {}
    if guardrail := spec.get("input_guardrail"):
        check = _judges(guardrail, lambda data: data.context.tool_arguments)
        found["tool_input_guardrails"] = [sdk.ToolInputGuardrail(check, name=guardrail["name"])]
    if guardrail := spec.get("output_guardrail"):
        check = _judges(guardrail, lambda data: str(data.output))
        found["tool_output_guardrails"] = [sdk.ToolOutputGuardrail(check, name=guardrail["name"])]
    return found


def _judges(spec, text_of):
    async def check(data):
        if spec["trips_on"] not in text_of(data):
            return sdk.ToolGuardrailFunctionOutput.allow(output_info="ok")
        if spec.get("behavior") == "raise":
            return sdk.ToolGuardrailFunctionOutput.raise_exception(output_info="x")
        return sdk.ToolGuardrailFunctionOutput.reject_content(spec["message"], output_info="x")

    return check
