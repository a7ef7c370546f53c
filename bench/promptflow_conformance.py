"""Whether flows give here what they give in promptflow: every flow and prompt of a checkout of microsoft/promptflow, run by both.

`python bench/promptflow_conformance.py CHECKOUT`. Promptflow runs in an environment of its own, which takes minutes to make and
minutes to run; keep what it gave with `--save FILE` and use it again with `--expected FILE`. Models are a fake on loopback
that always says the same thing. Every flow runs on one line, with aggregation over that line.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from conformance.compare import judge, table
from conformance.fake import serving
from conformance.flows import find_flows
from conformance.sides import Run, can_test, expected, observed, promptflow_python

CACHE = Path.home() / ".cache" / "ferrata-bench"


def main() -> None:
    """Run what is asked for, and print the table."""
    chosen = _options()
    work = (chosen.work or Path(tempfile.mkdtemp(prefix="conformance-"))).resolve()
    work.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    with serving() as url:
        for name in ("none", "fake") if chosen.connections == "both" else (chosen.connections,):
            run = Run(chosen.checkout.resolve(), work, name == "fake", url, chosen.jobs, chosen.timeout)
            record = _record(run, chosen)
            print(_counts(record), file=sys.stderr)
            if not chosen.promptflow_only:
                rows += _compare(run, record, chosen)
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=1, ensure_ascii=False))
    if rows:
        print(table(rows))
    if chosen.list:
        for row in rows:
            if row["verdict"] not in ("same", "same code", "refused by both"):
                print(f"\n{row['pass']} {row['path']}\n  {row['verdict']}: {row['difference']}")


def _options() -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("checkout", type=Path, help="a checkout of microsoft/promptflow")
    options.add_argument("--connections", choices=("none", "fake", "both"), default="both")
    options.add_argument("--only", default="", metavar="SUBSTRING", help="flows whose path contains it")
    options.add_argument("--python", type=Path, help="an interpreter with promptflow and promptflow-tools")
    options.add_argument("--ferrata", type=Path, default=Path(sys.executable), help="an interpreter with ferrata")
    options.add_argument(
        "--expected", metavar="FILE", help="what promptflow gave before; PASS in it stands for the pass"
    )
    options.add_argument("--save", metavar="FILE", help="where to write what promptflow gives; PASS likewise")
    options.add_argument("--promptflow-only", action="store_true", help="do not run Ferrata")
    options.add_argument("--json", type=Path, help="where to write everything")
    options.add_argument("--list", action="store_true", help="print each disagreement")
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--timeout", type=float, default=60, help="seconds per flow")
    options.add_argument("--work", type=Path, help="folder for copies of the checkout; else a temporary one")
    return options.parse_args()


def _record(run: Run, chosen: argparse.Namespace) -> dict[str, Any]:
    """What promptflow gives in the pass: read, or made; with what each flow was given."""
    if chosen.expected:
        record = json.loads(Path(chosen.expected.replace("PASS", run.name)).read_text())
        flows = {path: one for path, one in record["flows"].items() if chosen.only in path}
        return record | {"flows": flows}
    given = [flow.as_json() for flow in find_flows(run.checkout, chosen.only)]
    if not given:
        sys.exit(f"no flow under {run.checkout} has {chosen.only!r} in its path")
    gave = expected(run, given, chosen.python or promptflow_python(CACHE))
    commit = subprocess.run(
        ["git", "-C", str(run.checkout), "rev-parse", "HEAD"], capture_output=True, text=True, check=False
    )
    flows = {flow["path"]: {"given": flow, "expected": gave[flow["path"]]} for flow in given}
    record = {"pass": run.name, "commit": commit.stdout.strip(), "flows": flows}
    if chosen.save:
        Path(chosen.save.replace("PASS", run.name)).write_text(json.dumps(record, indent=1))
    return record


def _counts(record: dict[str, Any]) -> str:
    kinds: dict[str, Counter[str]] = {}
    for one in record["flows"].values():
        kinds.setdefault(one["given"]["kind"], Counter())[one["expected"]["outcome"]] += 1
    told = [f"{kind} {dict(outcomes)}" for kind, outcomes in sorted(kinds.items())]
    return f"promptflow, connections {record['pass']}: {'; '.join(told)}"


def _compare(run: Run, record: dict[str, Any], chosen: argparse.Namespace) -> list[dict[str, Any]]:
    given = [one["given"] for one in record["flows"].values()]
    ferrata = [str(chosen.ferrata), "-m", "ferrata"]
    if not can_test(ferrata):
        print(f"{' '.join(ferrata)} has no `flow test`: prompts alone are rendered", file=sys.stderr)
        given = [] if run.connected else [flow for flow in given if flow["kind"] == "prompty"]
    rows = []
    for path, found in observed(run, given, ferrata):
        one = record["flows"][path]
        verdict, difference = judge(one["expected"], found)
        told = {
            "pass": run.name,
            "path": path,
            "kind": one["given"]["kind"],
            "verdict": verdict,
            "difference": difference,
        }
        rows.append(told | one | {"observed": found})
    return rows


if __name__ == "__main__":
    main()
