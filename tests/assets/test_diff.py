from __future__ import annotations

from ferrata.assets import Change, compare_versions

NAMES = ("prompt/support@1", "prompt/support@2")


def test_text_is_compared_file_by_file() -> None:
    found = compare_versions(
        {"a.txt": b"one\ntwo\n", "same.txt": b"x", "old.txt": b"gone\n"},
        {"a.txt": b"one\nthree\n", "same.txt": b"x", "new.txt": b"here\n"},
        names=NAMES,
    )
    assert list(found.texts) == ["a.txt", "new.txt", "old.txt"]
    assert found.texts["a.txt"] == (
        "--- prompt/support@1/a.txt\n+++ prompt/support@2/a.txt\n@@ -1,2 +1,2 @@\n one\n-two\n+three\n"
    )
    assert found.texts["new.txt"].startswith("--- (none)\n+++ prompt/support@2/new.txt\n")
    assert found.changes == ()


def test_what_is_no_text_is_said_to_differ() -> None:
    found = compare_versions({"a.bin": b"\xff\0"}, {"a.bin": b"\xff\0\1"}, names=NAMES)
    assert found.texts == {"a.bin": "a.bin is no text: 2 bytes in prompt/support@1, 3 bytes in prompt/support@2\n"}
    found = compare_versions({"a": b"x\r\n"}, {"a": b"x\n"}, names=NAMES)
    assert found.texts == {"a": "a differs in its line ends only\n"}
    found = compare_versions({"a": b"x\n" * 20_000}, {"a": b"y\n"}, names=NAMES)
    assert "too many to compare" in found.texts["a"]


def test_json_is_compared_by_its_fields() -> None:
    found = compare_versions(
        {"model.json": b'{"id": "gpt", "limits": {"tokens": 100, "rate": 1}, "tags": ["a"]}', "bad.json": b"{"},
        {"model.json": b'{"tags": ["a", "b"], "limits": {"tokens": 200}, "id": "gpt", "note": null}', "bad.json": b"["},
        names=NAMES,
    )
    assert found.changes == (
        Change("model.json: limits.rate", 1, None),
        Change("model.json: limits.tokens", 100, 200),
        Change("model.json: note", None, None),
        Change("model.json: tags", ["a"], ["a", "b"]),
    )


def test_order_and_space_of_json_change_text_but_no_meaning() -> None:
    found = compare_versions({"m.json": b'{"a":1,"b":2}'}, {"m.json": b'{ "b": 2, "a": 1 }'}, names=NAMES)
    assert list(found.texts) == ["m.json"]
    assert found.changes == ()


def test_who_knows_the_kind_says_what_it_means() -> None:
    found = compare_versions(
        {"p": b"temperature 0"}, {"p": b"temperature 1"}, names=NAMES, meaning=lambda files: {"words": len(files["p"])}
    )
    assert found.changes == ()
    assert found.as_json() == {"same": False, "files": dict(found.texts), "changes": []}
    assert compare_versions({"p": b""}, {"p": b""}, names=NAMES).as_json() == {"same": True, "files": {}, "changes": []}
