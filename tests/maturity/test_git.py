import subprocess

import pytest

from ferrata.maturity.git import head_commit, is_bare, line_links, tracks

COMMIT = "3f9c2d7a41b8e6055c1d2e3f4a5b6c7d8e9f0a1b"
WHO = ["-c", "user.name=ann", "-c", "user.email=ann@x.example", "-c", "commit.gpgsign=false"]


def git(folder, *words):
    subprocess.run(["git", *WHO, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path):
    root = tmp_path / "repo"
    (root / "sub").mkdir(parents=True)
    git(root, "init", "-q")
    (root / "sub/a.py").write_text("")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "first")
    return root


def test_the_commit_that_is_checked_out(repository, tmp_path):
    said = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=repository, capture_output=True, text=True, check=True
    ).stdout
    assert head_commit(repository) == head_commit(repository / "sub") == said.strip()
    assert head_commit(tmp_path) is None
    (tmp_path / "empty").mkdir()
    git(tmp_path / "empty", "init", "-q")
    assert head_commit(tmp_path / "empty") is None


def test_without_git(repository, monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    assert head_commit(repository) is None
    assert line_links(repository, COMMIT)("a.py", 1) is None
    assert not tracks(repository, "sub")


def test_a_hooks_environment_is_about_another_repository(repository, tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_DIR", str(repository / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(repository / ".git/index"))
    assert head_commit(tmp_path) is None
    assert not tracks(tmp_path, "sub")


def test_hooks_and_monitors_of_the_repository_are_not_run(repository):
    trap = repository / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {repository}/sprung\n")
    trap.chmod(0o755)
    git(repository, "config", "core.fsmonitor", str(trap))
    git(repository, "config", "core.hooksPath", str(repository))
    assert tracks(repository, "sub")
    assert head_commit(repository)
    assert not (repository / "sprung").exists()


@pytest.mark.parametrize(
    ("remote", "base"),
    [
        ("https://github.com/acme/bot.git", "https://github.com/acme/bot/blob/"),
        ("https://ann:token@github.com/acme/bot", "https://github.com/acme/bot/blob/"),
        ("https://GitHub.com:443/acme/bot/", "https://github.com/acme/bot/blob/"),
        ("git@github.com:acme/bot.git", "https://github.com/acme/bot/blob/"),
        ("github.com:acme/bot.git", "https://github.com/acme/bot/blob/"),
        ("ssh://git@github.com:22/acme/bot.git", "https://github.com/acme/bot/blob/"),
        ("git@gitlab.com:acme/team/bot.git", "https://gitlab.com/acme/team/bot/-/blob/"),
        ("https://bitbucket.org/acme/bot", "https://bitbucket.org/acme/bot/src/"),
    ],
)
def test_lines_have_an_address_without_credentials(repository, remote, base):
    git(repository, "remote", "add", "origin", remote)
    mark = "lines-" if "bitbucket" in base else "L"
    assert line_links(repository, COMMIT)("a.py", 7) == f"{base}{COMMIT}/a.py#{mark}7"


def test_odd_names_are_escaped_and_folders_counted(repository):
    git(repository, "remote", "add", "origin", "git@github.com:acme/bot.git")
    link = line_links(repository / "sub", COMMIT)
    assert link("a b#?\n\udcff.py", 1) == f"https://github.com/acme/bot/blob/{COMMIT}/sub/a%20b%23%3F%0A%3F.py#L1"


@pytest.mark.parametrize(
    "remote",
    ["https://git.example/acme/bot", "https://github.com.evil.example/a/b", "https://evil.example/github.com/a", "../bot", "/srv/git/bot", "C:/bot", "https://github.com/a b\"><script>"],
)  # fmt: skip
def test_other_remotes_give_no_address(repository, remote):
    git(repository, "config", "remote.origin.url", remote)
    assert line_links(repository, COMMIT)("a.py", 1) is None


def test_no_commit_no_address(repository):
    git(repository, "remote", "add", "origin", "git@github.com:acme/bot.git")
    assert line_links(repository, None)("a.py", 1) is None


def test_what_git_tracks(repository):
    (repository / ".gitignore").write_text("sub/\n")
    (repository / "new").mkdir()
    (repository / "new/b.py").write_text("")
    assert tracks(repository, "sub")
    assert tracks(repository, "sub/a.py")
    assert not tracks(repository, "new")
    assert not tracks(repository, "none")
    assert tracks(repository / "sub", "a.py")


def test_a_bare_repository(tmp_path, repository):
    git(tmp_path, "init", "-q", "--bare", "bare")
    assert is_bare(tmp_path / "bare")
    assert not is_bare(repository)
    assert not is_bare(tmp_path)


def test_a_folder_that_the_enclosing_repository_ignores_has_no_commit_of_its_own(tmp_path):
    """`assess` asks both: an enclosing repository has a commit, but it tracks nothing here."""
    import subprocess

    from ferrata.app import open_app

    (tmp_path / ".gitignore").write_text("built/\n")
    (tmp_path / "built").mkdir()
    (tmp_path / "built/a.py").write_text("x = 1\n")
    for words in (["init", "-q"], ["add", "-A"], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    with open_app(tmp_path / "built") as app:
        assert app.maturity.assess(save=False).scan.commit is None
    with open_app(tmp_path) as app:
        assert app.maturity.assess(save=False).scan.commit is not None
