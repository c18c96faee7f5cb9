"""Compares what two runs did, by the rules of the conformance cases."""

import json
import re


def first_difference(case, expect, got):
    """Names the first place where two runs differ, None if they do not."""
    expect, got = _compared(case, expect), _compared(case, got)
    tripped = (expect.get("error") or {}).get("type") == "InputGuardrailTripwireTriggered"
    if tripped and expect["requests"]:  # how far the model has come by then is a matter of timing
        expect, got = ({key: run.get(key) for key in ("error", "calls")} for run in (expect, got))
    return _difference("", expect, got)


def _compared(case, run):
    """What is compared of a run."""
    run = {"events": [], "requests": [], "calls": [], **run}
    run.pop("state", None)
    if case.get("api") == "chat_completions":
        run = _without_origin(run)
    if any(tool.get("kind") == "agent_tool" for agent in case["agents"] for tool in agent.get("tools", [])):
        run["requests"] = [{**q, "body": {**q["body"], "stream": None}} for q in run["requests"]]
    return run


def _without_origin(value):
    """Leaves out the ids that items of Chat Completions have for want of one, and where the items come from."""
    if isinstance(value, list):
        return [_without_origin(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _without_origin(inner)
        for key, inner in value.items()
        if key != "provider_data" and not (key.endswith("id") and inner == "__fake_id__")
    }


def _difference(path, want, got):
    if isinstance(want, dict) and isinstance(got, dict):
        keys = sorted(want.keys() | got.keys())
        pairs = ((f"{path}.{key}", want.get(key), got.get(key)) for key in keys)
    elif isinstance(want, list) and isinstance(got, list):
        pairs = [(f"{path}[{i}]", *pair) for i, pair in enumerate(zip(want, got))]
        pairs.append((f"{path}.length", len(want), len(got)))
    else:
        return None if _same(want, got) else f"{path}: expected {_short(want)}, got {_short(got)}"
    return next((found for pair in pairs if (found := _difference(*pair))), None)


def _same(want, got):
    if isinstance(want, bool) or isinstance(got, bool):
        return want is got
    if isinstance(want, str) and isinstance(got, str) and "<CONVERSATION HISTORY>" in want:
        return _transcript(want) == _transcript(got)
    return want == got


def _transcript(text):
    """The lines of a history that was written as text; JSON in it has no order of keys."""
    return [
        (head, json.loads(document) if _is_json(document) else document)
        for head, document in (re.fullmatch(r"([^{]*)(.*)", line).groups() for line in text.splitlines())
    ]


def _is_json(text):
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _short(value):
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else text[:120] + "…"
