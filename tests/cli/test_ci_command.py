from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest


def test_init_says_what_it_wrote_and_what_to_set(tmp_path: Path, ferrata: Callable[..., Any]) -> None:
    (tmp_path / "ferrata.yaml").write_text("models: {default: openai/gpt-4o-mini-2024-07-18}\ngates: {support: {}}\n")
    done = ferrata("ci", "init", "github", "--project", tmp_path)
    assert done.status == 0 and done.err == ""
    assert done.out.splitlines() == [
        f"written: {tmp_path / '.github/workflows/ferrata.yml'}",
        "it runs: maturity, gate support",
        "to set by you:",
        "  YOUR-ORG in the file: where your copy of Ferrata lies (or write it anew with --install)",
        "  the secret OPENAI_API_KEY (Settings, Secrets and variables, Actions): model default",
        "  nothing for pull requests from forks: they get no secrets, so gates do not run there",
        "  code scanning, or leave out the step that uploads SARIF (private repositories)",
    ]
    again = ferrata("ci", "init", "github", "--project", tmp_path, "--install", "ferrata==0.1.0")
    assert again.status == 2 and "is there already" in again.err and "--force" in again.err
    forced = ferrata("ci", "init", "github", "--project", tmp_path, "--install", "ferrata==0.1.0", "--force")
    assert forced.status == 0 and "YOUR-ORG" not in forced.out


def test_comment_needs_a_pipeline(tmp_path: Path, ferrata: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD"):
        monkeypatch.delenv(name, raising=False)
    done = ferrata("ci", "comment", tmp_path / "gate.md")
    assert done.status == 2 and "this is no pipeline" in done.err
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_REF", "refs/heads/main")
    done = ferrata("ci", "comment", tmp_path / "gate.md")
    assert (done.status, done.out) == (0, "no comment: this is no pull request\n")
