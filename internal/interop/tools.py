"""Makes the tools that cases describe. What is called is appended to `calls`."""

import asyncio
import copy
import json

import agents as sdk

from .guardrails import tool_guardrails

PLAIN_PARAMETERS = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}


def make_tool(spec, agent_named, calls):
    """Makes one tool; `agent_named` gives the agent that an agent tool runs."""
    kind = spec.get("kind", "function")
    if kind == "agent_tool":
        return agent_named(spec["agent"]).as_tool(
            spec["name"], spec.get("description", ""), needs_approval=_needs_approval(spec), max_turns=spec.get("max_turns")
        )
    if kind in HOSTED:
        return HOSTED[kind](spec)
    return LOCAL[kind](spec, calls)


def _options(spec):
    """The fields of a hosted tool that are the SDK's own."""
    return {key: value for key, value in spec.items() if key not in ("kind", "name")}


def _hosted_mcp(spec):
    answer = spec.get("on_approval")
    return sdk.HostedMCPTool(
        tool_config={"type": "mcp", **spec["config"]},
        on_approval_request=(lambda _request: answer) if answer is not None else None,
    )


HOSTED = {
    "web_search": lambda spec: sdk.WebSearchTool(**_options(spec)),
    "file_search": lambda spec: sdk.FileSearchTool(**_options(spec)),
    "code_interpreter": lambda spec: sdk.CodeInterpreterTool(
        {"type": "code_interpreter", "container": {"type": "auto"}}
    ),
    "image_generation": lambda spec: sdk.ImageGenerationTool({"type": "image_generation", **spec.get("config", {})}),
    "hosted_mcp": _hosted_mcp,
    "tool_search": lambda spec: sdk.ToolSearchTool(),
    "programmatic": lambda spec: sdk.ProgrammaticToolCallingTool(),
}


def _needs_approval(spec):
    rule = spec.get("needs_approval", False)
    if not isinstance(rule, dict):
        return rule

    async def over_limit(_context, arguments, _call_id):
        return (argument(arguments, rule["arg"]) or 0) > rule["over"]

    return over_limit


def argument(arguments, path):
    """The argument at a dotted path, None where there is none."""
    for key in path.split("."):
        arguments = arguments.get(key) if isinstance(arguments, dict) else None
    return arguments


def _function(spec, calls):
    async def work(raw):
        calls.append({"tool": spec["name"], "arguments": raw})
        await asyncio.sleep(spec.get("delay_ms", 0) / 1000)
        if "error" in spec:
            raise RuntimeError(spec["error"])
        if "result_arg" in spec:
            return argument(json.loads(raw), spec["result_arg"])
        return copy.deepcopy(spec.get("result"))

    async def invoke(context, raw):
        try:
            return await work(raw)
        except Exception as error:
            on_error = spec.get("on_error", "default")
            if on_error == "raise":
                raise
            return sdk.default_tool_error_function(context, error) if on_error == "default" else on_error

    options = tool_guardrails(spec)
    if "timeout_ms" in spec:
        options["timeout_seconds"] = spec["timeout_ms"] / 1000
        options["timeout_behavior"] = spec.get("timeout_behavior", "error_as_result")
    tool = sdk.FunctionTool(
        name=spec["name"],
        description=spec.get("description", ""),
        params_json_schema=copy.deepcopy(spec.get("parameters", PLAIN_PARAMETERS)),
        on_invoke_tool=invoke,
        strict_json_schema=spec.get("strict", True),
        is_enabled=spec.get("enabled", True),
        needs_approval=_needs_approval(spec),
        defer_loading=spec.get("defer_loading", False),
        **options,
    )
    if "namespace" not in spec:
        return tool
    description = spec.get("namespace_description", "n")
    return sdk.tool_namespace(name=spec["namespace"], description=description, tools=[tool])[0]


def _custom(spec, calls):
    async def invoke(_context, raw):
        calls.append({"tool": spec["name"], "input": raw})
        return spec["result"]

    return sdk.CustomTool(
        name=spec["name"],
        description=spec.get("description", ""),
        on_invoke_tool=invoke,
        needs_approval=spec.get("needs_approval", False),
    )


def _shell(spec, calls):
    async def execute(request):
        calls.append({"shell": list(request.data.action.commands)})
        return copy.deepcopy(spec["result"])

    return sdk.ShellTool(executor=execute, needs_approval=spec.get("needs_approval", False))


def _apply_patch(spec, calls):
    class Editor:
        def create_file(self, operation):
            calls.append({"apply_patch": operation.type, "path": operation.path, "diff": operation.diff})
            if "error" in spec:
                raise RuntimeError(spec["error"])
            return spec.get("result")

        update_file = delete_file = create_file

    return sdk.ApplyPatchTool(editor=Editor(), needs_approval=spec.get("needs_approval", False))


def _computer(spec, calls):
    async def screenshot(_self):
        calls.append({"computer": "screenshot"})
        return spec.get("screenshot", "aGk=")

    def noted(action):
        async def act(_self, *arguments, **_options):
            calls.append({"computer": action, "args": list(arguments)})

        return act

    actions = ("click", "double_click", "scroll", "type", "wait", "move", "keypress", "drag")
    members = {"screenshot": screenshot, **{action: noted(action) for action in actions}}
    if spec.get("preview"):  # only this tool is told what it looks at
        members["environment"] = property(lambda _self: spec.get("environment", "browser"))
        members["dimensions"] = property(lambda _self: tuple(spec.get("dimensions", (1024, 768))))
    answer = spec.get("acknowledge_safety")
    return sdk.ComputerTool(
        computer=type("Computer", (sdk.AsyncComputer,), members)(),
        on_safety_check=(lambda _data: answer) if answer is not None else None,
    )


LOCAL = {
    "function": _function,
    "custom": _custom,
    "shell": _shell,
    "apply_patch": _apply_patch,
    "computer": _computer,
}
