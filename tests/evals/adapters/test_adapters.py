"""Adapters on small stand-ins of the packages, which are no dependency of the project.

What the stand-ins have was checked to be so in autoevals 0.4.1, azure-ai-evaluation 1.18.10, ragas 0.4.3 and deepeval 4.3.1; the same
adapters on the packages themselves: `test_real_packages.py`.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from ferrata.errors import NotFound, UsageError
from ferrata.evals import Judging, Score
from ferrata.evals.adapters import adapted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AUTOEVALS = """
class Score:
    def __init__(self, name, score, metadata):
        self.name, self.score, self.metadata = name, score, metadata

class Scorer:
    def eval(self, output, expected=None, **kwargs):
        return self._run_eval_sync(output, expected, **kwargs)

class Same(Scorer):
    def _run_eval_sync(self, output, expected=None, **kwargs):
        score = None if expected is None else float(output == expected)
        return Score("Same", score, {"rationale": f"asked {kwargs.get('input')}", "length": len(output)})
"""
AZURE = """
from enum import Enum
from typing import overload

class RougeType(Enum):
    ROUGE_L = "rougeL"

class Base:
    def __init__(self, *, threshold=3, _higher_is_better=True):
        self._threshold, self._higher_is_better = threshold, _higher_is_better

    def __call__(self, *args, **kwargs):
        if "conversation" in kwargs and len(kwargs) > 1:
            raise ValueError("Cannot provide both 'conversation' and individual inputs")
        value = float(len(kwargs.get("response", "x")))
        passed = value >= self._threshold if self._higher_is_better else value <= self._threshold
        return {"k": value, "k_score": value, "k_result": "pass" if passed else "fail", "k_passed": passed,
                "k_threshold": self._threshold, "k_reason": " ".join(sorted(kwargs)), "k_status": "completed",
                "k_properties": None, "k_prompt_tokens": 7}

class LengthEvaluator(Base):
    @overload
    def __call__(self, *, response: str, ground_truth: str = ""): ...
    @overload
    def __call__(self, *, conversation: list): ...
    def __call__(self, *args, **kwargs):
        return super().__call__(*args, **kwargs)

class HarmEvaluator(Base):
    def __init__(self, credential, *, threshold=3):
        super().__init__(threshold=threshold, _higher_is_better=False)

    @overload
    def __call__(self, *, query: str, response: str): ...
    @overload
    def __call__(self, *, response: str, query: str, context: str = ""): ...
    def __call__(self, *args, **kwargs):
        return super().__call__(*args, **kwargs)

class SkippingEvaluator(Base):
    def __call__(self, **kwargs):
        return {"k": None, "k_score": None, "k_result": "not_applicable", "k_passed": None, "k_reason": "no tools",
                "k_status": "skipped", "k_threshold": 3, "k_properties": {}}

class RougeScoreEvaluator(Base):
    def __init__(self, rouge_type):
        super().__init__()
        self.kind = rouge_type.value
"""
RAGAS = """
class Metric:
    async def ascore(self, reference: str, response: str, retrieved_contexts: list = None):
        return Result(float("nan") if reference == "?" else 0.5, f"{retrieved_contexts}")

class Result:
    def __init__(self, value, reason):
        self.value, self.reason = value, reason

class Multi:
    pass
"""
OLD_RAGAS = """
import warnings

class _OldMetric:
    required_columns = {"SINGLE_TURN": {"user_input", "retrieved_contexts", "reference:optional"}}

    async def single_turn_ascore(self, sample, callbacks=None, timeout=None):
        return float(len(sample.given["retrieved_contexts"]))

def __getattr__(name):
    if name == "OldMetric":
        warnings.warn("old", DeprecationWarning, stacklevel=2)
        return _OldMetric
    raise AttributeError(name)
"""
DEEPEVAL = """
from enum import Enum

class Params(Enum):
    INPUT = "input"
    ACTUAL_OUTPUT = "actual_output"
    RETRIEVAL_CONTEXT = "retrieval_context"

class Metric:
    _required_params = [Params.INPUT, Params.ACTUAL_OUTPUT]
    score = reason = error = None

    def __init__(self, threshold=0.5):
        self.threshold = threshold

    async def a_measure(self, test_case, _show_indicator=True):
        assert not _show_indicator
        import asyncio
        self.score = len(test_case.given["actual_output"]) / 10
        await asyncio.sleep(0.01)
        self.reason = f"of {test_case.given['input']}"
        return self.score

    def is_successful(self):
        return self.score >= self.threshold

class BiasMetric(Metric):
    _required_params = [Params.ACTUAL_OUTPUT, Params.RETRIEVAL_CONTEXT]
    async def a_measure(self, test_case):
        self.score, self.reason = 0.1 * len(test_case.given["retrieval_context"]), ""

    def is_successful(self):
        return self.score <= self.threshold
"""
FILES = {
    "autoevals/__init__.py": AUTOEVALS,
    "azure/ai/evaluation/__init__.py": AZURE,
    "ragas/__init__.py": "",
    "ragas/_analytics.py": (
        "import os\nfrom functools import lru_cache\n@lru_cache(maxsize=1)\ndef do_not_track():\n"
        "    return os.environ.get('RAGAS_DO_NOT_TRACK', 'False').lower() == 'true'\nfirst = do_not_track()\n"
    ),
    "ragas/dataset_schema.py": "class SingleTurnSample:\n    def __init__(self, **given): self.given = given\n",
    "ragas/metrics/__init__.py": OLD_RAGAS,
    "ragas/metrics/collections.py": RAGAS,
    "deepeval/__init__.py": "",
    "deepeval/metrics.py": DEEPEVAL,
    "deepeval/test_case.py": "class LLMTestCase:\n    def __init__(self, **given): self.given = given\n",
}
PACKAGES = {"autoevals": "autoevals", "azure": "azure-ai-evaluation", "ragas": "ragas", "deepeval": "deepeval"}


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The stand-ins, as pip would have installed them."""
    if any(importlib.util.find_spec(name) for name in PACKAGES):
        pytest.skip("one of the packages itself is installed")
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for pip in PACKAGES.values():
        folder = tmp_path / f"{pip.replace('-', '_')}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {pip}\nVersion: 1.0\n")
    for name in ("RAGAS_DO_NOT_TRACK", "DEEPEVAL_TELEMETRY_OPT_OUT"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] in PACKAGES]:
        del sys.modules[name]


def judged(spec: Any, values: dict[str, Any], **how: Any) -> Score:
    evaluator = adapted(spec, **how)
    assert isinstance(evaluator, Judging)
    (score,) = asyncio.run(evaluator.judge(values))
    return score


@pytest.mark.parametrize(("prefix", "pip"), PACKAGES.items())
def test_a_package_that_is_not_there_is_named(prefix: str, pip: str) -> None:
    if importlib.util.find_spec(prefix):
        pytest.skip("it is installed")
    with pytest.raises(UsageError) as refused:
        adapted(f"{prefix}:Some")
    assert (refused.value.message, refused.value.hint) == (f"{pip} is not installed", f"pip install {pip}")


@pytest.mark.parametrize("thing", ["f1_score", "evals/mine.py:tone", "other:Name", "azure:", len, str, 3])
def test_what_is_of_no_package_is_left_to_others(thing: Any) -> None:
    assert adapted(thing) is None


@pytest.mark.usefixtures("packages")
def test_a_name_that_is_not_there() -> None:
    with pytest.raises(NotFound) as refused:
        adapted("azure:LengthEvaluatr")
    assert refused.value.message == "azure-ai-evaluation 1.0 has no evaluator 'LengthEvaluatr'"
    assert refused.value.hint == "did you mean azure:LengthEvaluator?"
    with pytest.raises(UsageError) as unmade:
        adapted("azure:HarmEvaluator", alias="harm", threshold=1)
    assert unmade.value.message.startswith("evaluator 'harm': HarmEvaluator(threshold) could not be made: TypeError: ")
    assert unmade.value.hint == "it takes credential, threshold"
    with pytest.raises(UsageError, match="of ragas does not score single answers"):
        adapted("ragas:Multi")


def test_a_package_that_does_not_load(packages: Path) -> None:
    (packages / "autoevals/__init__.py").write_text("import nosuch_ferrata\n")
    with pytest.raises(UsageError) as refused:
        adapted("autoevals:Same")
    assert refused.value.message == "autoevals 1.0 does not load: No module named 'nosuch_ferrata'"
    assert refused.value.hint == "pip install nosuch_ferrata"


@pytest.mark.usefixtures("packages")
def test_autoevals() -> None:
    values = {"query": "why", "response": "ab", "ground_truth": "ab"}
    expected = Score("same", 1.0, True, 0.5, reason="asked why", properties={"length": 2})
    assert judged("autoevals:Same", values, alias="same", threshold=0.5) == expected
    skipped = judged("autoevals:Same", {"response": "ab"})
    assert skipped == Score("Same", None, reason="asked None", status="skipped")


@pytest.mark.usefixtures("packages")
def test_azure() -> None:
    length: Any = adapted("azure:LengthEvaluator", alias="length")
    assert (length.needs, length.takes) == (frozenset(), {"response", "ground_truth", "conversation"})
    both = {"response": "abcd", "ground_truth": "", "conversation": [{}]}
    found = Score("length", 4.0, True, 3.0, reason="ground_truth response", properties={"prompt_tokens": 7})
    assert judged("azure:LengthEvaluator", both, alias="length") == found
    talk = judged("azure:LengthEvaluator", {"conversation": [{}], "response": None}, alias="length")
    assert (talk.value, talk.passed, talk.reason) == (1.0, False, "conversation")

    harm: Any = adapted("azure:HarmEvaluator", alias="harm", threshold=4, credential="none")
    assert (harm.needs, harm.takes) == ({"query", "response"}, {"context"})
    assert not harm.measures[0].higher_is_better
    values = {"query": "a", "response": "abcd"}
    assert judged("azure:HarmEvaluator", values, alias="harm", threshold=4, credential="none").passed
    from azure.ai.evaluation import LengthEvaluator  # pyright: ignore[reportMissingImports]

    assert judged(LengthEvaluator(threshold=5), both).passed is False
    with pytest.raises(UsageError, match="is made already"):
        adapted(LengthEvaluator(threshold=5), threshold=5, other=1)
    skipped = judged("azure:SkippingEvaluator", {"response": "a"}, alias="tools")
    assert skipped == Score("tools", None, None, 3.0, reason="no tools", status="skipped")
    rouge: Any = adapted("azure:RougeScoreEvaluator", rouge_type="rougeL")
    assert rouge.takes >= {"query", "response", "conversation"}


@pytest.mark.usefixtures("packages")
def test_ragas() -> None:
    importlib.import_module("ragas._analytics")  # and so it has asked once whether it may track
    metric: Any = adapted("ragas:Metric", alias="m", threshold=0.5)
    assert (metric.needs, metric.takes) == ({"ground_truth", "response"}, {"context"})
    values = {"response": "a", "ground_truth": "b", "context": "one"}
    assert judged("ragas:Metric", values, alias="m", threshold=0.5) == Score("m", 0.5, True, 0.5, reason="['one']")
    missing = judged("ragas:Metric", {**values, "ground_truth": "?"}, alias="m")
    assert missing == Score("m", None, reason="it gave nan; ['one']", status="failed")
    assert importlib.import_module("ragas._analytics").do_not_track()


@pytest.mark.usefixtures("packages")
def test_old_metrics_of_ragas() -> None:
    metric: Any = adapted("ragas:OldMetric", alias="old")
    assert (metric.needs, metric.takes) == ({"query", "context"}, {"ground_truth"})
    values = {"query": "a", "context": ["one", {"text": "two"}]}
    assert judged("ragas:OldMetric", values, alias="old") == Score("old", 2.0)


@pytest.mark.usefixtures("packages")
def test_deepeval() -> None:
    metric: Any = adapted("deepeval:Metric", alias="m")
    assert (metric.needs, metric.takes) == ({"query", "response"}, {"ground_truth", "context"})

    async def both() -> list[Any]:
        rows = [{"query": "one", "response": "a" * 4}, {"query": "two", "response": "a" * 6}]
        return await asyncio.gather(*(metric.judge(row) for row in rows))

    # Rows run at the same time and do not meet in the metric, which keeps what it finds.
    assert asyncio.run(both()) == [
        [Score("m", 0.4, False, 0.5, reason="of one")],
        [Score("m", 0.6, True, 0.5, reason="of two")],
    ]
    bias = judged("deepeval:BiasMetric", {"response": "a", "context": ["b", "c"]}, alias="bias", threshold=0.3)
    assert bias == Score("bias", 0.2, True, 0.3)
    assert os.environ["DEEPEVAL_TELEMETRY_OPT_OUT"] == "1"


@pytest.mark.usefixtures("packages")
def test_the_digest_is_of_version_class_and_settings() -> None:
    def digest(spec: str, **how: Any) -> str:
        evaluator = adapted(spec, alias="it", **how)
        assert evaluator is not None
        return evaluator.digest

    assert digest("deepeval:Metric") == digest("deepeval:Metric")
    all_of_them = [digest("deepeval:Metric"), digest("deepeval:BiasMetric"), digest("deepeval:Metric", threshold=0.7)]
    assert len(set(all_of_them)) == 3
