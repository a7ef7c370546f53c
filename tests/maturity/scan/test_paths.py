import pytest

from ferrata.maturity.scan.paths import compile_globs, format_of, role_of


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("app/main.py", "product"),
        ("src/agents/tools/search.py", "product"),
        ("Dockerfile", "product"),
        ("prompts/answer.md", "product"),
        ("src/prompts/system.txt", "product"),
        ("src/main/java/org/springframework/samples/App.java", "product"),
        ("module/src/main/java/com/example/demo/App.java", "product"),
        ("examples/bot/src/main/java/com/acme/App.java", "example"),
        ("web/src/query.servertest.ts", "test"),
        ("pkg/testutil/client.go", "test"),
        ("src/benchmark_models.py", "evaluation"),
        ("tests/test_main.py", "test"),
        ("src/app/main.test.ts", "test"),
        ("pkg/thing_test.go", "test"),
        ("src/test/java/com/acme/ThingTest.java", "test"),
        ("tests/Acme.Tests/ThingTests.cs", "test"),
        ("Acme.UnitTests/Thing.cs", "test"),
        ("evals/run.py", "evaluation"),
        ("src/evaluate.py", "evaluation"),
        ("promptfooconfig.yaml", "evaluation"),
        ("examples/chat.py", "example"),
        ("samples/rag/app.py", "example"),
        ("analysis.ipynb", "example"),
        ("docs/guide.md", "docs"),
        ("README.md", "docs"),
        ("docs/prompts/howto.md", "docs"),
        (".github/workflows/ci.yml", "ci"),
        (".gitlab-ci.yml", "ci"),
        ("azure-pipelines.yml", "ci"),
        ("scripts/release.py", "tooling"),
        (".vscode/settings.json", "tooling"),
        ("third_party/lib/a.py", "vendored"),
        ("web/node_modules/x/index.js", "vendored"),
        ("web/dist/app.js", "generated"),
        ("api/v1_pb2.py", "generated"),
    ],
)
def test_roles(path, role):
    assert role_of(path) == role


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("a.py", "python"),
        ("a.ipynb", "notebook"),
        ("a.tsx", "typescript"),
        ("Dockerfile.prod", "dockerfile"),
        (".env.local", "env"),
        ("infra/main.bicep", "bicep"),
        ("go.mod", "text"),
        ("flow.prompty", "prompt"),
    ],
)
def test_formats(path, language):
    form = format_of(path)
    assert form is not None
    assert form.language == language


@pytest.mark.parametrize(
    "path", ["package-lock.json", "a/poetry.lock", "x.png", "lib.min.js", "types.d.ts", "LICENSE", "noextension"]
)
def test_never_opened(path):
    assert format_of(path) is None


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("**/Dockerfile", "Dockerfile", True),
        ("**/Dockerfile", "a/b/Dockerfile", True),
        ("**/Dockerfile", "a/NotDockerfile", False),
        ("*.yaml", "a.yaml", True),
        ("*.yaml", "b/a.yaml", False),
        ("charts/**", "charts/a/b.txt", True),
        ("**/{a,b}.txt", "x/b.txt", True),
        ("**/a?.txt", "x/ab.txt", True),
        ("**/a.txt", "x/a.txtx", False),
    ],
)
def test_globs(glob, path, matches):
    assert bool(compile_globs([glob]).match(path)) is matches


def test_no_globs_match_nothing():
    assert compile_globs([]).match("a") is None
