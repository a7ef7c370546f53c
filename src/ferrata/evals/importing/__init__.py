"""Taking over evaluations, data, prompts and scores that other tools keep. Nothing of theirs is run."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.evals.importing.api import JsonApi
    from ferrata.evals.importing.inspect_logs import import_inspect
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
    "Note",
    "OpenAIObjects",
    "PromptFile",
    "fetch_openai_evals",
    "files_of",
    "import_inspect",
    "import_openai_evals",
    "import_openai_prompts",
    "import_promptfoo",
    "read_openai_folder",
    "write_imported",
]
