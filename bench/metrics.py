"""Measures computed metrics: rows a second here, and in the packages that define them, taking turns.

`python bench/metrics.py` measures this project alone; `--references PYTHON` names the Python of an environment with rouge-score,
nltk, sacrebleu, rapidfuzz and azure-ai-evaluation, which is asked in turns. Processor time, one process, texts of 60 words.
nltk's own tokenizer needs a model that it does not bring; where NLTK_DATA has none, BLEU, GLEU and METEOR there are measured over
words by white space, so without the time for tokens.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

WORDS = (
    "the a an ferry leaves leaving from Genoa at half past seven on Monday and arrives in Bastia after nine hours of"
    " quiet crossing passengers with cars should be there two hours before it while cyclists may come later if they hold"
    " tickets conditions apply for relational running groups of more than ten people who travel together"
).split()
Run = dict[str, "Callable[[str, str], object]"]


def made_pairs(words: int, count: int) -> list[tuple[str, str]]:
    chance = random.Random(7)

    def text() -> str:
        parts = [chance.choice(WORDS) + chance.choice(["", "", "", "", "", "", "", ","]) for _ in range(words)]
        return " ".join(f"{part}." if i % 12 == 11 else part for i, part in enumerate(parts))

    pairs: list[tuple[str, str]] = []
    for _ in range(count):
        one = text()
        parts = one.split()
        pairs.append((one, " ".join(parts[: words // 2]) + " " + " ".join(text().split()[: words // 2])))
    return pairs


def here() -> Run:
    from ferrata.evals import metrics as m

    def every(a: str, b: str) -> object:
        one, other = m.Text(a), m.Text(b)
        scores: list[object] = [m.rouge_n(one.plain, other.plain, n) for n in (1, 2, 3, 4, 5)]
        scores += (m.rouge_l(one.plain, other.plain), m.token_overlap(one.answer, other.answer))
        scores += (m.sentence_bleu(one.words, [other.words]), m.sentence_gleu(one.words, [other.words]))
        return [*scores, m.sentence_meteor(one.words, [other.words])]

    return {
        "ROUGE-1": lambda a, b: m.rouge_n(m.Text(a).plain, m.Text(b).plain, 1),
        "ROUGE-2": lambda a, b: m.rouge_n(m.Text(a).plain, m.Text(b).plain, 2),
        "ROUGE-L": lambda a, b: m.rouge_l(m.Text(a).plain, m.Text(b).plain),
        "ROUGE-L with stems": lambda a, b: m.rouge_l(m.Text(a).stems, m.Text(b).stems),
        "F1": lambda a, b: m.token_overlap(m.Text(a).answer, m.Text(b).answer),
        "BLEU (nltk)": lambda a, b: m.sentence_bleu(m.Text(a).words, [m.Text(b).words]),
        "GLEU": lambda a, b: m.sentence_gleu(m.Text(a).words, [m.Text(b).words]),
        "METEOR": lambda a, b: m.sentence_meteor(m.Text(a).words, [m.Text(b).words]),
        "BLEU (sacrebleu)": lambda a, b: m.bleu_text(m.Text(a), [m.Text(b)]),
        "chrF": lambda a, b: m.sentence_chrf(a, [b]),
        "similarity": m.similarity,
        "ten metrics of one pair": every,
    }


def there() -> Run:
    import logging

    logging.disable(logging.WARNING)
    from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu
    from nltk.translate.gleu_score import sentence_gleu
    from nltk.translate.meteor_score import meteor_score
    from rapidfuzz import fuzz
    from rouge_score import rouge_scorer
    from sacrebleu.metrics import BLEU, CHRF
    from sacrebleu.tokenizers import tokenizer_13a, tokenizer_re

    class NoWordNet:
        def synsets(self, _word: str) -> list[Any]:
            return []

    # Their memory of lines would answer every round but the first.
    for kind in (tokenizer_13a.Tokenizer13a, tokenizer_re.TokenizerRegexp):
        kind.__call__ = kind.__call__.__wrapped__
    cut = nltk_words()
    scorers = {name: rouge_scorer.RougeScorer([name]) for name in ("rouge1", "rouge2", "rougeL")}
    stems = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=True)
    smooth, bleu, chrf = SmoothingFunction().method4, BLEU(effective_order=True), CHRF()
    return {
        "ROUGE-1": lambda a, b: scorers["rouge1"].score(b, a),
        "ROUGE-2": lambda a, b: scorers["rouge2"].score(b, a),
        "ROUGE-L": lambda a, b: scorers["rougeL"].score(b, a),
        "ROUGE-L with stems": lambda a, b: stems.score(b, a),
        "BLEU (nltk)": lambda a, b: sentence_bleu([cut(b)], cut(a), smoothing_function=smooth),
        "GLEU": lambda a, b: sentence_gleu([cut(b)], cut(a)),
        "METEOR": lambda a, b: meteor_score([cut(b)], cut(a), wordnet=NoWordNet()),
        "BLEU (sacrebleu)": lambda a, b: bleu.sentence_score(a, [b]),
        "chrF": lambda a, b: chrf.sentence_score(a, [b]),
        "similarity": fuzz.ratio,
    }


def nltk_words() -> Callable[[str], list[str]]:
    import nltk

    try:
        nltk.word_tokenize("One. Two.")
    except (LookupError, OSError):
        return str.split
    return nltk.word_tokenize


def azure() -> Run:
    import logging

    logging.disable(logging.WARNING)
    from azure.ai.evaluation import F1ScoreEvaluator, RougeScoreEvaluator, RougeType

    f1 = F1ScoreEvaluator()
    rouge = {
        name: RougeScoreEvaluator(rouge_type=kind)
        for name, kind in (
            ("ROUGE-1", RougeType.ROUGE_1),
            ("ROUGE-2", RougeType.ROUGE_2),
            ("ROUGE-L", RougeType.ROUGE_L),
        )
    }

    def ask(judge: Any) -> Callable[[str, str], object]:
        return lambda a, b: judge(response=a, ground_truth=b)

    return {"F1": ask(f1), **{name: ask(judge) for name, judge in rouge.items()}}


def rates(runs: Run, pairs: list[tuple[str, str]], seconds: float) -> dict[str, float]:
    """Rows a second of processor time, all threads."""
    found: dict[str, float] = {}
    for name, run in runs.items():
        run(*pairs[0])
        done, begun = 0, time.process_time()
        while (spent := time.process_time() - begun) < seconds:
            for pair in pairs[:20]:
                run(*pair)
            done += 20
            pairs = pairs[20:] + pairs[:20]
        found[name] = done / spent
    return found


SIDES = {"here": here, "packages": there, "azure-ai-evaluation": azure}


def ask(python: str, side: str, words: int, seconds: float) -> dict[str, float]:
    command = [python, str(Path(__file__)), "--side", side, "--words", str(words), "--seconds", str(seconds)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        sys.exit(f"{side}: {ran.stderr[-2_000:]}")
    return json.loads(ran.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--references", metavar="PYTHON", help="Python of an environment with the reference packages")
    parser.add_argument("--words", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.4)
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        print(json.dumps(rates(SIDES[options.side](), made_pairs(options.words, 500), options.seconds)))
        return
    pythons = {"here": sys.executable}
    if options.references:
        pythons |= {"packages": options.references, "azure-ai-evaluation": options.references}
    rounds = [
        {side: ask(python, side, options.words, options.seconds) for side, python in pythons.items()}
        for _ in range(options.rounds)
    ]
    print(f"rows a second of processor time, {options.words} words, median of {options.rounds} turns")
    for name in rounds[0]["here"]:
        line = f"{name:<24}"
        for side in pythons:
            if name in rounds[0][side]:
                middle = statistics.median(one[side][name] for one in rounds)
                ratio = statistics.median(one["here"][name] / one[side][name] for one in rounds)
                line += f"{middle:>10,.0f} {side}" + ("" if side == "here" else f" ({ratio:.1f})")
        print(line)


if __name__ == "__main__":
    main()
