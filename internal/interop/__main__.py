"""Shows that paused runs travel: the Agents SDK for Python resumes the states that this repository's runner writes, and
the runner resumes those that the SDK wrote. `make interop` runs it in the repository's root."""

import asyncio
import json
import pathlib
import tempfile

import agents as sdk

from .compare import first_difference
from .engine import run_cases
from .guide import run_guide
from .resume import is_resumed, resume
from .view import as_recorded

CASES = pathlib.Path("internal/conformance/testdata/cases")


def main():
    sdk.set_tracing_disabled(True)
    cases = {path.stem: json.loads(path.read_text()) for path in sorted(CASES.glob("*.json"))}
    cases = {name: case for name, case in cases.items() if any(map(is_resumed, case["runs"]))}
    with tempfile.TemporaryDirectory() as folder:
        written, _ = run_cases(cases, f"{folder}/own")
        resumed, said = run_cases(cases, f"{folder}/foreign", "-foreign")
    differences = [
        asyncio.run(python_resumes(cases, written)),
        runner_resumes(cases, resumed, said),
        asyncio.run(run_guide(cases, written)),
    ]
    if any(differences):
        raise SystemExit(1)


async def python_resumes(cases, written):
    """Resumes each state that the runner wrote, on the SDK. Gives the number of those that differ."""

    async def difference(name, i):
        before = written[name][i - 1].get("got") or {}
        if "state" not in before:
            return "the runner wrote no state"
        try:
            got = await resume(cases[name], i, before["state"], before.get("session_items", []))
        except Exception as error:  # refused: before the run, where the errors that cases expect are raised
            return f"{type(error).__name__}: {error}"
        return first_difference(cases[name], cases[name]["runs"][i]["expect"], got)

    found = {(name, i): await difference(name, i) for name, i in resumed_runs(cases)}
    return report("Python resumes what the runner wrote", found)


def runner_resumes(cases, resumed, said):
    """Looks at how the runner resumed each state that the SDK wrote. Gives the number of those that differ."""

    def difference(name, i):
        if "got" not in resumed[name][i]:
            return said.get(name, "the run did not come this far")
        got = as_recorded(cases[name], resumed[name][i]["got"])  # Python's state holds results as Python writes them
        return first_difference(cases[name], cases[name]["runs"][i]["expect"], got)

    found = {(name, i): difference(name, i) for name, i in resumed_runs(cases)}
    return report("the runner resumes what Python wrote", found)


def resumed_runs(cases):
    return [(name, i) for name, case in cases.items() for i, step in enumerate(case["runs"]) if is_resumed(step)]


def report(direction, found):
    """Prints a line for each difference, and the count."""
    differences = {run: difference for run, difference in found.items() if difference}
    for (name, i), difference in differences.items():
        print(f"{name}, run {i}, {direction}: {difference}")
    print(f"{direction}: {len(found) - len(differences)} of {len(found)} states")
    return len(differences)


main()
