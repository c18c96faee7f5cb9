"""Runs the Python code of docs/states.md on a state that the runner wrote."""

import json
import pathlib
import re

import agents as sdk
from openai import AsyncOpenAI

from .server import ModelServer

GUIDE = pathlib.Path("docs/states.md")
CASE = "approval_approved"  # it pauses with the guide's agent and tool


async def run_guide(cases, written):
    """Gives 1 where the guide's code does not go on with the run, 0 where it does."""
    try:
        await _run(cases[CASE], written[CASE][0]["got"]["state"])
    except Exception as error:
        print(f"{GUIDE}: {type(error).__name__}: {error}")
        return 1
    print(f"the Python code of {GUIDE} goes on with a run of the runner's")
    return 0


async def _run(case, state):
    server = ModelServer(case["server"][1:])
    client = AsyncOpenAI(api_key="test", base_url="http://model.test/v1", http_client=server.client())
    sdk.set_default_openai_client(client, use_for_tracing=False)
    code = "\n".join(re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL))
    names = {}
    exec(compile(code, GUIDE, "exec"), names)
    document = json.loads(await names["go_on"](json.dumps(state)))
    outputs = [item for item in document["generated_items"] if item["type"] == "tool_call_output_item"]
    if not outputs or document["current_step"] is not None:
        raise AssertionError("the run did not end with the tool's output")
