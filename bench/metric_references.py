"""Writes tests/evals/data/metric_references.json: texts, and what the packages that metrics are defined by make of them.

`python bench/metric_references.py`, in an environment of its own with sacrebleu, rouge-score, nltk, rapidfuzz, scikit-learn and
azure-ai-evaluation. Tokens beyond ASCII need nltk's `perluniprops`, found by NLTK_DATA. The texts are made here, from a fixed
seed.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
from pathlib import Path
from typing import Any

from azure.ai.evaluation import DocumentRetrievalEvaluator, F1ScoreEvaluator
from azure.ai.evaluation._evaluators._task_navigation_efficiency import _TaskNavigationEfficiencyEvaluator
from nltk.stem.porter import PorterStemmer
from nltk.tokenize import NLTKWordTokenizer
from nltk.tokenize.nist import NISTTokenizer
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu
from nltk.translate.gleu_score import sentence_gleu
from nltk.translate.meteor_score import meteor_score
from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein
from rouge_score import rouge_scorer
from sacrebleu.metrics import BLEU, CHRF
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a
from sklearn.metrics import average_precision_score, ndcg_score

TARGET = Path(__file__).parents[1] / "tests" / "evals" / "data" / "metric_references.json"
WORDS = (
    "the a an ferry leaves leaving left from Genoa Genova at 7:30 on Monday Mondays and arrives arriving arrival in Bastia"
    " relational running quickly conditions generously flies flying , . ! ? ; ( ) -- \" ' 3.5 1,000 $12 x-y don't it's can't"
    " cannot gonna 'tis ... e.g. <b> &amp; a_b THE Ferry"
).split()
BEYOND = "é naïve Zoë 楽天 株式会社。 東京 한국어 😀 🚢🚢 “the” — e\u0301 Ünder Ж привет א ½ ٣".split()
FIXED = [
    ("", ""),
    ("", "words"),
    ("words", ""),
    ("word", "word"),
    ("Word", "word"),
    ("...", "..."),
    ("!?.,", ",.?!"),
    ("   ", "\n\t"),
    ("東京", "東京都"),
    ("😀", "😀😀"),
    ("e\u0301a", "\u00e9a"),
    ("a.,5 1..2 3.,x", "a., 5 1 . . 2"),
    ("The the a an", "the"),
    ("line one\nline two here", "line two\nline one here\n"),
]


class NoWordNet:
    def synsets(self, _word: str) -> list[Any]:
        return []


def made_text(chance: random.Random) -> str:
    words = chance.sample(WORDS, chance.choice([4, 12, len(WORDS)]))
    if chance.random() < 0.3:
        words += chance.sample(BEYOND, 4)
    text = ""
    for _ in range(chance.choice([1, 2, 3, 6, 10, 15, 25, 40])):
        text += chance.choice(words) + chance.choice([" ", " ", " ", " ", ""])
    return text


def made_pairs(chance: random.Random, count: int) -> list[tuple[str, str]]:
    pairs = list(FIXED)
    pairs.append((" ".join(chance.choices(WORDS, k=1_500)), " ".join(chance.choices(WORDS, k=1_200))))
    while len(pairs) < count:
        one = made_text(chance)
        other = made_text(chance)
        if chance.random() < 0.5:
            parts = one.split(" ")
            begin = chance.randint(0, len(parts) // 2)
            other = " ".join(parts[begin:] + parts[:begin][: chance.randint(0, 3)])
        pairs.append((one, other))
    return pairs


def values(response: str, expected: str) -> dict[str, Any]:
    """What the packages make of a pair; those of nltk take words by white space, as their own tokenizer needs a model."""
    given, wanted = response.split(), expected.split()
    rouge = ["rouge1", "rouge2", "rouge5", "rougeL", "rougeLsum"]
    smoothings = ("none", "exp", "floor", "add-k")
    return {
        "rouge": rouge_scorer.RougeScorer(rouge).score(expected, response),
        "rouge_stems": rouge_scorer.RougeScorer(["rouge1", *rouge[-2:]], use_stemmer=True).score(expected, response),
        "bleu_nltk": sentence_bleu([wanted], given, smoothing_function=SmoothingFunction().method4),
        "gleu": sentence_gleu([wanted], given),
        "meteor": meteor_score([wanted], given, wordnet=NoWordNet()),
        "bleu": {
            how: BLEU(smooth_method=how, effective_order=True).sentence_score(response, [expected]).score
            for how in smoothings
        },
        "chrf": CHRF().sentence_score(response, [expected]).score,
        "chrf++": CHRF(word_order=2).sentence_score(response, [expected]).score,
        "f1": F1ScoreEvaluator._compute_f1_score(response, expected),
        "ratio": fuzz.ratio(response, expected) / 100,
        "partial": fuzz.partial_ratio(response, expected) / 100 if len(response) < 1_000 else None,
        "sorted": fuzz.token_sort_ratio(response, expected) / 100,
        "set": fuzz.token_set_ratio(response, expected) / 100,
        "edits": Levenshtein.distance(response, expected),
        "edit_similarity": Levenshtein.normalized_similarity(response, expected),
    }


def several(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Two references for each text, and the corpus of all."""
    triples = [(one, other, third) for (one, other), (third, _) in zip(pairs, pairs[1:], strict=False)][:40]
    texts, references = [t[0] for t in triples], [[t[1] for t in triples], [t[2] for t in triples]]
    scorer = rouge_scorer.RougeScorer(["rouge2", "rougeL"])
    nltk = [(one.split(), [other.split(), third.split()]) for one, other, third in triples]
    return {
        "triples": triples,
        "bleu": [BLEU(effective_order=True).sentence_score(one, rest).score for one, *rest in triples],
        "chrf": [CHRF(word_order=2).sentence_score(one, rest).score for one, *rest in triples],
        "rouge": [scorer.score_multi(rest, one) for one, *rest in triples],
        "bleu_nltk": [sentence_bleu(w, g, smoothing_function=SmoothingFunction().method4) for g, w in nltk],
        "gleu": [sentence_gleu(wanted, given) for given, wanted in nltk],
        "meteor": [meteor_score(wanted, given, wordnet=NoWordNet()) for given, wanted in nltk],
        "corpus_bleu": {
            how: BLEU(smooth_method=how).corpus_score(texts, references).score
            for how in ("none", "exp", "floor", "add-k")
        },
        "corpus_chrf": CHRF().corpus_score(texts, references).score,
        "corpus_chrf++": CHRF(word_order=2).corpus_score(texts, references).score,
    }


def tokens(text: str) -> dict[str, Any]:
    cut = NLTKWordTokenizer().tokenize(text) if text.isascii() else NISTTokenizer().international_tokenize(text)
    return {"text": text, "13a": Tokenizer13a()(text.rstrip()).split(), "words": cut}


def retrieval(chance: random.Random) -> dict[str, Any]:
    documents = [f"d{i}" for i in range(12)]
    labels = {document: chance.randint(0, 4) for document in chance.sample(documents, chance.randint(1, 10))}
    scores = {document: chance.random() for document in chance.sample(documents, chance.randint(0, 10))}
    found = DocumentRetrievalEvaluator()(
        retrieval_ground_truth=[{"document_id": d, "query_relevance_label": label} for d, label in labels.items()],
        retrieved_documents=[{"document_id": d, "relevance_score": score} for d, score in scores.items()],
    )["document_retrieval_properties"]
    gains = [chance.randint(0, 4) for _ in range(8)]
    predicted = [chance.random() for _ in gains]
    return {
        "labels": labels,
        "scores": scores,
        "azure": {key: value for key, value in found.items() if "_result" not in key and "_passed" not in key},
        "gains": gains,
        "predicted": predicted,
        "ndcg": {k: ndcg_score([gains], [predicted], k=k, ignore_ties=True) for k in (1, 3, 8)},
        "average_precision": average_precision_score([gain > 2 for gain in gains], predicted)
        if max(gains) > 2
        else None,
    }


def trajectory(chance: random.Random) -> dict[str, Any]:
    names = [chance.choice("abc") for _ in range(chance.randint(0, 5))]
    wanted = [chance.choice("abc") for _ in range(chance.randint(1, 4))] if chance.random() < 0.5 else (names or ["a"])
    calls = [{"name": name, "arguments": {"n": chance.randint(1, 2)}} for name in names]
    given = {name: {"n": chance.choice([1, "1", 2])} for name in "abc"}
    response = [
        {"role": "assistant", "content": [{"type": "tool_call", "tool_call_id": f"c{i}", **call}]}
        for i, call in enumerate(calls)
    ] or [{"role": "assistant", "content": [{"type": "text", "text": "none"}]}]
    row: dict[str, Any] = {"calls": calls, "expected": wanted, "arguments": given, "names": {}, "with_arguments": {}}
    for mode in ("exact_match", "in_order_match", "any_order_match"):
        judge = _TaskNavigationEfficiencyEvaluator(matching_mode=mode)
        for key, truth in (("names", wanted), ("with_arguments", (wanted, given))):
            found = asyncio.run(judge._do_eval({"response": response, "ground_truth": truth}))
            row[key][mode] = found["task_navigation_efficiency"]
            row[key].update(found["task_navigation_efficiency_properties"])
    return row


def main() -> None:
    logging.disable(logging.WARNING)
    chance = random.Random(20261123)
    pairs = made_pairs(chance, 120)
    stemmer = PorterStemmer()
    words = sorted({word.strip(".,!?").lower() for word in WORDS if word.isalpha()})
    endings = "s ed ing ational fulness ies ied ly y alli ement ion eed logi izer ator bli ness ical e ll".split()
    words += [word + ending for word in words for ending in endings]
    document = {
        "pairs": [[one, other, values(one, other)] for one, other in pairs],
        "several": several(pairs),
        "tokens": [tokens(text) for pair in pairs[:100] for text in pair if len(text) < 1_000],
        "stems": {word: stemmer.stem(word) for word in words},
        "retrieval": [retrieval(chance) for _ in range(40)],
        "trajectories": [trajectory(chance) for _ in range(40)],
    }
    TARGET.write_text(json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{TARGET.name}: {TARGET.stat().st_size / 1024:.0f} KB")


if __name__ == "__main__":
    main()
