"""The gateway beside other gateways, and beside the least that can stand there, all in one run on loopback.

`python bench/gateway.py [--peers DIR] [--only NAME ...]`; each of these instead of requests that are answered at once:

- `--streams`: time to the first token, and processor time a token;
- `--memory`: a million requests, and what is resident meanwhile;
- `--idle`: 10,000 connections that say nothing;
- `--start`: from the start of the process to its first answer.

Needs Linux, two cores or more, `wrk`, `nginx`, and for the other gateways pip and npm; those are installed into DIR, each apart, once
(`--newest` upgrades them). One core is the clients' and the model's, one the entry point's; an entry point with more workers has more
cores. Ends by itself, and ends what it started.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway.endurance import measure_idle, measure_memory, measure_starts, rows
from gateway.entries import ENTRIES, PEERS
from gateway.install import install
from gateway.processes import Failed, note
from gateway.rounds import Machine, Plan, measure, table
from gateway.streams import measure_streams, stream_table

CACHE = Path.home() / ".cache" / "ferrata-bench" / "gateways"


def _options() -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument(
        "--only", nargs="+", choices=list(ENTRIES), help="these entry points; all that are there, otherwise"
    )
    options.add_argument(
        "--peers", type=Path, default=CACHE, help="folder of the other gateways (default: %(default)s)"
    )
    options.add_argument("--newest", action="store_true", help="upgrade the other gateways first")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seconds", type=float, default=10.0, help="of each load")
    options.add_argument("--connections", type=int, default=64, help="of the full load")
    options.add_argument("--rate", type=float, default=1000.0, help="requests a second of the paced load")
    options.add_argument("--cores", type=int, nargs="+", help="the clients' and model's, then the entry point's")
    kinds = options.add_mutually_exclusive_group()
    kinds.add_argument("--streams", action="store_true", help="streams, instead of whole answers")
    kinds.add_argument("--memory", type=int, nargs="?", const=1_000_000, metavar="REQUESTS", help="%(const)s requests")
    kinds.add_argument("--idle", type=int, nargs="?", const=10_000, metavar="CONNECTIONS", help="%(const)s connections")
    kinds.add_argument("--start", action="store_true", help="only starts, as often as there are rounds")
    options.add_argument("--json", type=Path, metavar="FILE", help="write all figures of all rounds there")
    return options.parse_args()


def _machine(chosen: argparse.Namespace) -> Machine:
    cores = chosen.cores or sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise Failed("one core is too few: clients and entry point would take each other's time")
    return Machine(cores[0], cores[1:])


def _present(chosen: argparse.Namespace) -> list[str]:
    names = chosen.only or list(ENTRIES)
    for name in (name for name in names if name in PEERS):
        install(chosen.peers, name, newest=chosen.newest)
    missing = [name for name in names if ENTRIES[name].version(chosen.peers) is None]
    for name in missing:
        note(f"{name} is not there, and left out")
    if len(missing) == len(names):
        raise Failed(f"none of {', '.join(names)} is there")
    return [name for name in names if name not in missing]


def _plan(chosen: argparse.Namespace, folder: Path) -> Plan:
    return Plan(
        names=_present(chosen), rounds=chosen.rounds, seconds=chosen.seconds, connections=chosen.connections,
        rate=chosen.rate, folder=folder, peers=chosen.peers.resolve(), machine=_machine(chosen),
    )  # fmt: skip


def _run(chosen: argparse.Namespace, plan: Plan) -> tuple[str, Any]:
    if chosen.streams:
        streams = measure_streams(plan)
        return stream_table(streams, plan), {name: [turn.figures() for turn in ran] for name, ran in streams.items()}
    if chosen.memory or chosen.idle or chosen.start:
        found = (
            measure_memory(plan, chosen.memory) if chosen.memory
            else measure_idle(plan, chosen.idle) if chosen.idle
            else measure_starts(plan)
        )  # fmt: skip
        return rows(found, plan), {name: one._asdict() for name, one in found.items()}
    turns = measure(plan)
    return table(turns, plan), {name: [turn._asdict() for turn in ran] for name, ran in turns.items()}


def main() -> None:
    """Measure what is asked for, and print it."""
    chosen = _options()
    folder = Path(tempfile.mkdtemp(prefix="gateway-bench-"))
    try:
        plan = _plan(chosen, folder)
        before = os.getloadavg()[0]
        text, found = _run(chosen, plan)
        print(
            f"{datetime.now(UTC):%Y-%m-%d}, load {before:.1f} before and {os.getloadavg()[0]:.1f} after, {plan.rounds} rounds\n"
        )
        print(text)
        if chosen.json:
            chosen.json.write_text(json.dumps(found, indent=1))
    except Failed as failed:
        sys.exit(f"error: {failed}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
