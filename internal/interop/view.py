"""Shows what a run of the SDK did in the form of the cases' `expect`."""

import dataclasses
import json

import agents as sdk
from pydantic import BaseModel


def plain(value):
    """A value as JSON."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_unset=True)
    if dataclasses.is_dataclass(value):
        return plain(dataclasses.asdict(value))
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    return value


def view_event(event):
    if event.type == "raw_response_event":
        return {"type": event.type, "data": event.data.type}
    if event.type == "agent_updated_stream_event":
        return {"type": event.type, "agent": event.new_agent.name}
    return {"type": event.type, "name": event.name, "item": view_item(event.item)}


def view_item(item):
    view = {"type": item.type, "agent": item.agent.name, "raw": plain(item.raw_item)}
    if item.type == "tool_call_output_item":
        view["output"] = plain(item.output)
    if item.type == "handoff_output_item":
        view |= {"source_agent": item.source_agent.name, "target_agent": item.target_agent.name}
    if item.type == "tool_approval_item":
        view |= {"name": item.name, "call_id": item.call_id}
    return view


def view_error(error):
    """The error's type, and its words where they are the SDK's own."""
    view = {"type": type(error).__name__}
    if isinstance(error, sdk.AgentsException) and not isinstance(error, sdk.ModelBehaviorError):
        view["message"] = str(error)
    return view


def view_result(result):
    usage = result.context_wrapper.usage
    return {
        "final_output": plain(result.final_output),
        "last_agent": result.last_agent.name,
        "is_complete": result.is_complete,
        "current_turn": result.current_turn,
        "last_response_id": result.last_response_id,
        "interruptions": [
            {"name": call.name, "call_id": call.call_id, "agent": call.agent.name, "arguments": call.arguments}
            for call in result.interruptions
        ],
        "new_items": [view_item(item) for item in result.new_items],
        "input_list": plain(result.to_input_list()),
        "usage": {
            count: getattr(usage, count) for count in ("requests", "input_tokens", "output_tokens", "total_tokens")
        },
        "input_guardrails": _view_guardrails(result.input_guardrail_results),
        "output_guardrails": _view_guardrails(result.output_guardrail_results),
    }


def _view_guardrails(results):
    return [{"name": r.guardrail.get_name(), "tripped": r.output.tripwire_triggered} for r in results]


def as_recorded(case, value):
    """Writes what is Python's own as the cases have it: tool results in its notation, and the schema it gives agent tools."""
    texts = {str(result): json.dumps(result, separators=(",", ":"), ensure_ascii=False) for result in _json_results(case)}

    def walk(value):
        if isinstance(value, str):
            return texts.get(value, value)
        if isinstance(value, list):
            return [walk(inner) for inner in value]
        if not isinstance(value, dict):
            return value
        if value.get("title") == "AgentAsToolInput":
            return AGENT_TOOL_PARAMETERS
        return {key: walk(inner) for key, inner in value.items() if not (key == "include" and inner == [])}

    return walk(value)


AGENT_TOOL_PARAMETERS = {
    "type": "object",
    "properties": {"input": {"type": "string"}},
    "required": ["input"],
    "additionalProperties": False,
}


def _json_results(case):
    """What function tools return that is no text."""
    for agent in case["agents"]:
        for tool in agent.get("tools", []):
            if tool.get("kind", "function") != "function" or "error" in tool or "result_arg" in tool:
                continue
            if not isinstance(tool.get("result"), str):
                yield tool.get("result")
