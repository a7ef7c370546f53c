"""Scanning speed on generated trees, beside `git grep` over the same tree in the same run.

    python bench/scan.py [FILES ...]      default: 10000

The trees are a mix of Python, TypeScript, C#, Java, Go, YAML and JSON of a few kilobytes; one source file in twenty calls a
model. The process is measured whole, as a user runs it: `ferrata assess TREE --json`.
"""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FERRATA = (sys.executable, "-m", "ferrata")
WORDS = "order invoice customer parcel return refund ticket stock price basket user account mail report region".split()


def python_file(rng: random.Random, llm: bool) -> str:
    lines = [
        "import json",
        "import logging",
        "from dataclasses import dataclass",
        "",
        "log = logging.getLogger(__name__)",
        "",
    ]
    if llm:
        lines += ["from openai import OpenAI", "", "client = OpenAI(timeout=30)", ""]
    for i in range(rng.randint(6, 18)):
        a, b, c = rng.sample(WORDS, 3)
        lines += [
            f"def {a}_{b}_{i}({c}: dict[str, int], limit: int = {rng.randint(1, 99)}) -> list[str]:",
            f'    """Collect the {a} of each {b}."""',
            "    found = []",
            f"    for key, value in {c}.items():",
            f'        if value > limit and key.startswith("{a[:2]}"):',
            f'            found.append(json.dumps({{"{b}": key, "count": value}}))',
            "        else:",
            f'            log.debug("no {b} for %s", key)',
            "    return found",
            "",
        ]
    if llm:
        lines += [
            "def ask(question):",
            "    return client.chat.completions.create(",
            '        model="gpt-4o", messages=[{"role": "user", "content": question}], max_tokens=200',
            "    )",
            "",
        ]
    return "\n".join(lines)


def typescript_file(rng: random.Random, llm: bool) -> str:
    lines = ["import { readFile } from 'fs/promises'", ""]
    if llm:
        lines += ["import OpenAI from 'openai'", "", "const openai = new OpenAI()", ""]
    for i in range(rng.randint(6, 18)):
        a, b, c = rng.sample(WORDS, 3)
        lines += [
            f"export async function {a}{b.title()}{i}({c}: Record<string, number>, limit = {rng.randint(1, 99)}): Promise<string[]> {{",
            "  const found: string[] = []",
            f"  for (const [key, value] of Object.entries({c})) {{",
            f"    if (value > limit && key.startsWith('{a[:2]}')) found.push(JSON.stringify({{ {b}: key, value }}))",
            "  }",
            f"  return found.concat((await readFile('{c}.txt', 'utf8')).split('\\n'))",
            "}",
            "",
        ]
    if llm:
        lines += [
            "export const ask = (q: string) => openai.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: q }] })",
            "",
        ]
    return "\n".join(lines)


def braces_file(rng: random.Random, language: str) -> str:
    head = {
        "cs": "using System;\n\nnamespace Acme;\n",
        "java": "package com.acme;\n\nimport java.util.*;\n",
        "go": 'package acme\n\nimport "fmt"\n',
    }[language]
    lines = [head]
    methods: list[str] = []
    for i in range(rng.randint(6, 18)):
        a, b, c = rng.sample(WORDS, 3)
        if language == "go":
            lines += [
                f"func {a}{b.title()}{i}({c} map[string]int, limit int) []string {{",
                "\tvar found []string",
                f"\tfor key, value := range {c} {{",
                "\t\tif value > limit {",
                "\t\t\tfound = append(found, fmt.Sprint(key, value))",
                "\t\t}",
                "\t}",
                "\treturn found",
                "}",
                "",
            ]
        else:
            methods += [
                f"    public static int {a}{b.title()}{i}(int limit) {{",
                f"        var {c} = limit * {rng.randint(2, 9)};",
                f"        if ({c} > 100) {{ return {c} - limit; }}",
                f"        return {c};",
                "    }",
                "",
            ]
    if methods:
        lines += [f"public class {rng.choice(WORDS).title()} {{", *methods, "}"]
    return "\n".join(lines)


def data_file(rng: random.Random, suffix: str) -> str:
    pairs = [(rng.choice(WORDS), rng.randint(1, 999)) for _ in range(rng.randint(20, 90))]
    if suffix == "yaml":
        return "\n".join(f"{a}_{i}:\n  limit: {n}\n  name: {a}" for i, (a, n) in enumerate(pairs))
    return "{" + ",\n".join(f'"{a}_{i}": {n}' for i, (a, n) in enumerate(pairs)) + "}"


def make_tree(root: Path, files: int) -> int:
    """Write the tree; its bytes."""
    rng = random.Random(20261123)
    total = 0
    for i in range(files):
        suffix = rng.choices(["py", "ts", "cs", "java", "go", "yaml", "json"], [32, 28, 10, 10, 10, 6, 4])[0]
        llm = rng.random() < 0.05
        if suffix == "py":
            text = python_file(rng, llm)
        elif suffix == "ts":
            text = typescript_file(rng, llm)
        elif suffix in ("yaml", "json"):
            text = data_file(rng, suffix)
        else:
            text = braces_file(rng, suffix)
        path = root / f"src/part{i % 97}/{rng.choice(WORDS)}{i % 13}/file{i}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        os.utime(path, (1_700_000_000, 1_700_000_000))
        total += len(text)
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    subprocess.run(["git", "add", "-A"], cwd=root, check=True)
    return total


def timed(words: tuple[str, ...], cwd: Path, cache: str) -> float:
    environment = {**os.environ, "XDG_CACHE_HOME": cache}
    started = time.perf_counter()
    subprocess.run(words, cwd=cwd, env=environment, stdout=subprocess.DEVNULL, check=False)
    return time.perf_counter() - started


def measure(files: int) -> None:
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as cache:
        root = Path(folder)
        size = make_tree(root, files)
        print(f"\n{files:,} files, {size / 1e6:.1f} MB, {os.cpu_count()} cores")
        print(f"{'command':<34}{'seconds':>9}{'files/s':>10}")
        rows = [
            ("git grep -c openai", ("git", "grep", "-c", "openai")),
            ("ferrata assess, cold", (*FERRATA, "assess", ".", "--json")),
            ("ferrata assess, warm", (*FERRATA, "assess", ".", "--json")),
            ("ferrata assess, warm again", (*FERRATA, "assess", ".", "--json")),
            ("ferrata assess, warm, --no-save", (*FERRATA, "assess", ".", "--json", "--no-save")),
            ("git grep -c openai, again", ("git", "grep", "-c", "openai")),
        ]
        for name, words in rows:
            seconds = timed(words, root, cache)
            print(f"{name:<34}{seconds:>9.2f}{files / seconds:>10,.0f}", flush=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"largest process: {peak:.0f} MB (a cold scan runs one main process and {os.cpu_count()} readers)")


if __name__ == "__main__":
    for count in [int(word) for word in sys.argv[1:]] or [10_000]:
        measure(count)
