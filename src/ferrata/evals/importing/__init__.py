"""Taking over evaluations, data, prompts and scores that other tools keep. Nothing of theirs is run."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.evals.importing.api import JsonApi
    from ferrata.evals.importing.inspect_logs import import_inspect
    from ferrata.evals.importing.langfuse import (
        LangfuseObjects,
        fetch_langfuse,
        import_langfuse,
        langfuse_headers,
        read_langfuse_items,
    )
    from ferrata.evals.importing.mlflow import MlflowObjects, fetch_mlflow, import_mlflow, mlflow_headers
    from ferrata.evals.importing.openai_evals import import_openai_evals
    from ferrata.evals.importing.openai_objects import OpenAIObjects, fetch_openai_evals, read_openai_folder
    from ferrata.evals.importing.openai_prompts import import_openai_prompts
    from ferrata.evals.importing.promptfoo import import_promptfoo
    from ferrata.evals.importing.types import DataFile, Imported, Note, PromptFile
    from ferrata.evals.importing.write import files_of, write_imported
else:
    __getattr__ = door(
        __name__,
        api=["JsonApi"],
        inspect_logs=["import_inspect"],
        langfuse=["LangfuseObjects", "fetch_langfuse", "import_langfuse", "langfuse_headers", "read_langfuse_items"],
        mlflow=["MlflowObjects", "fetch_mlflow", "import_mlflow", "mlflow_headers"],
        openai_evals=["import_openai_evals"],
        openai_objects=["OpenAIObjects", "fetch_openai_evals", "read_openai_folder"],
        openai_prompts=["import_openai_prompts"],
        promptfoo=["import_promptfoo"],
        types=["DataFile", "Imported", "Note", "PromptFile"],
        write=["files_of", "write_imported"],
    )

__all__ = [
    "DataFile",
    "Imported",
    "JsonApi",
    "LangfuseObjects",
    "MlflowObjects",
    "Note",
    "OpenAIObjects",
    "PromptFile",
    "fetch_langfuse",
    "fetch_mlflow",
    "fetch_openai_evals",
    "files_of",
    "import_inspect",
    "import_langfuse",
    "import_mlflow",
    "import_openai_evals",
    "import_openai_prompts",
    "import_promptfoo",
    "langfuse_headers",
    "mlflow_headers",
    "read_langfuse_items",
    "read_openai_folder",
    "write_imported",
]
