"""Resumes a paused run on the SDK."""

import logging

import agents as sdk

from .build import HANDOFF_FILTERS, build_agents
from .guardrails import input_guardrails
from .server import ModelServer
from .view import as_recorded, plain, view_error, view_event, view_result


def is_resumed(step):
    """Says whether a run of a case goes on from the state of the run before."""
    return "input" not in step and "follow_up" not in step


async def resume(case, index, state, session_items):
    """Runs step `index` of a case from a state document; gives what it did in the form of `expect`."""
    before, step = case["runs"][:index], case["runs"][index]
    used = sum(len(run["expect"]["requests"]) for run in before)
    server, calls = ModelServer(case["server"][used:]), []
    agents = build_agents(case, server, calls)
    agent = agents[step.get("agent") or case["runs"][0]["agent"]]
    session = None
    if case.get("session"):
        session = sdk.SQLiteSession("s")
        await session.add_items(session_items)
    paused = await _load(agent, state)
    _decide(paused, step)
    options = step.get("options", {})
    result = sdk.Runner.run_streamed(
        agent, paused, session=session, run_config=_run_config(options), **_arguments(options)
    )
    view = await _read(result, step.get("cancel"))
    view |= {"requests": server.requests, "calls": calls, "result": view_result(result)}
    if session:
        view["session_items"] = plain(await session.get_items())
    return as_recorded(case, view)


async def _load(agent, state):
    """Loads a state document. What the SDK only warns of is an error here: it has left something out."""
    warnings = []
    handler, logger = logging.Handler(logging.WARNING), logging.getLogger("openai.agents")
    handler.emit = lambda record: warnings.append(record.getMessage())
    logger.addHandler(handler)
    try:
        loaded = await sdk.RunState.from_json(agent, state)
    finally:
        logger.removeHandler(handler)
    if warnings:
        raise ValueError("; ".join(warnings))
    return loaded


def _decide(state, step):
    waiting = {call.call_id: call for call in state.get_interruptions()}
    for decision in step.get("decide", []):
        call, always = waiting[decision["call_id"]], decision.get("always", False)
        if decision.get("approve"):
            state.approve(call, always_approve=always)
        else:
            state.reject(call, always_reject=always, rejection_message=decision.get("message"))
    if "add_input" in step:
        state.add_input(step["add_input"])


async def _read(result, cancel):
    """Reads a run's events to the end, the error it ends with included."""
    view = {"events": []}
    try:
        async for event in result.stream_events():
            shown = view_event(event)
            view["events"].append(shown)
            if cancel and cancel["on"] in (shown.get("name"), shown.get("data")):
                result.cancel(mode=cancel.get("mode", "immediate"))
                cancel = None
    except Exception as error:
        view["error"] = view_error(error)
    return view


def _run_config(options):
    config = sdk.RunConfig(tracing_disabled=True)
    for name in ("nest_handoff_history", "tool_not_found_behavior", "reasoning_item_id_policy"):
        if name in options:
            setattr(config, name, options[name])
    if "handoff_input_filter" in options:
        config.handoff_input_filter = HANDOFF_FILTERS[options["handoff_input_filter"]]
    if "model_settings" in options:
        config.model_settings = sdk.ModelSettings(**options["model_settings"])
    if "input_guardrails" in options:
        config.input_guardrails = input_guardrails(options["input_guardrails"])
    if "rejection_message" in options:
        config.tool_error_formatter = lambda _failure: options["rejection_message"]
    return config


def _arguments(options):
    """The arguments of the run itself."""
    names = ("max_turns", "previous_response_id", "conversation_id", "auto_previous_response_id")
    arguments = {name: options[name] for name in names if name in options}
    if "on_max_turns" in options:
        handled = sdk.RunErrorHandlerResult(final_output=options["on_max_turns"])
        arguments["error_handlers"] = {"max_turns": lambda _failure: handled}
    return arguments
