"""Measures rendering: a 2 KB template with 10 variables beside plain Jinja2, and what the sandbox and the role split cost.

`python bench/prompts.py` prints microseconds of processor time, the median of several rounds side by side in one process.
"""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

import jinja2
import jinja2.sandbox

from ferrata.prompts import lint_text, parse_prompt, render_prompt

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = [f"value_{i}" for i in range(10)]
FILLER = "Answer in plain words, name the article that you rely on, and say so where the articles do not say it. "
BODY = (
    "system:\nYou are the assistant of a shop.\n"
    + "".join(f"# Part {i}\n{FILLER}{{{{{name}}}}}\n" for i, name in enumerate(NAMES[:8]))
    + FILLER * 10
    + "\nuser:\n"
    + "".join(f"<{name}>\n{{{{{name}}}}}\n</{name}>\n" for name in NAMES[8:])
)
INPUTS = "inputs:\n" + "".join(f"  {name}: {{type: string}}\n" for name in NAMES)
VALUES = {name: "Where is my parcel? I ordered it two weeks ago." for name in NAMES}


def microseconds(run: Callable[[], object], calls: int = 2_000) -> float:
    started = time.thread_time()
    for _ in range(calls):
        run()
    return (time.thread_time() - started) / calls * 1e6


def main() -> None:
    prompt = parse_prompt(f"---\nname: bench\n{INPUTS}---\n{BODY}")
    mustache = parse_prompt(f"---\nname: bench\ntemplate: {{format: {{kind: mustache}}}}\n---\n{BODY}")
    plain = jinja2.Environment(autoescape=False).from_string(BODY)
    sandboxed = jinja2.sandbox.ImmutableSandboxedEnvironment().from_string(BODY)
    started = time.perf_counter()
    render_prompt(prompt, VALUES)
    first = (time.perf_counter() - started) * 1e3
    render_prompt(mustache, VALUES)
    runs: dict[str, Callable[[], object]] = {
        "ferrata, Jinja2 into messages": lambda: render_prompt(prompt, VALUES),
        "ferrata, Mustache into messages": lambda: render_prompt(mustache, VALUES),
        "jinja2, text only": lambda: plain.render(VALUES),
        "jinja2 sandbox, text only": lambda: sandboxed.render(VALUES),
    }
    rounds = {name: [microseconds(run) for _ in range(9)] for name, run in runs.items()}
    print(f"template: {len(BODY):,} characters, {len(NAMES)} variables; first rendering: {first:.1f} ms")
    for name, figures in rounds.items():
        print(f"{name:<34} {statistics.median(figures):7.1f} us  (best {min(figures):.1f}, worst {max(figures):.1f})")
    print(f"{'ferrata, lint':<34} {microseconds(lambda: lint_text(prompt.text), 20):7.1f} us")


if __name__ == "__main__":
    main()
