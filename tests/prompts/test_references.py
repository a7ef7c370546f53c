"""Which files a prompt may come from: what a link brings in from outside of the project is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ferrata.errors import InvalidDocument, NotFound
from ferrata.prompts import lint_prompt, read_prompt

if TYPE_CHECKING:
    from pathlib import Path

TEXT = "system:\nYou are kind.\nuser:\nHello\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "project/prompts").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret.prompty").write_text(TEXT)
    (tmp_path / "project/shared.prompty").write_text(TEXT)
    return tmp_path / "project"


def test_a_link_out_of_the_project_is_refused(project: Path) -> None:
    link = project / "prompts/a.prompty"
    link.symlink_to("../../outside/secret.prompty")
    target = project.parent / "outside/secret.prompty"
    with pytest.raises(InvalidDocument) as raised:
        read_prompt(link, root=project)
    (mistake,) = raised.value.mistakes
    assert (mistake.file, mistake.line) == (str(link), 1)
    assert mistake.problem == f"is a link that leads out of the project {str(project)!r}, to {str(target)!r}"
    assert "copy the file into the project" in raised.value.hint
    (finding,) = lint_prompt(link, root=project)
    assert finding.severity == "error"
    assert "leads out of the project" in finding.message


def test_a_folder_that_is_a_link_out_of_the_project_is_refused(project: Path) -> None:
    (project / "theirs").symlink_to(project.parent / "outside")
    with pytest.raises(InvalidDocument, match="leads out of the project"):
        read_prompt(project / "theirs/secret.prompty", root=project)


def test_links_within_the_project_are_followed(project: Path) -> None:
    (project / "prompts/b.prompty").symlink_to("../shared.prompty")
    assert read_prompt(project / "prompts/b.prompty", root=project).name == "b"
    (project.parent / "same").symlink_to(project)  # the project itself may be reached by a link
    assert read_prompt(project.parent / "same/prompts/b.prompty", root=project.parent / "same").name == "b"
    assert read_prompt(project.parent / "same/shared.prompty", root=project).name == "shared"


def test_a_file_outside_that_is_no_link_was_meant(project: Path) -> None:
    assert read_prompt(project.parent / "outside/secret.prompty", root=project).name == "secret"
    link = project.parent / "link.prompty"
    link.symlink_to("outside/secret.prompty")
    with pytest.raises(InvalidDocument, match="leads out of the project"):
        read_prompt(link, root=project)
    assert read_prompt(link, root=project.parent).name == "link"


def test_links_to_nothing_and_in_circles(project: Path) -> None:
    (project / "gone.prompty").symlink_to("nowhere.prompty")
    with pytest.raises(NotFound):
        read_prompt(project / "gone.prompty", root=project)
    (project / "circle.prompty").symlink_to("circle.prompty")
    with pytest.raises(InvalidDocument, match="cannot be read"):
        read_prompt(project / "circle.prompty", root=project)
