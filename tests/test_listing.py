import os
import subprocess
from pathlib import Path

import pytest

from ferrata.errors import NotFound, UsageError
from ferrata.listing import folder_in_repository, list_files, repository_of


def write(root, path, text="x"):
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def git(root, *words):
    subprocess.run(["git", *words], cwd=root, check=True, capture_output=True)


def paths(root):
    return [entry.path for entry in list_files(root)]


def test_plain_folder_honours_gitignore_files_and_skips_environments(tmp_path):
    write(tmp_path, "a.py")
    write(tmp_path, "sub/b.py")
    write(tmp_path, "sub/secret.env")
    write(tmp_path, "sub/.gitignore", "*.env\nbuilt/\n")
    write(tmp_path, "sub/built/c.py")
    write(tmp_path, "node_modules/x/index.js")
    write(tmp_path, ".venv/lib/y.py")
    write(tmp_path, ".ferrata/ferrata.db")
    assert paths(tmp_path) == ["a.py", "sub/.gitignore", "sub/b.py"]


def test_git_lists_tracked_and_new_but_not_ignored_files(tmp_path):
    git(tmp_path, "init", "-q")
    write(tmp_path, ".gitignore", "*.log\n")
    write(tmp_path, "tracked.log")
    git(tmp_path, "add", "-f", "tracked.log", ".gitignore")
    write(tmp_path, "new.py")
    write(tmp_path, "noise.log")
    deleted = write(tmp_path, "gone.py")
    git(tmp_path, "add", "gone.py")
    deleted.unlink()
    assert paths(tmp_path) == [".gitignore", "new.py", "tracked.log"]


def test_a_folder_inside_a_git_repository(tmp_path):
    git(tmp_path, "init", "-q")
    write(tmp_path, "outside.py")
    write(tmp_path, "in/side.py")
    assert paths(tmp_path / "in") == ["side.py"]


def test_symbolic_links_are_not_followed(tmp_path):
    write(tmp_path, "a/b.py")
    (tmp_path / "a/loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "link.py").symlink_to(tmp_path / "a/b.py")
    (tmp_path / "dangling.py").symlink_to(tmp_path / "nothing.py")
    assert paths(tmp_path) == ["a/b.py"]
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    assert paths(tmp_path) == ["a/b.py"]


def test_pipes_and_sockets_are_not_files(tmp_path):
    os.mkfifo(tmp_path / "pipe.py")
    write(tmp_path, "a.py")
    assert paths(tmp_path) == ["a.py"]


def test_a_file_system_monitor_of_the_repository_is_not_run(tmp_path):
    git(tmp_path, "init", "-q")
    write(tmp_path, "a.py")
    hook = write(tmp_path, "monitor.sh", f"#!/bin/sh\ntouch {tmp_path}/was-run\n")
    hook.chmod(0o755)
    git(tmp_path, "config", "core.fsmonitor", str(hook))
    list_files(tmp_path)
    assert not (tmp_path / "was-run").exists()


def test_without_git_installed(tmp_path, monkeypatch):
    git(tmp_path, "init", "-q")
    write(tmp_path, ".gitignore", "ignored/\n")
    write(tmp_path, "ignored/a.py")
    write(tmp_path, "b.py")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert paths(tmp_path) == [".gitignore", "b.py"]


def test_what_cannot_be_scanned_is_named(tmp_path):
    with pytest.raises(NotFound, match="no such folder"):
        list_files(tmp_path / "missing")
    with pytest.raises(UsageError, match="not a folder"):
        list_files(write(tmp_path, "file.txt"))
    git(tmp_path, "init", "-q", "--bare", "bare.git")
    with pytest.raises(UsageError, match="bare git repository"):
        list_files(tmp_path / "bare.git")


def test_empty_folder_and_empty_repository(tmp_path):
    assert paths(tmp_path) == []
    git(tmp_path, "init", "-q")
    assert paths(tmp_path) == []


def test_a_folder_that_the_enclosing_repository_ignores(tmp_path):
    git(tmp_path, "init", "-q")
    write(tmp_path, ".gitignore", "built/\n")
    write(tmp_path, "built/app/a.py")
    assert paths(tmp_path / "built/app") == ["a.py"]


def test_a_folder_is_named_from_the_root_of_its_repository(tmp_path: Path) -> None:
    nested = tmp_path / "apps" / ".bot"
    nested.mkdir(parents=True)
    assert (repository_of(nested), folder_in_repository(nested)) == (nested.resolve(), "")
    (tmp_path / ".git").write_text("gitdir: elsewhere\n")  # as in a worktree
    assert (repository_of(nested), folder_in_repository(nested)) == (tmp_path.resolve(), "apps/.bot")
    assert folder_in_repository(tmp_path) == ""
