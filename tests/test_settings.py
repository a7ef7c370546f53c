from __future__ import annotations

from pathlib import Path

import pytest

from ferrata.errors import InvalidDocument, NotFound, UsageError
from ferrata.settings import ProjectFile, load_settings, resolve_reference


@pytest.fixture(autouse=True)
def no_store(monkeypatch):
    monkeypatch.delenv("FERRATA_STORE", raising=False)


def test_defaults(tmp_path):
    settings = load_settings(tmp_path)
    assert settings.project == tmp_path.name
    assert settings.store_url is None
    assert settings.state == tmp_path / ".ferrata"
    assert settings.file.maturity.rules == []
    assert list(tmp_path.iterdir()) == []


def test_the_file(tmp_path, monkeypatch):
    (tmp_path / "ferrata.yaml").write_text(
        "project: größe 1\nstore: ${env:FERRATA_DB}\nmaturity: {exclude: ['vendor/**']}\n"
    )
    monkeypatch.setenv("FERRATA_DB", "sqlite:///x.db")
    settings = load_settings(tmp_path)
    assert (settings.project, settings.store_url) == ("größe 1", "sqlite:///x.db")
    assert settings.file.maturity.exclude == ["vendor/**"]
    monkeypatch.setenv("FERRATA_STORE", "sqlite:///y.db")
    assert load_settings(tmp_path).store_url == "sqlite:///y.db"


@pytest.mark.parametrize(
    "store", ["sqlite:///x.db", "${env:DATABASE_URL}", "${file:url.txt}", "${env:FERRATA_}", "a${env:FERRATA_STORE}"]
)
def test_a_file_may_choose_no_database(tmp_path, monkeypatch, store):
    monkeypatch.setenv("DATABASE_URL", "sqlite:///x.db")
    (tmp_path / "ferrata.yaml").write_text(f"project: a\nstore: {store}\n")
    with pytest.raises(InvalidDocument) as refused:
        load_settings(tmp_path)
    assert [(m.line, m.key) for m in refused.value.mistakes] == [(2, "store")]


def test_every_mistake_at_once(tmp_path):
    (tmp_path / "ferrata.yaml").write_text("projekt: x\nproject: 3\nmaturity:\n  rules: x\n  modell: y\n")
    with pytest.raises(InvalidDocument) as refused:
        load_settings(tmp_path)
    assert [(m.line, m.key) for m in refused.value.mistakes] == [
        (1, "projekt"),
        (2, "project"),
        (4, "maturity.rules"),
        (5, "maturity.modell"),
    ]


@pytest.mark.parametrize("name", ["", "a\\nb", "\\0", "\\x1b[0m", "x" * 201])
def test_a_name_that_cannot_be_shown_or_stored(tmp_path, name):
    (tmp_path / "ferrata.yaml").write_text(f'project: "{name}"\n')
    with pytest.raises(InvalidDocument):
        load_settings(tmp_path)


def test_a_folders_name_that_is_no_text(tmp_path):
    folder = tmp_path / "a\udcff\n\x1bé"
    folder.mkdir()
    assert load_settings(folder).project == "a\\udcff\\n\\x1bé"


def test_only_a_regular_file_is_read(tmp_path):
    (tmp_path / "ferrata.yaml").symlink_to("/dev/zero")
    assert load_settings(tmp_path).project == tmp_path.name


def test_a_folder_is_needed(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NotFound, match="no such folder: '.*/none'"):
        load_settings(tmp_path / "none")
    with pytest.raises(NotFound, match="no such folder"):
        load_settings(tmp_path / "file/below")
    with pytest.raises(UsageError, match="not a folder: '.*/file'"):
        load_settings(tmp_path / "file")
    with pytest.raises(UsageError, match="cannot read"):
        load_settings(Path("a\0b"))
    with pytest.raises(UsageError, match="cannot read"):
        load_settings(Path("x" * 5000))


def test_paths_stay_inside(tmp_path):
    root = tmp_path / "project"
    (root / "rules").mkdir(parents=True)
    (root / "model.yaml").write_text("")
    (tmp_path / "outside.yaml").write_text("")
    (root / "link.yaml").symlink_to("../outside.yaml")
    (root / "circle").symlink_to("circle")
    (root / "ferrata.yaml").write_text("project: a\nmaturity:\n  model: m\n  rules:\n    - a\n    - b\n")
    settings = load_settings(root)
    assert settings.inside("model.yaml", key="maturity.model") == root / "model.yaml"
    assert settings.inside("rules/../rules", key="maturity.rules.0", folder=True) == root / "rules/../rules"
    for path, why in {
        "../outside.yaml": "'../outside.yaml' leads out of the project's folder",
        "link.yaml": "'link.yaml' leads out of the project's folder",
        "/etc/passwd": "'/etc/passwd' leads out of the project's folder",
        "rules": "there is no file 'rules'",
        "none": "there is no file 'none'",
        "a\0": "'a\\x00' is no path: ",  # in words of Python's, which differ between versions
    }.items():
        with pytest.raises(InvalidDocument) as refused:
            settings.inside(path, key="maturity.model")
        (mistake,) = refused.value.mistakes
        assert str(mistake).startswith(f"{root}/ferrata.yaml:3: maturity.model: {why}")
    for path in ("circle", "x" * 5000, "model.yaml"):
        with pytest.raises(InvalidDocument) as refused:
            settings.inside(path, key="maturity.rules.1", folder=True)
        assert [(m.line, m.key) for m in refused.value.mistakes] == [(6, "maturity.rules.1")]


def test_references(tmp_path, monkeypatch):
    monkeypatch.setenv("A_KEY", "value")
    monkeypatch.delenv("NO_KEY", raising=False)
    (tmp_path / "key").write_text("from a file\n")
    assert resolve_reference("${env:A_KEY}", tmp_path) == "value"
    assert resolve_reference("${file:key}", tmp_path) == "from a file"
    assert resolve_reference("as it is ${env:A_KEY}", tmp_path) == "as it is ${env:A_KEY}"
    with pytest.raises(UsageError, match="'NO_KEY' is not set") as refused:
        resolve_reference("${env:NO_KEY}", tmp_path)
    assert refused.value.hint == "export NO_KEY=... or change ferrata.yaml"
    with pytest.raises(UsageError, match="leads out"):
        resolve_reference("${file:../key}", tmp_path)
    with pytest.raises(NotFound):
        resolve_reference("${file:none}", tmp_path)


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing yet\n", "---\n"])
def test_a_file_that_says_nothing_leaves_the_defaults(tmp_path: Path, text: str) -> None:
    (tmp_path / "ferrata.yaml").write_text(text)
    assert load_settings(tmp_path).file == ProjectFile()


def test_models_are_declared_short_or_long(tmp_path: Path) -> None:
    (tmp_path / "ferrata.yaml").write_text(
        "models:\n  a: openai/gpt-4o-mini-2024-07-18\n"
        "  b: {vendor: azure-openai-deployments, model: chat, api_version: 2024-10-21, parameters: {seed: 7}}\n"
    )
    models = load_settings(tmp_path).file.models
    assert (models["a"].vendor, models["a"].model, models["a"].key) == ("openai", "gpt-4o-mini-2024-07-18", None)
    assert (models["b"].api_version, models["b"].parameters.seed, models["b"].cache) == ("2024-10-21", 7, "never")


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("gpt-4o", "must be VENDOR/MODEL"),
        ("{vendor: openai}", "models.a.model: missing"),
        ("{vendor: openai, model: m, retrys: 3}", "did you mean 'retries'?"),
        ("{vendor: openai, model: m, limits: {rpm: 3}}", "the keys here are requests_per_minute, tokens_per_minute"),
        ("{vendor: openai, model: m, parameters: {temperature: 3}}", "must be at most 2, not 3"),
        ("{vendor: openai, model: m, key: sk-0123456789}", "a key does not belong in a file"),
        ("{vendor: openai, model: m, key: '${file:key.txt}'}", "a key does not belong in a file"),
        ("{vendor: vllm, model: m, url: 'http://127.0.0.1:99999/v1'}", "must be an address of http or https"),
        ("{vendor: vllm, model: m, url: 'http://[::1/v1'}", "must be an address of http or https"),
        ("{vendor: vllm, model: m, url: 'file:///etc/passwd'}", "must be an address of http or https"),
        (
            "{vendor: openai, model: m, parameters: {extra: {stream: true}}}",
            "models.a.parameters.extra.stream: is what the",
        ),
        ("{vendor: openai, model: m, parameters: {extra: {messages: []}}}", "is what the request itself says"),
        ("{vendor: openai, model: m, model: n}", "models.a.model: the key 'model' stands here twice"),
        ("{vendor: openai, model: m, budget: 0}", "must be more than 0, not 0"),
    ],
)
def test_mistakes_in_models(tmp_path: Path, entry: str, problem: str) -> None:
    (tmp_path / "ferrata.yaml").write_text(f"models:\n  a: {entry}\n")
    with pytest.raises(InvalidDocument) as caught:
        load_settings(tmp_path)
    assert problem in caught.value.message
    assert "ferrata.yaml:2: models.a" in caught.value.message
    assert "sk-0123" not in caught.value.message
