"""Evaluation: evaluators, and a runner that takes a target over a dataset."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.evals.assertions import Assertions, JudgedAssertions
    from ferrata.evals.importing import (
        Imported,
        JsonApi,
        LangfuseObjects,
        MlflowObjects,
        OpenAIObjects,
        fetch_langfuse,
        fetch_mlflow,
        fetch_openai_evals,
        files_of,
        import_inspect,
        import_langfuse,
        import_mlflow,
        import_openai_evals,
        import_openai_prompts,
        import_promptfoo,
        langfuse_headers,
        mlflow_headers,
        read_langfuse_items,
        read_openai_folder,
        write_imported,
    )
    from ferrata.evals.types import Evaluator, Judging, Measure, Produced, Score, Scoring, Target, passes
else:
    __getattr__ = door(
        __name__,
        assertions=["Assertions", "JudgedAssertions"],
        importing=[
            "Imported",
            "JsonApi",
            "LangfuseObjects",
            "MlflowObjects",
            "OpenAIObjects",
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
        ],
        types=["Evaluator", "Judging", "Measure", "Produced", "Score", "Scoring", "Target", "passes"],
    )

__all__ = [
    "Assertions",
    "Evaluator",
    "Imported",
    "JsonApi",
    "JudgedAssertions",
    "Judging",
    "LangfuseObjects",
    "Measure",
    "MlflowObjects",
    "OpenAIObjects",
    "Produced",
    "Score",
    "Scoring",
    "Target",
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
    "passes",
    "read_langfuse_items",
    "read_openai_folder",
    "write_imported",
]
