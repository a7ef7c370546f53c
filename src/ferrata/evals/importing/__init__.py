"""Taking over evaluations, data, prompts and scores that other tools keep. Nothing of theirs is run."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.evals.importing.promptfoo import import_promptfoo
    from ferrata.evals.importing.types import DataFile, Imported, Note, PromptFile
    from ferrata.evals.importing.write import files_of, write_imported
else:
    __getattr__ = door(
        __name__,
        promptfoo=["import_promptfoo"],
        types=["DataFile", "Imported", "Note", "PromptFile"],
        write=["files_of", "write_imported"],
    )

__all__ = ["DataFile", "Imported", "Note", "PromptFile", "files_of", "import_promptfoo", "write_imported"]
