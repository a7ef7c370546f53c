from __future__ import annotations

import inspect
from importlib import import_module
from importlib.metadata import EntryPoint

import pytest

from ferrata.flows import packages
from ferrata.flows.failures import FlowError
from ferrata.flows.packages import package_tool, package_tools

KINDS = {"string", "int", "double", "bool", "list", "object"}


@pytest.mark.usefixtures("offered")
@pytest.mark.parametrize("identity", packages._own())
def test_every_own_tool_is_there_and_takes_its_inputs(identity: str) -> None:
    tool = package_tools()[identity]
    module = import_module(tool["module"])
    owner = getattr(module, tool["class_name"]) if "class_name" in tool else module
    function = getattr(owner, tool["function"])
    assert hasattr(function, "__tool")
    taken = (
        {*inspect.signature(function).parameters, *inspect.signature(owner).parameters}
        if owner is not module
        else {*inspect.signature(function).parameters}
    )
    assert tool["inputs"].keys() <= taken
    named = {kind for one in tool["inputs"].values() for kind in one["type"]}
    assert {kind for kind in named if not kind.endswith("Connection")} <= KINDS


def test_an_older_id_means_the_same_tool() -> None:
    older = package_tool("content_safety_text.tools.content_safety_text_tool.analyze_text")
    assert older["module"] == "promptflow.tools.azure_content_safety"


def list_tools() -> dict:
    return {"acme.shout": {"type": "python", "module": "acme", "function": "shout", "inputs": {}}}


def fail() -> dict:
    raise ImportError("no module acme_core")


def test_tools_of_installed_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [
        EntryPoint("good", f"{__name__}:list_tools", "package_tools"),
        EntryPoint("bad", f"{__name__}:fail", "package_tools"),
    ]
    monkeypatch.setattr(packages, "entry_points", lambda group: points if group == "package_tools" else [])
    packages._found.cache_clear()
    try:
        assert package_tool("acme.shout")["function"] == "shout"
        with pytest.raises(
            FlowError, match="'acme.shoot' is not found.*'bad' does not load: ImportError: no module acme_core"
        ) as caught:
            package_tool("acme.shoot")
    finally:
        packages._found.cache_clear()
    assert (caught.value.codes, caught.value.hint) == (("PackageToolNotFoundError",), "did you mean 'acme.shout'?")
