"""Scripts that manifests and task runners declare, keyed by how they are called: `npm test`, `make eval`, `poe check`.

What a script asks for first (prerequisites, sub-tasks) is written as a call at its head, so that calls can be followed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from ferrata.maturity.scan.lined_yaml import Table, Text, items_of, load_documents, table_of, text_of, texts_of
from ferrata.maturity.scan.manifests.parsed import Tree, json_tree, strings, toml_tree, tree

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["read_scripts"]

_MAX_CHARS = 500_000
_TARGET = re.compile(r"^(?P<names>[\w./%$(){} -]+?)\s*::?(?![=:])(?P<needs>[^=#;\n]*)(?:;(?P<recipe>.*))?(?:#.*)?$")
_RECIPE = re.compile(r"^@?(?P<name>[A-Za-z_][\w-]*)(?P<args>[^:\n]*):(?!=)(?P<needs>.*)$")


def read_scripts(path: str, text: str) -> dict[str, str]:
    """The scripts of a package.json, composer.json, pyproject.toml, Makefile, justfile or Taskfile.

    Args:
        path: decides by its last part what the file is.
        text: what it says.

    Returns:
        `TOOL NAME` -> commands, one a line; empty for other and for broken files.
    """
    name = path.rpartition("/")[2].lower()
    if len(text) > _MAX_CHARS:
        return {}
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if name == "package.json":
        return {
            f"npm {key}": value for key, value in tree(json_tree(text).get("scripts")).items() if isinstance(value, str)
        }
    if name == "composer.json":
        return dict(_composer(tree(json_tree(text).get("scripts"))))
    if name == "pyproject.toml":
        return dict(_pyproject(tree(toml_tree(text).get("tool"))))
    if name in {"makefile", "gnumakefile"} or name.endswith(".mk"):
        return _make(text)
    if name in {"justfile", ".justfile"} or name.endswith(".just"):
        return _just(text)
    if re.fullmatch(r"taskfile(?:\.dist)?\.ya?ml", name):
        return dict(_taskfile(text))
    return {}


def _composer(scripts: Tree) -> Iterator[tuple[str, str]]:
    for name, value in scripts.items():
        lines = [
            f"composer {line[1:]}"
            if line.startswith("@") and not line.startswith("@php ")
            else line.removeprefix("@php ")
            for line in strings(value)
        ]
        if lines:
            yield f"composer {name}", "\n".join(lines)


def _pyproject(tool: Tree) -> Iterator[tuple[str, str]]:
    sources = (
        ("poe", tree(tool.get("poe")).get("tasks")),
        ("pdm", tree(tool.get("pdm")).get("scripts")),
        ("rye", tree(tool.get("rye")).get("scripts")),
        ("pixi", tree(tool.get("pixi")).get("tasks")),
        ("task", tree(tool.get("taskipy")).get("tasks")),
    )
    for runner, value in sources:
        for name, task in tree(value).items():
            if commands := _commands(task, runner):
                yield f"{runner} {name}", commands
    for env, value in tree(tree(tool.get("hatch")).get("envs")).items():
        for name, task in tree(tree(value).get("scripts")).items():
            if commands := _commands(task, "hatch run"):
                yield f"hatch {env}:{name}", commands
                yield f"hatch {name}", commands


def _commands(task: object, runner: str) -> str:
    """A task's commands, one a line: a text, a list of them, or a table that says which kind it is."""
    if isinstance(task, str):
        return task
    if isinstance(task, list):
        names = re.compile(r"[\w:-]+")
        parts = cast("list[object]", task)
        return "\n".join(
            f"{runner} {part}" if isinstance(part, str) and names.fullmatch(part) else _commands(part, runner)
            for part in parts
        )
    table = tree(task)
    lines = [
        f"{runner} {name}"
        for name in strings(table.get("deps")) + strings(table.get("depends-on")) + strings(table.get("ref"))
    ]
    for key in ("cmd", "shell", "script", "call"):
        value = table.get(key)
        lines += [" ".join(strings(value))] if value else []
    for key in ("sequence", "composite"):
        lines += [_commands(table.get(key), runner)] if isinstance(table.get(key), list) else []
    return "\n".join(line for line in lines if line)


def _make(text: str) -> dict[str, str]:
    recipes: dict[str, list[str]] = {}
    needs: dict[str, list[str]] = {}
    current: list[str] = []
    for line in re.sub(r"(?<![ \t])[ \t]*\\\n[ \t]*", " ", text).split("\n"):
        if line.startswith("\t"):
            for name in current:
                recipes[name].append(_make_line(line))
            continue
        match = _TARGET.match(line) if line[:1].strip() and len(line) < 2_000 else None
        if match and not match["names"].startswith("."):
            current = [name for name in match["names"].split() if "%" not in name and "$" not in name]
            for name in current:
                recipes.setdefault(name, []).extend([_make_line(match["recipe"])] if match["recipe"] else [])
                needs.setdefault(name, []).extend(match["needs"].split())
        elif line.strip() and not line.lstrip().startswith(("#", "if", "else", "endif")):
            current = []
    return {
        f"make {name}": "\n".join([f"make {need}" for need in needs[name] if need in recipes] + lines)
        for name, lines in recipes.items()
    }


def _make_line(line: str) -> str:
    """A recipe's line; `-` before it means that its failure is ignored."""
    marks, command = cast("re.Match[str]", re.match(r"\s*([@+-]*)\s*(.*)$", line)).groups()
    return f"{command} || true" if "-" in marks else command


def _just(text: str) -> dict[str, str]:
    recipes: dict[str, list[str]] = {}
    needs: dict[str, list[str]] = {}
    current = ""
    for line in text.split("\n"):
        if line[:1] in (" ", "\t"):
            if current:
                recipes[current].append(_make_line(line))
            continue
        match = _RECIPE.match(line[:2_000])
        if match:
            current = match["name"]
            recipes[current] = []
            needs[current] = re.findall(r"[A-Za-z_][\w-]*", match["needs"].partition("#")[0])
        elif line.strip() and not line.startswith("#"):
            current = ""
    return {
        f"just {name}": "\n".join([f"just {need}" for need in needs[name] if need in recipes] + lines)
        for name, lines in recipes.items()
    }


def _taskfile(text: str) -> Iterator[tuple[str, str]]:
    for document in load_documents(text):
        for name, task in table_of(table_of(document).get("tasks")).items():
            table = table_of(task)
            commands: list[str] = [
                f"task {need}"
                for item in items_of(table.get("deps"))
                if (need := text_of(item) or text_of(table_of(item).get("task")))
            ]
            for item in (
                items_of(task)
                if isinstance(task, Text) or not isinstance(task, Table)
                else items_of(table.get("cmds")) + items_of(table.get("cmd"))
            ):
                called = text_of(table_of(item).get("task"))
                ignored = " || true" if text_of(table_of(item).get("ignore_error")) == "true" else ""
                commands += (
                    [f"task {called}"]
                    if called
                    else [text + ignored for text in (texts_of(item) or texts_of(table_of(item).get("cmd")))]
                )
            yield f"task {name}", "\n".join(commands)
