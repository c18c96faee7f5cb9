"""Makes the agents that cases describe."""

import json

import agents as sdk
from agents.extensions import handoff_filters
from openai import AsyncOpenAI

from .guardrails import input_guardrails, output_guardrails
from .tools import make_tool

HANDOFF_FILTERS = {"remove_all_tools": handoff_filters.remove_all_tools}


def build_agents(case, server, calls):
    """Makes the agents of a case, by name. Their models ask `server`; their tools note into `calls`."""
    client = AsyncOpenAI(
        api_key="test",
        base_url="http://model.test/v1",
        max_retries=case.get("max_retries", 2),
        http_client=server.client(),
    )
    speaks_chat = case.get("api") == "chat_completions"
    model = sdk.OpenAIChatCompletionsModel if speaks_chat else sdk.OpenAIResponsesModel
    agents = {
        spec["name"]: sdk.Agent(
            name=spec["name"],
            instructions=spec.get("instructions"),
            model=model(model=spec.get("model", "gpt-5"), openai_client=client),
            model_settings=sdk.ModelSettings(**spec.get("model_settings", {})),
            handoff_description=spec.get("handoff_description"),
        )
        for spec in case["agents"]
    }
    # Agents may name each other, so all are there before the first gets its tools and handoffs.
    for spec in case["agents"]:
        _complete(agents[spec["name"]], spec, agents, calls)
    return agents


def _complete(agent, spec, agents, calls):
    agent.tools = [make_tool(tool, agents.__getitem__, calls) for tool in spec.get("tools", [])]
    agent.handoffs = [_handoff(handoff, agents) for handoff in spec.get("handoffs", [])]
    agent.input_guardrails = input_guardrails(spec.get("input_guardrails", []))
    agent.output_guardrails = output_guardrails(spec.get("output_guardrails", []))
    if "output_schema" in spec:
        agent.output_type = JSONOutput(spec["output_schema"])
    if "hosted_prompt" in spec:
        agent.prompt = spec["hosted_prompt"]
    for option in ("tool_use_behavior", "reset_tool_choice"):
        if option in spec:
            setattr(agent, option, spec[option])


def _handoff(spec, agents):
    if isinstance(spec, str):
        return agents[spec]
    options = {
        "tool_name_override": spec.get("tool_name"),
        "tool_description_override": spec.get("description"),
        "input_filter": HANDOFF_FILTERS.get(spec.get("filter")),
        "nest_handoff_history": spec.get("nest_history"),
        "is_enabled": spec.get("enabled", True),
    }
    return sdk.handoff(agents[spec["agent"]], **options)


class JSONOutput(sdk.AgentOutputSchemaBase):
    """A structured output of which the required fields are checked."""

    def __init__(self, spec):
        self._spec = spec

    def is_plain_text(self):
        return False

    def name(self):
        return self._spec.get("name", "final_output")

    def json_schema(self):
        return self._spec["schema"]

    def is_strict_json_schema(self):
        return self._spec.get("strict", True)

    def validate_json(self, json_str):
        try:
            value = json.loads(json_str)
        except ValueError as error:
            raise sdk.ModelBehaviorError(str(error)) from error
        for field in self._spec["schema"].get("required", []):
            if field not in value:
                raise sdk.ModelBehaviorError(f"missing {field}")
        return value
