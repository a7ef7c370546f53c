"""The user's cache folder: whose it is, what it keeps, and when it is not used."""

import os
import stat
import subprocess
import sys

import pytest

from ferrata import caches
from ferrata.caches import UserCache, digest_of_texts


def test_what_is_kept_is_found_again(tmp_path):
    UserCache(tmp_path / "a/b").keep("one", b"1")
    assert UserCache(tmp_path / "a/b").find("one") == b"1"
    assert UserCache(tmp_path / "a/b").find("two") is None
    assert [path.name for path in (tmp_path / "a/b").iterdir()] == ["one"]


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
def test_the_folder_is_the_users_alone(tmp_path):
    UserCache(tmp_path / "cache").keep("one", b"1")
    assert stat.S_IMODE((tmp_path / "cache").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "cache/one").stat().st_mode) == 0o600


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
@pytest.mark.parametrize("mode", [0o770, 0o707])
def test_a_folder_that_others_may_write_to_is_not_used(tmp_path, mode):
    (tmp_path / "one").write_bytes(b"planted")
    tmp_path.chmod(mode)
    cache = UserCache(tmp_path)
    cache.keep("two", b"2")
    assert (cache.find("one"), cache.file("one")) == (None, None)
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_a_link_in_its_place_is_not_used(tmp_path):
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "cache").symlink_to(tmp_path / "elsewhere")
    UserCache(tmp_path / "cache").keep("one", b"1")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    cache = UserCache(tmp_path / "file/cache")
    cache.keep("one", b"1")
    assert cache.find("one") is None


def test_one_that_only_reads_changes_nothing(tmp_path):
    reader = UserCache(tmp_path / "cache", write=False)
    reader.keep("one", b"1")
    assert list(tmp_path.iterdir()) == []
    UserCache(tmp_path / "cache").keep("one", b"1")
    os.utime(tmp_path / "cache/one", (1, 1))
    reader = UserCache(tmp_path / "cache", write=False)
    reader.keep("one", b"2")
    assert reader.find("one") == b"1"
    assert (tmp_path / "cache/one").stat().st_mtime == 1


def test_none_remembers_nothing():
    UserCache(None).keep("one", b"1")
    assert UserCache(None).find("one") is None


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(("most", "size"), [("MOST_FILES", 1), ("MOST_BYTES", 1)])
def test_the_longest_unused_are_dropped(tmp_path, monkeypatch, most, size):
    monkeypatch.setattr(caches, most, 3)
    for age in range(5):
        UserCache(tmp_path / "cache").keep(f"{age}", b"x" * size)
        os.utime(tmp_path / f"cache/{age}", (age + 1, age + 1))
    UserCache(tmp_path / "cache").find("2")  # it is used again
    UserCache(tmp_path / "cache").keep("new", b"x")
    UserCache(tmp_path / "cache").find("new")
    assert names(tmp_path / "cache") == ["2", "4", "new"]


def test_two_processes_at_once_leave_one_whole_file(tmp_path):
    code = "import sys; from pathlib import Path; from ferrata.caches import UserCache\n"
    code += "for i in range(300): UserCache(Path(sys.argv[1])).keep('one', sys.argv[2].encode() * 5000)"
    words = [sys.executable, "-c", code, str(tmp_path / "cache")]
    running = [subprocess.Popen([*words, letter]) for letter in "ab"]
    seen = set()
    while any(process.poll() is None for process in running):
        seen.add(UserCache(tmp_path / "cache", write=False).find("one"))
    assert [process.returncode for process in running] == [0, 0]
    assert seen <= {None, b"a" * 5000, b"b" * 5000}
    assert names(tmp_path / "cache") == ["one"]


def test_where_it_lies(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "named"))
    UserCache.of_user(away_from=tmp_path / "project").keep("one", b"1")
    assert names(tmp_path / "named/ferrata") == ["one"]


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="its place differs there")
@pytest.mark.parametrize("named", [None, "", "relative"])
def test_a_relative_name_is_not_followed_into_the_tree(tmp_path, monkeypatch, named):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("XDG_CACHE_HOME")
    if named is not None:
        monkeypatch.setenv("XDG_CACHE_HOME", named)
    UserCache.of_user(away_from=tmp_path / "project").keep("one", b"1")
    assert names(tmp_path / "home/.cache/ferrata") == ["one"]
    assert names(tmp_path) == ["home"]


def test_one_within_the_tree_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "project/cache"))
    (tmp_path / "project/cache/ferrata").mkdir(parents=True, mode=0o700)
    (tmp_path / "project/cache/ferrata/one").write_bytes(b"planted")
    assert UserCache.of_user(away_from=tmp_path / "project").find("one") is None


def test_a_digest_knows_where_each_text_ends():
    assert digest_of_texts(["ab", "c"]) != digest_of_texts(["a", "bc"])
    assert digest_of_texts(["\udcff"]) == digest_of_texts(["\udcff"])
