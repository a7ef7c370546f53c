"""`ferrata eval import`: what other tools keep, taken over into files of the project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ferrata.cli.import_options import finish, import_options, read_key, server_options
from ferrata.cli.lazy import LazyGroup

__all__ = ["import_group", "inspect", "langfuse", "mlflow", "openai_evals", "openai_prompts", "promptfoo"]

# Source -> module, attribute, one line of help.
_COMMANDS = {
    "promptfoo": ("eval_import", "promptfoo", "A configuration: prompts, tests and assertions."),
    "openai-evals": ("eval_import", "openai_evals", "OpenAI's Evals: definitions, runs and items."),
    "openai-prompts": ("eval_import", "openai_prompts", "OpenAI's stored prompts, from JSON."),
    "inspect": ("eval_import", "inspect", "Logs of Inspect: samples, answers and scores."),
    "langfuse": ("eval_import", "langfuse", "Datasets, prompts with labels, and scores of Langfuse."),
    "mlflow": ("eval_import", "mlflow", "Datasets, prompts with aliases, and assessments of MLflow 3."),
}


@click.group("import", cls=LazyGroup, table=_COMMANDS)
def import_group() -> None:
    """Take over data, prompts, evaluators and scores from other tools, as files of the project.

    Nothing of theirs is run, and nothing is dropped without a word: the report names what came, what changed and what did not come.
    """


@click.command("promptfoo")
@click.argument("path", type=click.Path(path_type=Path), default="promptfooconfig.yaml", metavar="[CONFIG]")
@import_options
def promptfoo(*, path: Path, name: str, **options: Any) -> None:
    """A configuration of promptfoo: prompts, tests with their assertions, and the first model.

    CONFIG is a file of YAML or JSON, or its folder.  [default: promptfooconfig.yaml]
    """
    from ferrata.evals import import_promptfoo

    finish(import_promptfoo(path, name=name), **options)


@click.command("openai-evals")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--eval", "ids", multiple=True, metavar="ID", help="Only this eval; again for more.  [default: all]")
@server_options("https://api.openai.com/v1", "OPENAI_API_KEY")
@import_options
def openai_evals(
    *, folder: Path | None, ids: tuple[str, ...], url: str, key_env: str, name: str, **options: Any
) -> None:
    """OpenAI's Evals, whose API ends on 2026-11-30: definitions, rows, runs with their scores, and judges as prompts.

    Without FOLDER the API is asked. FOLDER holds what its API gave, saved as JSON or JSON lines; contents of files as FILE_ID.jsonl.
    """
    import asyncio

    from ferrata.evals import JsonApi, OpenAIObjects, fetch_openai_evals, import_openai_evals, read_openai_folder

    async def fetch() -> OpenAIObjects:
        async with JsonApi(url, {"authorization": f"Bearer {read_key(key_env)}"}, who="OpenAI") as api:
            return await fetch_openai_evals(api, ids)

    objects = read_openai_folder(folder) if folder is not None else asyncio.run(fetch())
    finish(import_openai_evals(objects, name=name), **options)


@click.command("openai-prompts")
@click.argument("path", type=click.Path(path_type=Path))
@import_options
def openai_prompts(*, path: Path, name: str, **options: Any) -> None:
    """OpenAI's stored prompts (pmpt_...), which end on 2026-11-30.

    There is no API that hands them out. PATH is a file of JSON, or a folder of such: answers of the Responses API to requests that
    named the prompt, or what was copied from the dashboard as {id, version, name, model, messages}.
    """
    from ferrata.evals import import_openai_prompts

    finish(import_openai_prompts(path, name=name), **options)


@click.command("inspect")
@click.argument("path", type=click.Path(path_type=Path))
@import_options
def inspect(*, path: Path, name: str, **options: Any) -> None:
    """Logs of Inspect: samples as rows, answers with their scores, and the prompt where it is plain.

    PATH is a log (.eval or .json) or a folder of logs. Logs of one task share their rows.
    """
    from ferrata.evals import import_inspect

    finish(import_inspect(path, name=name), **options)


@click.command("langfuse")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--dataset", "datasets", multiple=True, metavar="NAME", help="Only this one; again for more.")
@click.option("--all-versions", is_flag=True, help="Of prompts also versions without a label.")
@server_options("https://cloud.langfuse.com", "LANGFUSE_SECRET_KEY")
@click.option(
    "--public-key-env", default="LANGFUSE_PUBLIC_KEY", show_default=True, help="Variable with the public key."
)
@import_options
def langfuse(
    *,
    file: Path | None,
    datasets: tuple[str, ...],
    all_versions: bool,
    url: str,
    key_env: str,
    public_key_env: str,
    name: str,
    **options: Any,
) -> None:
    """Langfuse: datasets with their runs, prompts with their labels, and scores.

    Without FILE the API is asked. FILE holds dataset items as JSON, JSON lines or CSV (input, expectedOutput, metadata).
    """
    import asyncio

    from ferrata.evals import (
        JsonApi,
        LangfuseObjects,
        fetch_langfuse,
        import_langfuse,
        langfuse_headers,
        read_langfuse_items,
    )

    async def fetch() -> LangfuseObjects:
        headers = langfuse_headers(read_key(public_key_env), read_key(key_env))
        async with JsonApi(url, headers, who="Langfuse") as api:
            return await fetch_langfuse(api, datasets, all_versions=all_versions)

    objects = read_langfuse_items(file) if file is not None else asyncio.run(fetch())
    finish(import_langfuse(objects, name=name), **options)


@click.command("mlflow")
@click.option(
    "--url",
    envvar="MLFLOW_TRACKING_URI",
    required=True,
    help="Address of the tracking server.  [env: MLFLOW_TRACKING_URI]",
)
@click.option(
    "--experiment", "experiments", multiple=True, metavar="ID", help="Its datasets and traces; again for more."
)
@import_options
def mlflow(*, url: str, experiments: tuple[str, ...], name: str, **options: Any) -> None:
    """MLflow 3: evaluation datasets, prompts with their aliases, and assessments of an experiment's traces.

    The server's address is http or https; files of SQLite and mlruns folders are not read: start a server over them. Keys come from
    MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.
    """
    import asyncio
    import os

    from ferrata.evals import JsonApi, MlflowObjects, fetch_mlflow, import_mlflow, mlflow_headers

    keys = (os.environ.get(f"MLFLOW_TRACKING_{key}", "") for key in ("TOKEN", "USERNAME", "PASSWORD"))

    async def fetch() -> MlflowObjects:
        async with JsonApi(url, mlflow_headers(*keys), who="MLflow") as api:
            return await fetch_mlflow(api, experiments)

    finish(import_mlflow(asyncio.run(fetch()), name=name), **options)
