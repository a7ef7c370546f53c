"""Assessments to write reports of: a realistic one, one with hostile text, one of a repository without a language model.

All are made by hand on the built-in model; nothing here scores.
"""

from __future__ import annotations

from ferrata.maturity.model import MaturityModel, built_in_model
from ferrata.maturity.reports import HistoryPoint
from ferrata.maturity.types import (
    AnswerEvidence,
    Assessment,
    AxisResult,
    Contradiction,
    DimensionResult,
    FindingResult,
    LevelResult,
    ModelVersion,
    PracticeResult,
    RecordEvidence,
    RoadmapStep,
    ScanSummary,
    SkippedFile,
    Status,
)

AT = "2026-03-01T12:00:00.000000Z"
COMMIT = "3f9c2d7a41b8e6055c1d2e3f4a5b6c7d8e9f0a1b"
HOSTILE_FILE = "src/<script>alert(1)</script>|`x``\u202egnp.py"
HOSTILE_TEXT = (
    "\x1b[31mred\x1b[0m\nsecond | line <img src=x onerror=alert(2)> [click](https://evil.example) "
    "`code` @everyone #1 https://evil.example www.evil.example ~~x~~ <!-- \u2066日本語 ñ 🜁 "
)

# dimension -> points, claimed points, progress
_POINTS = {
    "models": (2, 3, 0.42),
    "prompts": (2, 3, 0.83),
    "evaluation": (1, 3, 0.62),
    "deployment": (3, 3, 0.28),
    "monitoring": (1, 2, 0.99),
    "safety": (1, 1, 0.42),
    "assets": (2, 2, 0.56),
}
_FINDINGS = [
    ("llm-call-no-timeout", "models.called-safely", "against", "src/support/answer.py", 48, 0.95, 0.8, "call of chat.completions.create without a timeout"),
    ("llm-call-no-timeout", "models.called-safely", "against", "src/support/summarise.py", 17, 0.95, 0.8, "call of chat.completions.create without a timeout"),
    ("llm-call-no-timeout", "models.called-safely", "against", "src/support/summarise.py", 62, 0.95, 0.8, "call of chat.completions.create without a timeout"),
    ("user-text-in-system-message", "prompts.roles-kept", "against", "src/support/answer.py", 31, 0.7, 0.9, "the system message is built with the variable `question`"),
    ("eval-step-may-fail", "evaluation.gate", "against", ".github/workflows/ci.yml", 54, 0.9, 0.9, "the evaluation step has continue-on-error: true"),
    ("floating-model-name", "models.pinned", "against", "config/models.yaml", 4, 0.9, 0.6, "`gpt-4o` names no exact version"),
    ("no-lock-file", "assets.locked", "against", ".", 1, 0.6, 0.7, "no lock file for pyproject.toml"),
    ("print-of-prompt", "monitoring.private", "against", "src/support/trace.py", 9, 0.5, 0.5, "the whole prompt is logged without redaction"),
    ("openai-client", "models.configurable", "for", "config/models.yaml", 1, 0.9, 0.85, "the model's name comes from configuration"),
    ("prompt-file", "prompts.separate", "for", "prompts/answer.prompty", 1, 0.98, 0.9, "a Prompty file that the product loads"),
    ("prompt-file", "prompts.separate", "for", "prompts/summarise.prompty", 1, 0.98, 0.9, "a Prompty file that the product loads"),
    ("deepeval-metric", "evaluation.basic-metrics", "for", "evals/run.py", 22, 0.95, 0.85, "a metric of DeepEval is computed over a dataset"),
    ("otel-instrumented", "monitoring.traced", "for", "src/support/trace.py", 3, 0.95, 0.7, "OpenTelemetry instruments the model client"),
    ("ci-tests", "deployment.changes-tested", "for", ".github/workflows/ci.yml", 20, 0.95, 0.95, "pytest runs on every pull request"),
]  # fmt: skip


def sample() -> tuple[Assessment, MaturityModel]:
    """A team at level 2 that claims level 3."""
    model = built_in_model()
    findings = [_finding(*row) for row in _FINDINGS]
    practices = _practices(model, findings)
    assessment = Assessment(
        id="0b6f2c1e9d8a4f7b8c3d2e1f0a9b8c7d",
        at=AT,
        project="acme-support",
        ferrata="0.1.0",
        model=ModelVersion(id=model.id, version=model.version, digest="9a" * 32),
        llm_use=True,
        level=2,
        level_name="defined",
        score=sum(p for p, _, _ in _POINTS.values()),
        highest_score=28,
        claimed_level=3,
        claimed_score=sum(c for _, c, _ in _POINTS.values()),
        answered=sum(bool(p.answers) for p in practices),
        axes=[
            AxisResult(id="technique", title="Technique", level=1, share=0.38),
            AxisResult(id="operational", title="Operational excellence", level=2, share=0.47),
        ],
        dimensions=[_dimension(model, d.id, d.title, practices) for d in model.dimensions],
        practices=practices,
        findings=findings,
        contradictions=[
            Contradiction(
                practice="evaluation.gate",
                kind="claimed_but_against",
                message="claimed (100%), but the evaluation step has continue-on-error: true at .github/workflows/ci.yml:54",
            ),
            Contradiction(
                practice="prompts.roles-kept",
                kind="claimed_but_against",
                message="claimed (70%), but the system message is built with the variable `question` at src/support/answer.py:31",
            ),
            Contradiction(
                practice="monitoring.traced",
                kind="done_but_not_claimed",
                message="done by the evidence (support 0.66), but answered with 0%",
            ),
        ],  # fmt: skip
        roadmap=_roadmap(model, practices),
        scan=ScanSummary(
            files=412,
            read=398,
            cached=371,
            seconds=0.84,
            languages={"python": 212, "yaml": 41, "markdown": 33, "typescript": 12},
            skipped=[
                SkippedFile(file="data/dump.jsonl", reason="larger than 2 MB"),
                SkippedFile(file="web/app.min.js", reason="generated"),
            ],
            llm_sites=["src/support/answer.py:48", "src/support/summarise.py:17", "src/support/summarise.py:62"],
            commit=COMMIT,
        ),
        notes=["The ledger holds records from 2026-01-12 on; older work leaves no record."],
    )
    return assessment, model


def history() -> list[HistoryPoint]:
    """Four earlier assessments of the sample, in no order."""
    names = list(_POINTS)
    rows = [
        ("2025-11-20T08:30:00.000000Z", 1, (1, 1, 0, 2, 0, 0, 1)),
        ("2025-09-02T09:00:00.000000Z", 1, (1, 0, 0, 1, 0, 0, 1)),
        ("2026-01-15T10:00:00.000000Z", 1, (2, 1, 1, 2, 1, 1, 1)),
        ("2026-02-10T10:00:00.000000Z", 2, (2, 2, 1, 2, 1, 1, 2)),
    ]
    return [HistoryPoint(at, sum(points), level, dict(zip(names, points, strict=True))) for at, level, points in rows]


def hostile() -> tuple[Assessment, MaturityModel]:
    """The sample with text that tries to be markup, a terminal's command, a link, or just too long."""
    assessment, model = sample()
    bad = [
        _finding("r<u>le", "models.pinned", "against", HOSTILE_FILE, 7, 1.0, 1.0, HOSTILE_TEXT),
        _finding("r2", "models.pinned", "against", "a:b c/%2e%2e/d\ne.py", 8, 1.0, 0.99, "x" * 5000, url="javascript:alert(3)"),
        _finding("r3", "models.pinned", "for", "long/" + "n" * 3000 + ".py", 9, 1.0, 0.9, HOSTILE_TEXT, url='https://h.example/"onclick=alert(4)'),
        _finding("r4", "prompts.separate", "for", "f.py", 9, 1.0, 0.9, "", url="http://plain.example/f.py"),
        _finding("r5", "prompts.separate", "against", "pipe|and`tick.py", 3, 1.0, 0.95, HOSTILE_TEXT, url="https://h.example/a)b|c(d"),
    ]  # fmt: skip
    answer = AnswerEvidence(
        respondent=HOSTILE_TEXT, value=1.0, text=HOSTILE_TEXT, note=HOSTILE_TEXT, link="javascript:alert(5)", at="not a time", weight=0.1
    )  # fmt: skip
    return assessment.model_copy(
        update={
            "project": HOSTILE_TEXT,
            "level_name": "<b>defined|",
            "findings": [*bad, *assessment.findings],
            "practices": [
                p.model_copy(update={"answers": [answer]}) if p.id == "models.pinned" else p
                for p in assessment.practices
            ],
            "contradictions": [
                Contradiction(practice="models.pinned", kind="claimed_but_against", message=HOSTILE_TEXT)
            ],
            "roadmap": [assessment.roadmap[0].model_copy(update={"missing": [HOSTILE_TEXT, f"{HOSTILE_FILE}:7 bad"]})],
            "scan": assessment.scan.model_copy(
                update={
                    "skipped": [SkippedFile(file=HOSTILE_FILE, reason=HOSTILE_TEXT)],
                    "llm_sites": [HOSTILE_FILE],
                    "languages": {HOSTILE_TEXT: 1},
                    "commit": HOSTILE_TEXT,
                }
            ),
            "notes": [HOSTILE_TEXT],
        }
    ), model


def without_llm() -> tuple[Assessment, MaturityModel]:
    """A repository in which no use of a language model was seen."""
    assessment, model = sample()
    return assessment.model_copy(
        update={
            "project": "plain-website",
            "llm_use": False,
            "level": None,
            "level_name": "",
            "score": 0,
            "claimed_level": None,
            "claimed_score": 0,
            "answered": 0,
            "findings": [],
            "contradictions": [],
            "roadmap": [],
            "scan": assessment.scan.model_copy(update={"llm_sites": []}),
            "notes": [],
        }
    ), model


def _finding(
    rule: str, practice: str, polarity: str, file: str, line: int, confidence: float, strength: float, message: str, *, url: str | None = None
) -> FindingResult:  # fmt: skip
    if url is None and file.isascii() and file not in (".",) and not file.startswith("config/"):
        url = f"https://forge.example/acme/support/blob/{COMMIT}/{file}#L{line}" if len(file) < 200 else None
    return FindingResult.model_validate(
        {
            "rule": rule,
            "practice": practice,
            "dimension": practice.partition(".")[0],
            "polarity": polarity,
            "file": file,
            "line": line,
            "confidence": confidence,
            "strength": strength,
            "message": message,
            "role": "ci" if file.startswith(".github") else "product",
            "url": url,
        }
    )


def _practices(model: MaturityModel, findings: list[FindingResult]) -> list[PracticeResult]:
    against = {f.practice for f in findings if f.polarity == "against" and f.weight >= 0.5}
    results: list[PracticeResult] = []
    for number, practice in enumerate(model.practices):
        points = _POINTS[practice.dimension][0]
        status: Status = "open"
        if practice.id in against:
            status = "against"
        elif practice.level <= points:
            status = "partly" if number % 7 == 3 and not practice.essential else "met"
        elif practice.level == points + 1 and number % 3 == 0:
            status = "partly"
        support = {"met": 0.81, "partly": 0.44, "against": 0.0, "open": 0.12}[status]
        answers = _answers(practice.id, practice.level)
        results.append(
            PracticeResult(
                id=practice.id,
                dimension=practice.dimension,
                level=practice.level,
                axis=practice.axis,
                essential=practice.essential,
                statement=practice.statement,
                status=status,
                support=support,
                weight_for=support,
                weight_against=0.76 if status == "against" else 0.0,
                claimed=sum(a.value or 0 for a in answers) / len(answers) if answers else None,
                claimed_status="met" if answers else "open",
                disagreement=0.6 if len(answers) > 1 else 0.0,
                records=_records(practice.id) if status == "met" and practice.records else [],
                answers=answers,
            )
        )
    return results


def _answers(practice: str, level: int) -> list[AnswerEvidence]:
    if level > 2 and practice != "evaluation.gate":
        return []
    lead = AnswerEvidence(
        respondent="Mara",
        value=1.0,
        text="Yes, for each change.",
        note="",
        link="https://wiki.example/evals",
        at=AT,
        weight=0.35,
    )
    if practice != "evaluation.gate":
        return [lead]
    return [
        lead,
        AnswerEvidence(respondent="Jo", value=0.4, text="Only before large releases.", note="CI ignores it since January.", link="", at=AT, weight=0.1),
        AnswerEvidence(respondent="Sam", value=None, text="", note="", link="", at=AT, weight=0.0),
    ]  # fmt: skip


def _records(practice: str) -> list[RecordEvidence]:
    expires = "2026-05-24T09:10:00.000000Z" if len(practice) % 2 else None
    return [
        RecordEvidence(
            action="eval.completed", seq=1207, at="2026-02-23T09:10:00.000000Z", count=9, expires=expires, weight=0.9
        )
    ]


def _dimension(model: MaturityModel, name: str, title: str, practices: list[PracticeResult]) -> DimensionResult:
    points, claimed, progress = _POINTS[name]
    levels = [
        LevelResult(
            level=n,
            share=0.8 if n <= points else 0.25,
            progress=0.8 if n <= points else 0.3,
            needed=model.scoring.share,
            reached=n <= points,
            missing=[p.id for p in practices if p.dimension == name and p.level == n and p.status != "met"],
        )
        for n in (1, 2, 3, 4)
    ]
    return DimensionResult(
        id=name, title=title, points=points, claimed_points=claimed, progress=progress, levels=levels
    )


def _roadmap(model: MaturityModel, practices: list[PracticeResult]) -> list[RoadmapStep]:
    todo = [p for p in practices if p.status != "met" and p.level == _POINTS[p.dimension][0] + 1]
    todo.sort(key=lambda p: (p.dimension != "monitoring", p.dimension != "evaluation", p.dimension))
    steps: list[RoadmapStep] = []
    for order, result in enumerate(todo, start=1):
        practice = model.practice(result.id)
        assert practice is not None
        last = order == len(todo) or todo[order].dimension != result.dimension
        missing = ["nothing seen in the repository or the ledger"]
        if result.id == "monitoring.private":
            missing = ["src/support/trace.py:9 the whole prompt is logged without redaction"]
        if practice.records:
            missing.append(f"no record {practice.records[0].action} in the ledger")
        steps.append(
            RoadmapStep(
                order=order,
                practice=result.id,
                dimension=result.dimension,
                level=result.level,
                statement=result.statement,
                effort=practice.effort,
                gains=f"{result.dimension}:{result.level}" if last else "",
                missing=missing,
                command="ferrata eval run evals/support.yaml" if order == 2 else None,
                how=practice.how.without,
            )
        )
    return steps
