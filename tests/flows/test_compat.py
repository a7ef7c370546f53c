from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

import ferrata.flows.promptflow.core as ours
from ferrata.flows import compat

PARTS = [
    ("promptflow", ["tool", "ToolProvider", "log_metric", "log_flow_metric", "PFClient", "load_flow", "load_run"]),
    ("promptflow.core", ["tool", "ToolProvider", "log_metric", "Flow", "AsyncFlow", "Prompty", "AsyncPrompty"]),
    ("promptflow.core", ["ModelConfiguration", "AzureOpenAIModelConfiguration", "OpenAIModelConfiguration"]),
    ("promptflow.core._flow", ["Prompty"]),
    ("promptflow.tracing", ["trace", "start_trace", "ThreadPoolExecutorWithContext"]),
    ("promptflow.tracing._operation_context", ["OperationContext"]),
    ("promptflow.connections", ["AzureOpenAIConnection", "OpenAIConnection", "CustomConnection", "BingConnection"]),
    ("promptflow.contracts.multimedia", ["Image", "Text", "PFBytes"]),
    ("promptflow.contracts.types", ["PromptTemplate", "Secret", "FilePath", "AssistantDefinition"]),
    ("promptflow.entities", ["InputSetting", "DynamicList", "Run", "FlowContext", "AzureOpenAIConnection"]),
    ("promptflow.client", ["PFClient", "load_flow", "load_run", "load_connection"]),
    ("promptflow.exceptions", ["PromptflowException", "UserErrorException", "SystemErrorException", "ErrorTarget"]),
    ("promptflow._core.tool", ["tool", "ToolProvider", "InputSetting", "DynamicList", "GeneratedBy"]),
    ("promptflow._internal", ["tool", "ToolProvider", "register_apis", "ErrorResponse", "ExceptionPresenter"]),
    ("promptflow._utils.logger_utils", ["get_logger"]),
    ("promptflow._utils.yaml_utils", ["load_yaml"]),
    ("promptflow._sdk.entities", ["AzureOpenAIConnection"]),
    ("promptflow._sdk._errors", ["InvalidRunStatusError"]),
    ("promptflow.executor._assistant_tool_invoker", ["AssistantToolInvoker"]),
    ("promptflow.tools", ["OpenAI", "AzureOpenAI", "SerpAPI"]),
    ("promptflow.tools.openai", ["chat", "completion"]),
    ("promptflow.tools.aoai", ["chat", "completion"]),
    ("promptflow.tools.common", ["render_jinja_template", "parse_chat"]),
    ("promptflow.tools.exception", ["WrappedOpenAIError", "ChatAPIInvalidRole"]),
]


@pytest.mark.usefixtures("offered")
@pytest.mark.parametrize(("module", "names"), PARTS, ids=[module for module, _ in PARTS])
def test_user_code_finds_what_it_imports(module: str, names: list[str]) -> None:
    found = import_module(module)
    assert [name for name in names if not hasattr(found, name)] == []


@pytest.mark.usefixtures("offered")
def test_a_part_is_one_module_under_both_names() -> None:
    found = import_module("promptflow.core")
    assert found is ours
    assert (ours.__name__, ours.__spec__.name) == ("ferrata.flows.promptflow.core",) * 2  # pyright: ignore[reportOptionalMemberAccess]
    assert import_module("promptflow._core.tool").tool is ours.tool


@pytest.mark.usefixtures("offered")
@pytest.mark.parametrize(
    ("module", "said"),
    [
        ("promptflow.azure", "promptflow-azure.*azure-ai-ml"),
        ("promptflow.evals.evaluators", "promptflow-evals.*pip install azure-ai-evaluation"),
        ("promptflow.nothing", "No module named 'promptflow.nothing'.*pip install promptflow"),
    ],
)
def test_a_missing_part_says_what_to_do(module: str, said: str) -> None:
    with pytest.raises(ModuleNotFoundError, match=said):
        import_module(module)


def test_it_is_installed_once_and_can_be_taken_back() -> None:
    before = list(sys.meta_path)
    compat.install()
    compat.install()
    assert len(sys.meta_path) == len(before) + 1
    import_module("promptflow.core")
    compat.uninstall()
    assert sys.meta_path == before
    assert [name for name in sys.modules if name.partition(".")[0] == "promptflow"] == []


def test_the_real_package_wins(tmp_path) -> None:
    folder = tmp_path / "promptflow"
    folder.mkdir()
    (folder / "__init__.py").write_text("real = True\n")
    code = (
        "from ferrata.flows import compat; compat.install(); import promptflow; print(promptflow.real)\n"
        "try:\n    import promptflow.core\nexcept ModuleNotFoundError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "True\nNo module named 'promptflow.core'\n"


@pytest.mark.parametrize(("inside", "real"), [("notes.py", False), ("tracing/__init__.py", True)])
def test_a_folder_of_that_name_is_no_package_but_a_part_of_the_real_one_is(
    tmp_path, inside: str, *, real: bool
) -> None:
    file = tmp_path / "promptflow" / inside
    file.parent.mkdir(parents=True)
    file.write_text("")
    code = "from ferrata.flows import compat; compat.install(); import promptflow; print(promptflow.__spec__.origin is None)"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == f"{real}\n"


def test_what_a_tool_imports_is_quick() -> None:
    code = (
        "from ferrata.flows import compat; compat.install(); import sys\n"
        "from promptflow.core import tool, log_metric\n"
        "from promptflow.connections import AzureOpenAIConnection\n"
        "from promptflow.contracts.multimedia import Image\n"
        "print([name for name in ('pydantic', 'httpx2', 'jinja2', 'sqlalchemy', 'asyncio', 'yaml') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
