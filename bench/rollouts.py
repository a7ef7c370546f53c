"""How often a stage takes back a candidate that is not worse, and how soon one that is: simulated calls through the judge.

    PYTHONPATH=src python bench/rollouts.py [--runs N]

Prints one line a case: what is true of the candidate, its share of the calls, and how runs ended after how many calls of both.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np

from ferrata.catalog import RolloutSettings
from ferrata.releases import Judge, Row

MOST, LOOK = 20_000, 50
BASE, MARGIN = 0.02, 0.02
# Rates of failures of the candidate, beside 0.02 of the others; share of slow calls likewise, beside 0.05, with a margin of 0.05.
CASES = {
    "as good": (0.02, 0.05),
    "at both margins": (0.04, 0.10),
    "fails 5 in 100": (0.05, 0.05),
    "fails 10 in 100": (0.10, 0.05),
    "fails 30 in 100": (0.30, 0.05),
    "slow 20 in 100": (0.02, 0.20),
    "slow 50 in 100": (0.02, 0.50),
}


def main() -> None:
    """Run all cases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    runs = parser.parse_args().runs
    out = sys.stdout
    out.write("| candidate | share | taken back | goes on | calls of both until then: half of the runs | 9 in 10 |\n")
    out.write("| --- | --- | --- | --- | --- | --- |\n")
    for share in (0.05, 0.5):
        for name, rates in CASES.items():
            ends = [_run(np.random.default_rng(seed), share, rates) for seed in range(runs)]
            back = sum(decision == "rollback" for decision, _ in ends) / runs
            on = sum(decision == "advance" for decision, _ in ends) / runs
            half, most = np.quantile([calls for _, calls in ends], [0.5, 0.9])
            out.write(f"| {name} | {share:.0%} | {back:.1%} | {on:.1%} | {half:,.0f} | {most:,.0f} |\n")


def _run(rng: np.random.Generator, share: float, rates: tuple[float, float]) -> tuple[str, int]:
    """One stage of two metrics, looked at every 50 calls; how it ended, and after how many."""
    plan = RolloutSettings.model_validate(
        {
            "stages": [{"share": 100 * share, "minutes": 0, "requests": 0}],
            "metrics": {"errors": MARGIN, "latency": {"over": 1.0, "margin": 0.05}},
            "limits": {"errors": None},
        }
    )
    judge = Judge(plan, 0, 0)
    for calls in range(0, MOST, LOOK):
        mine = rng.random(LOOK) < share
        failed = rng.random(LOOK) < np.where(mine, rates[0], BASE)
        slow = rng.random(LOOK) < np.where(mine, rates[1], 0.05)
        judge.add(
            Row(calls + place, bool(mine[place]), "", {"errors": float(failed[place]), "latency": float(slow[place])})
            for place in range(LOOK)
        )
        verdict = judge.verdict(calls + LOOK)
        if verdict.decision != "hold":
            return verdict.decision, calls + LOOK
    return "hold", MOST


if __name__ == "__main__":
    main()
