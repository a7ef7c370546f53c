"""Which files a prompt may come from: what a link brings in from outside of the project is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ferrata.errors import InvalidDocument, NotFound, UsageError
from ferrata.prompts import lint_prompt, read_prompt, render_prompt

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


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_front_matter_is_told_whatever_the_line_ends(tmp_path: Path, end: str) -> None:
    path = tmp_path / "a.prompty"
    path.write_bytes(f"---\nname: shop\ninputs: {{}}\n---\n{TEXT}".replace("\n", end).encode())
    prompt = read_prompt(path)
    assert (prompt.name, prompt.body, prompt.body_line) == ("shop", TEXT, 5)


def test_an_image_that_cannot_be_read_is_named_with_its_prompt(tmp_path: Path) -> None:
    path = tmp_path / "a.prompty"
    (tmp_path / "no.png").write_text("text")
    for name, said in (("no.png", "'no.png' is no image"), ("none.png", "there is no file 'none.png'")):
        path.write_text(f"user:\nLook: ![image]({name})\n")
        with pytest.raises(UsageError) as raised:
            render_prompt(read_prompt(path))
        assert raised.value.message.startswith(f"{path}: ")
        assert said in raised.value.message
    path.write_text("user:\n![image](data:image/png;base64,%%%)\n")
    with pytest.raises(UsageError, match=r"a\.prompty: the data of an image are not base64"):
        render_prompt(read_prompt(path))
