"""Records what the Agents SDK for Python does with the model calls in calls/.

usage: pip install openai-agents==0.24.0; python record.py calls/*.json

A file describes one call: the model's name, the request, and the chunks that the
server answers with. This writes beside them what was sent (`body`), the events
that came (`events`) and the error that ended them (`error`). Nothing touches a
network.
"""
import asyncio
import json
import pathlib
import sys

import httpx2 as httpx
from agents import (Agent, AgentOutputSchemaBase, CodeInterpreterTool, FunctionTool, ModelSettings, ModelTracing,
                    OpenAIChatCompletionsModel, handoff, set_tracing_disabled, tool_namespace)
from openai import AsyncOpenAI
from openai.types.shared import Reasoning

set_tracing_disabled(True)


class Output(AgentOutputSchemaBase):
    def __init__(self, spec): self.spec = spec
    def is_plain_text(self): return False
    def name(self): return self.spec.get("name", "final_output")
    def json_schema(self): return self.spec["schema"]
    def is_strict_json_schema(self): return self.spec.get("strict", True)
    def validate_json(self, text): return json.loads(text)


def make_tool(spec):
    if spec.get("kind") == "code_interpreter":
        return CodeInterpreterTool(tool_config={"type": "code_interpreter", "container": {"type": "auto"}})
    async def invoke(context, arguments): return ""
    made = FunctionTool(name=spec["name"], description=spec.get("description", ""), params_json_schema=spec["parameters"],
                        on_invoke_tool=invoke, strict_json_schema=spec.get("strict", True), defer_loading=spec.get("defer_loading", False))
    if "namespace" in spec:
        return tool_namespace(name=spec["namespace"], description="n", tools=[made])[0]
    return made


def make_handoff(spec):
    return handoff(Agent(name=spec["agent"], handoff_description=spec.get("description")))


async def record(case):
    sent = []

    def answer(request):
        sent.append(json.loads(request.content))
        text = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in case.get("chunks", []))
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=(text + "data: [DONE]\n\n").encode())

    url = "https://api.openai.com/v1" if case.get("official") else "http://model.test/v1"
    client = AsyncOpenAI(api_key="test", base_url=url, http_client=httpx.AsyncClient(transport=httpx.MockTransport(answer)))
    request = case["request"]
    settings = dict(request.get("settings", {}))
    if "reasoning" in settings:
        settings["reasoning"] = Reasoning(**settings["reasoning"])
    for key in ("body", "events", "error"):
        case.pop(key, None)
    events = []
    try:
        stream = OpenAIChatCompletionsModel(model=case["model"], openai_client=client).stream_response(
            request.get("instructions"), request["input"], ModelSettings(**settings), [make_tool(t) for t in request.get("tools", [])],
            Output(request["output"]) if "output" in request else None, [make_handoff(h) for h in request.get("handoffs", [])],
            ModelTracing.DISABLED, previous_response_id=None, conversation_id=None, prompt=None)
        async for event in stream:
            event = event.model_dump(mode="json", exclude_unset=True)
            if "response" in event:
                event["response"].pop("created_at")
            events.append(event)
    except Exception as error:
        case["error"] = type(error).__name__
        print(f"{case['about']} -> {type(error).__name__}: {error}")
    if sent:
        case["body"] = sent[0]
    case["events"] = events


for path in map(pathlib.Path, sys.argv[1:]):
    case = json.loads(path.read_text())
    asyncio.run(record(case))
    path.write_text(json.dumps(case, ensure_ascii=False, indent=1) + "\n")
