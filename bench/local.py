"""The local model beside xllamacpp used directly: time to the first answer from the start of a process, and tokens per second.

Needs the model: `ferrata models pull smollm2`. First answers: each run is a process of its own, the two ways take turns. Tokens
per second: the two ways take turns in one process, on one loaded model, since between processes they vary more than the ways do.
`python bench/local.py [--runs 3] [--tokens 64] [--threads N]`
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import time

QUESTION = "Tell me, in a few sentences, how a shop takes back an item that a customer does not like."
FIRST = "import time; start = time.time()\n"
DIRECT = """
import sys, xllamacpp
path, threads, question = sys.argv[1], int(sys.argv[2]), sys.argv[3]
p = xllamacpp.CommonParams()
p.model.path, p.n_ctx, p.n_parallel, p.kv_unified, p.warmup, p.port, p.verbosity = path, 8192, 4, True, False, 0, -1
for cpu in (p.cpuparams, p.cpuparams_batch):
    cpu.n_threads, cpu.poll = threads, 0
server = xllamacpp.Server(p)
server.handle_chat_completions(
    {"messages": [{"role": "user", "content": question}], "max_tokens": 1, "temperature": 0})
print(time.time() - start)
"""
OURS = """
import asyncio, sys
from ferrata.messages import ChatRequest, Message
from ferrata.providers import HttpClient, LocalModel, find_weights
threads, question = int(sys.argv[2]), sys.argv[3]
async def main():
    async with HttpClient() as http:
        model = LocalModel(find_weights("smollm2"), http=http, threads=threads)
        await model.chat(ChatRequest((Message("user", question),), max_tokens=1, temperature=0))
        print(time.time() - start)
        model.close()
asyncio.run(main())
"""


async def rates(runs: int, tokens: int, threads: int) -> dict[str, list[float]]:
    """Tokens per second of each answer, by way."""
    from ferrata.messages import ChatRequest, Message
    from ferrata.providers import HttpClient, LocalModel, find_weights

    found: dict[str, list[float]] = {"xllamacpp": [], "ferrata": []}
    async with HttpClient() as http:
        model = LocalModel(find_weights("smollm2"), http=http, threads=threads)
        request = ChatRequest((Message("user", QUESTION),), max_tokens=tokens, temperature=0)
        await model.chat(request)
        direct = (await model._load())._server  # pyright: ignore[reportPrivateUsage]
        asked = {"messages": [{"role": "user", "content": QUESTION}], "max_tokens": tokens, "temperature": 0}
        for _ in range(runs):
            start = time.perf_counter()
            made = (await asyncio.to_thread(direct.handle_chat_completions, asked))["usage"]["completion_tokens"]
            found["xllamacpp"].append(made / (time.perf_counter() - start))
            start = time.perf_counter()
            usage = (await model.chat(request)).usage
            assert usage is not None
            assert usage.output_tokens == made
            found["ferrata"].append(made / (time.perf_counter() - start))
        model.close()
    return found


def main() -> None:
    """Measure and print."""
    from ferrata.providers import find_weights
    from ferrata.providers.local.engine import default_threads

    options = argparse.ArgumentParser()
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--tokens", type=int, default=64)
    options.add_argument("--threads", type=int, default=default_threads())
    chosen = options.parse_args()
    weights = find_weights("smollm2")
    if not weights.is_pulled():
        sys.exit("not pulled: ferrata models pull smollm2")
    ways = {"xllamacpp": DIRECT, "ferrata": OURS}
    firsts: dict[str, list[float]] = {way: [] for way in ways}
    arguments = [str(weights.path()), str(chosen.threads), QUESTION]
    for _ in range(chosen.runs):
        for way, code in ways.items():
            command = [sys.executable, "-c", FIRST + code, *arguments]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            firsts[way].append(float(done.stdout))
    speeds = asyncio.run(rates(2 * chosen.runs, chosen.tokens, chosen.threads))
    print(
        f"{chosen.runs} starts, {2 * chosen.runs} answers of {chosen.tokens} tokens each, threads: {chosen.threads}; medians"
    )
    for way in ways:
        first, rate = statistics.median(firsts[way]), statistics.median(speeds[way])
        print(f"  {way:<10} first answer after {first:5.2f} s   {rate:6.1f} tokens/s")
    ratio = statistics.median(speeds["ferrata"]) / statistics.median(speeds["xllamacpp"])
    print(f"  tokens/s of ferrata: {100 * (ratio - 1):+.1f} % of xllamacpp's")


if __name__ == "__main__":
    main()
