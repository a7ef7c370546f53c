from __future__ import annotations

import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrata.maturity.scan.types import Step
from ferrata.maturity.scan.workflows import inherit_triggers, is_workflow, read_steps, resolve

GITHUB = ".github/workflows/ci.yml"
ACTION = ".github/actions/setup/action.yml"
AZURE = "azure-pipelines.yml"
GITLAB = ".gitlab-ci.yml"
CIRCLE = ".circleci/config.yml"
BITBUCKET = "bitbucket-pipelines.yml"
JENKINS = "Jenkinsfile"
PATHS = [GITHUB, ACTION, AZURE, GITLAB, CIRCLE, BITBUCKET, JENKINS]


def steps(path: str, text: str) -> list[Step]:
    return read_steps(path, textwrap.dedent(text).lstrip("\n"))


@pytest.mark.parametrize(
    "path",
    [
        *PATHS,
        ".github/workflows/eval.yaml",
        ".github/actions/a/b/action.yaml",
        "ci/azure-pipelines-nightly.yml",
        "build.azure-pipelines.yml",
        ".azure-pipelines/templates/deploy.yml",
        ".azuredevops/pipelines/ci.yml",
        ".gitlab/ci/eval.yml",
        "eval.gitlab-ci.yml",
        "ci/build.Jenkinsfile",
    ],
)
def test_workflows_are_known_by_their_path(path: str) -> None:
    assert is_workflow(path)


@pytest.mark.parametrize(
    "path", [".github/dependabot.yml", "action.yml", "docs/workflows/a.yml", ".gitlab/issue.md", "docker-compose.yml"]
)
def test_others_are_none(path: str) -> None:
    assert not is_workflow(path)
    assert read_steps(path, "on: push") == []


def test_github_actions() -> None:
    text = """
        name: CI
        on:
          push: {branches: [main]}
          pull_request:
          schedule: [{cron: "0 0 * * *"}]
          workflow_dispatch:
        jobs:
          eval:
            runs-on: ubuntu-latest
            steps:
              - uses: actions/checkout@v4
              - name: Evaluate
                run: |
                  pip install .
                  python eval.py
              - run: ruff check
                continue-on-error: true
              - if: false
                run: never
              - uses: azure/cli@v2
                with:
                  inlineScript: az ml job create
                  azcliversion: latest
          deploy:
            environment: {name: production, url: x}
            steps:
              - uses: azure/webapps-deploy@v3
          advisory:
            continue-on-error: ${{ true }}
            steps: [{run: mypy}]
          reuse:
            uses: ./.github/workflows/gate.yml
            with: {command: make eval}
    """
    on = ("push", "pull_request", "schedule", "manual")
    assert steps(GITHUB, text) == [
        Step("", "actions/checkout@v4", 11, True, on),
        Step("pip install .\npython eval.py", "", 12, True, on),
        Step("ruff check", "", 16, False, on),
        Step("az ml job create", "azure/cli@v2", 20, True, on),
        Step("", "azure/webapps-deploy@v3 environment:production", 27, True, on),
        Step("mypy", "", 30, False, on),
        Step("make eval", "./.github/workflows/gate.yml", 32, True, on),
    ]


def test_a_release_with_artefacts_is_told_from_one_of_notes():
    text = """
        on: push
        jobs:
          a:
            steps:
              - uses: softprops/action-gh-release@v2
                with: {files: dist/*}
              - uses: softprops/action-gh-release@v2
                with: {generate_release_notes: true}
    """
    assert [step.uses for step in steps(GITHUB, text)] == [
        "softprops/action-gh-release@v2 with:files",
        "softprops/action-gh-release@v2",
    ]


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        ("push", ("push",)),
        ("[pull_request, push]", ("push", "pull_request")),
        ("{push: {tags: ['v*']}}", ("release",)),
        ("{push: {tags: ['v*'], branches: [main]}}", ("push",)),
        ("{release: {types: [published]}}", ("release",)),
        ("merge_group", ("pull_request",)),
        ("workflow_call", ()),
        ("{x: {<<: [1]}}", ()),
    ],
)
def test_github_triggers(on: str, expected: tuple[str, ...]) -> None:
    assert steps(GITHUB, f"on: {on}\njobs: {{a: {{steps: [{{run: x}}]}}}}") == [Step("x", "", 2, True, expected)]
    assert steps(GITHUB, f"'on': {on}\njobs: {{a: {{steps: [{{run: x}}]}}}}")[0].on == expected


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ("python eval.py || true", [("python eval.py || true", False)]),
        ("python eval.py \\\n  --all || true", [("python eval.py --all || true", False)]),
        (
            "pip install .\npython eval.py || echo failed",
            [("pip install .", True), ("python eval.py || echo failed", False)],
        ),
        ("python eval.py || (echo failed; exit 1)", [("python eval.py || (echo failed; exit 1)", True)]),
        ("python eval.py || echo failed && exit 1", [("python eval.py || echo failed && exit 1", True)]),
        ("set +e\npython eval.py", [("set +e\npython eval.py", False)]),
        ("set +e\npython eval.py\ncode=$?\nexit $code", [("set +e\npython eval.py\ncode=$?\nexit $code", True)]),
        ("python eval.py; exit 0", [("python eval.py; exit 0", False)]),
        ("python eval.py # || true?\n", [("python eval.py # || true?", False)]),
    ],
)
def test_swallowed_failures(run: str, expected: list[tuple[str, bool]]) -> None:
    text = "on: push\njobs:\n  a:\n    steps:\n      - run: |\n" + textwrap.indent(run, " " * 10)
    assert [(step.run, step.can_fail) for step in steps(GITHUB, text)] == expected


def test_javascript_is_no_shell() -> None:
    text = "jobs: {a: {steps: [{uses: actions/github-script@v7, with: {script: 'const a = b || true'}}]}}"
    assert steps(GITHUB, text) == [Step("const a = b || true", "actions/github-script@v7", 1, True, ())]


def test_composite_actions_and_anchors() -> None:
    text = """
        runs:
          using: composite
          steps:
            - &eval
              run: python eval.py
              shell: bash
            - <<: *eval
              continue-on-error: true
            - *eval
    """
    assert steps(ACTION, text) == [Step("python eval.py", "", 4, True, ()), Step("python eval.py", "", 7, False, ())]


def test_azure_pipelines() -> None:
    text = """
        trigger: {branches: {include: [main]}}
        pr: [main]
        schedules:
          - cron: "0 3 * * *"
        stages:
          - stage: Test
            jobs:
              - job: unit
                steps:
                  - script: pytest
                    displayName: Test
                  - task: AzureCLI@2
                    continueOnError: true
                    inputs:
                      scriptType: bash
                      inlineScript: |
                        python eval.py
                  - ${{ if eq(parameters.gate, true) }}:
                      - bash: python gate.py
                  - task: Npm@1
                    inputs: {command: custom, customCommand: run eval}
                  - task: PythonScript@0
                    inputs: {scriptPath: scripts/eval.py, arguments: --all}
                  - template: templates/scan.yml
                    parameters:
                      script_parameter: python -m scan
                  - pwsh: never
                    enabled: false
          - stage: Deploy
            jobs:
              - deployment: web
                environment: production
                strategy:
                  canary:
                    increments: [10]
                    deploy:
                      steps:
                        - task: AzureWebApp@1
                    on:
                      failure:
                        steps: [{script: ./rollback.sh}]
    """
    on = ("push", "pull_request", "schedule")
    assert steps(AZURE, text) == [
        Step("pytest", "", 10, True, on),
        Step("python eval.py", "AzureCLI@2", 12, False, on),
        Step("python gate.py", "", 19, True, on),
        Step("npm run eval", "Npm@1", 20, True, on),
        Step("scripts/eval.py --all", "PythonScript@0", 22, True, on),
        Step("python -m scan", "templates/scan.yml", 24, True, on),
        Step("", "AzureWebApp@1 environment:production", 38, True, on),
        Step("./rollback.sh", "environment:production", 41, True, on),
    ]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("", ("push",)),
        ("trigger: none", ("manual",)),
        ("trigger: none\npr: [main]", ("pull_request",)),
        ("trigger: {tags: {include: [v*]}}", ("release",)),
        ("parameters: [{name: x, type: string}]", ()),
        (
            "trigger: none\nstages: [{stage: a, condition: \"eq(variables['Build.Reason'], 'PullRequest')\"}]",
            ("pull_request",),
        ),
    ],
)
def test_azure_triggers(head: str, expected: tuple[str, ...]) -> None:
    assert [step.on for step in steps(AZURE, f"{head}\nsteps:\n- script: x\n")] == [expected]


def test_gitlab() -> None:
    text = """
        include:
          - template: Jobs/SAST.gitlab-ci.yml
        default:
          before_script: [pip install .]
        .base:
          script: [python eval.py]
          allow_failure: true
        eval:
          extends: .base
          rules:
            - if: $CI_PIPELINE_SOURCE == "merge_request_event"
            - if: $CI_PIPELINE_SOURCE != "push" && $CI_COMMIT_TAG
            - if: $CI_PIPELINE_SOURCE == "schedule"
              when: never
        lint:
          before_script: []
          script:
            - ruff check
            - !reference [.base, script]
        deploy:
          script: ./deploy.sh
          before_script: []
          environment: {name: production}
          when: manual
        nightly:
          before_script: []
          script: make eval
          only: [schedules]
    """
    assert steps(GITLAB, text) == [
        Step("", "Jobs/SAST.gitlab-ci.yml", 2, True, ("push",)),
        Step("pip install .\npython eval.py", "", 8, False, ("pull_request", "release")),
        Step("ruff check\n.base\nscript", "", 15, True, ("push",)),
        Step("./deploy.sh", "environment:production", 20, False, ("manual",)),
        Step("make eval", "", 25, True, ("schedule",)),
    ]
    assert [step.run for step in steps(".gitlab/ci/base.yml", ".base: {script: [python eval.py]}")] == [
        "python eval.py"
    ]


def test_circle() -> None:
    text = """
        commands:
          evaluate:
            steps:
              - run: {name: Evaluate, command: python eval.py}
        jobs:
          test:
            steps:
              - checkout
              - run: pytest
              - evaluate
              - aws-cli/setup: {region: x}
          nightly:
            steps: [{run: make eval}]
        workflows:
          main:
            jobs: [test]
          night:
            triggers: [{schedule: {cron: "0 0 * * *"}}]
            jobs: [{nightly: {context: x}}]
    """
    assert steps(CIRCLE, text) == [
        Step("python eval.py", "", 4, True, ("push",)),
        Step("", "checkout", 8, True, ("push",)),
        Step("pytest", "", 9, True, ("push",)),
        Step("", "aws-cli/setup", 11, True, ("push",)),
        Step("make eval", "", 13, True, ("schedule",)),
    ]


def test_bitbucket() -> None:
    text = """
        definitions:
          steps:
            - step: &eval
                script: [python eval.py]
        pipelines:
          pull-requests:
            '**':
              - parallel:
                  - step: *eval
          branches:
            main:
              - step:
                  deployment: production
                  script:
                    - make deploy
                    - pipe: atlassian/aws-s3-deploy:1.0
    """
    assert steps(BITBUCKET, text) == [
        Step("python eval.py", "", 3, True, ("pull_request",)),
        Step("make deploy", "environment:production", 13, True, ("push",)),
        Step("", "atlassian/aws-s3-deploy:1.0 environment:production", 16, True, ("push",)),
    ]


def test_jenkins() -> None:
    text = """
        pipeline {
          triggers { cron('H 3 * * *') }
          stages {
            stage('a') { when { changeRequest() } steps {
              // sh 'commented'
              sh 'pytest -k "not slow"'
              sh script: "python eval.py", returnStatus: true
              sh '''
                make eval
              '''
            } }
          }
        }
    """
    on = ("push", "pull_request", "schedule")
    assert steps(JENKINS, text) == [
        Step('pytest -k "not slow"', "", 6, True, on),
        Step("python eval.py", "", 7, False, on),
        Step("make eval", "", 8, True, on),
    ]


@pytest.mark.parametrize(
    "call",
    [
        "npm run eval",
        "npm --prefix web run eval",
        "yarn eval",
        "pnpm -r eval",
        "pnpm --filter @x/web run eval",
        "yarn workspace web eval",
        "turbo run eval",
        "cd web && npm run eval -- --all",
        "make eval",
        "make -C app -j 4 eval",
        "X=1 make lint eval",
        "just eval",
        "task eval",
        "uv run poe eval",
        "pdm run eval",
        "hatch run ci:eval",
        "composer run-script eval",
        "poetry run task eval",
    ],
)
def test_calls_are_followed(call: str) -> None:
    scripts = {
        f"{tool} eval": "python eval.py" for tool in ("npm", "make", "just", "task", "poe", "pdm", "composer")
    } | {"hatch ci:eval": "python eval.py"}
    step = Step(call, "", 1, True, ("push",))
    assert resolve(step, scripts) == step._replace(run=f"{call}\npython eval.py")


def test_what_calls_nothing_is_left_alone() -> None:
    for run in ("", "npm ci", "makefile eval", "npx eval", "python -m make.eval", "pytest"):
        step = Step(run, "", 1, True, ())
        assert resolve(step, {"npm eval": "x", "make eval": "y"}) is step


def test_calls_are_followed_three_deep_and_once() -> None:
    scripts = {"make a": "make b\nmake a", "make b": "npm run c", "npm c": "npm run d", "npm d": "too deep"}
    assert resolve(Step("make a", "", 1, True, ()), scripts).run == "make a\nmake b\nmake a\nnpm run c\nnpm run d"


def test_a_script_that_swallows_its_failure_cannot_fail_the_step() -> None:
    assert not resolve(Step("make eval", "", 1, True, ()), {"make eval": "python eval.py || true"}).can_fail
    assert resolve(Step("make eval", "", 1, True, ()), {"make eval": "pip install .\npython eval.py || true"}).can_fail


def test_called_files_start_with_their_callers() -> None:
    files = {
        GITHUB: [Step("", "./.github/workflows/gate.yml", 3, True, ("pull_request",))],
        ".github/workflows/gate.yml": [Step("", "./.github/actions/setup", 1, True, ())],
        ACTION: [Step("python eval.py", "", 1, True, ())],
        AZURE: [Step("", "ci/templates/a.yml", 1, True, ("push",))],
        "ci/templates/a.yml": [Step("", "b.yml@self environment:x", 1, True, ())],
        "ci/templates/b.yml": [Step("x", "", 1, True, ("manual",))],
        "alone.yml": [Step("x", "actions/checkout@v4", 1, True, ())],
    }
    assert {path: listed[0].on for path, listed in inherit_triggers(files).items()} == {
        GITHUB: ("pull_request",),
        ".github/workflows/gate.yml": ("pull_request",),
        ACTION: ("pull_request",),
        AZURE: ("push",),
        "ci/templates/a.yml": ("push",),
        "ci/templates/b.yml": ("push", "manual"),
        "alone.yml": (),
    }


FRAGMENTS = [
    "on: push\n", "jobs:\n", "  a:\n", "    steps:\n", "      - run: x || true\n", "      - task: A@1\n", "&a ", "*a", "<<: *a\n", "[", "]", "{", "}", "- ", ": ", "? ", "|\n", "\t", "\n", "---\n",
    "!reference [a]", "sh '", '"""', "\x00", "\ud800", "steps: [*a]", "extends: .a\n", "script: x\n", "workflows:\n", "pipelines:\n", "${{ if x }}: ", "true", "1",
]  # fmt: skip
JUNK = st.one_of(st.text(), st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("".join))


@settings(max_examples=200, deadline=None)
@given(JUNK, st.dictionaries(st.sampled_from(["make a", "npm a"]), st.sampled_from(["make a", "npm run a\n", ""])))
def test_junk_raises_nothing(text: str, scripts: dict[str, str]) -> None:
    for path in PATHS:
        for step in read_steps(path, text):
            assert step.line >= 1
            assert resolve(step, scripts).run.startswith(step.run)
    assert resolve(Step(text, "", 1, True, ()), scripts).run.startswith(text)


BOMB = (
    "a: &a [x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + "steps: *i\njobs: *i\n"
)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "text",
    [
        BOMB,
        "[" * 100_000,
        "{a: " * 50_000,
        "- " * 50_000,
        "? " * 50_000,
        "sh '" * 50_000,
        "sh(a: true, " * 20_000,
        "a:\n" + " b:\n" * 50_000,
        "steps: &a\n- *a\n",
        "\\\n" * 50_000,
    ],
    ids=range(10),
)
@pytest.mark.timeout(20)
def test_hostile_text_takes_no_time(path: str, text: str) -> None:
    assert isinstance(read_steps(path, text), list)


@pytest.mark.parametrize(
    "piece", ["make -a --b ", "npm -C -C ", "|| echo ", "npm run ", "make a ", "\t", "a\\\n", "task --x"]
)
@pytest.mark.timeout(10)
def test_hostile_commands_take_no_time(piece: str) -> None:
    text = f"on: push\njobs: {{a: {{steps: [{{run: '{(piece * 20_000).strip()}'}}]}}}}"
    for step in read_steps(GITHUB, text):
        resolve(step, {"make zz": "x", "npm zz": "x"})
    assert resolve(Step(piece * 300, "", 1, True, ()), {"make zz": "x"}).run == piece * 300
