"""Runs cases on the runner of this repository."""

import json
import pathlib
import subprocess


def run_cases(cases, folder, *options):
    """Runs cases natively; gives for each what its runs did, and what the command said of it.

    With "-foreign", paused runs are resumed from the documents that stand in the cases.
    """
    source, out = pathlib.Path(folder, "cases"), pathlib.Path(folder, "out")
    source.mkdir(parents=True)
    for name, case in cases.items():
        source.joinpath(f"{name}.json").write_text(json.dumps(case, ensure_ascii=False))
    command = ["go", "run", "./internal/conformance/cmd", "-cases", source, "-out", out, *options]
    ran = subprocess.run(command, capture_output=True, text=True)
    written = {path.stem: json.loads(path.read_text())["runs"] for path in out.glob("native/*.json")}
    if missing := cases.keys() - written.keys():
        raise SystemExit(f"{ran.stdout}{ran.stderr}go did not run {', '.join(sorted(missing))}")
    said = dict(line.split(", natively: ", 1) for line in ran.stdout.splitlines() if ", natively: " in line)
    return written, said
