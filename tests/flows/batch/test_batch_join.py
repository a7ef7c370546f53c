from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ferrata.flows import FlowError, InputSpec
from ferrata.flows.batch.join import Sources, check_sources, count_of, rows_of
from ferrata.flows.batch.mapping import plan_mapping

if TYPE_CHECKING:
    from pathlib import Path


class Earlier:
    """A run of which some rows were completed."""

    name = "first"

    def __init__(self, outputs: dict[int, dict]) -> None:
        self.outputs = outputs

    def completed(self):
        return iter(sorted(self.outputs))

    def output(self, number: int):
        return {"line_number": number, **self.outputs[number]} if number in self.outputs else None


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


def joined(sources: Sources, **mapping: object):
    plan = plan_mapping({}, mapping)
    check_sources(sources, plan)
    return [(row.number, row.inputs) for row in rows_of(sources, plan)]


def error(sources: Sources, **mapping: object) -> FlowError:
    with pytest.raises(FlowError) as caught:
        joined(sources, **mapping)
    return caught.value


def test_rows_of_three_sources_go_together_by_number(tmp_path: Path) -> None:
    data = write(tmp_path / "d.jsonl", {"g": "a"}, {"g": "b"}, {"g": "c"})
    asked = write(tmp_path / "i.jsonl", {"q": 1}, {"q": 2}, {"q": 3})
    sources = Sources(data, Earlier({0: {"y": 10}, 2: {"y": 30}}), asked)
    mapping = {"g": "${data.g}", "y": "${run.outputs.y}", "q": "${run.inputs.q}"}
    assert joined(sources, **mapping) == [(0, {"g": "a", "y": 10, "q": 1}), (2, {"g": "c", "y": 30, "q": 3})]
    assert count_of(sources) == 2
    assert joined(sources._replace(data=None), q="${run.inputs.q}") == [(0, {"q": 1}), (2, {"q": 3})]


def test_numbers_in_the_data_join_rows_in_any_order(tmp_path: Path) -> None:
    data = write(
        tmp_path / "d.jsonl", {"line_number": 2, "g": "c"}, {"line_number": 0, "g": "a"}, {"line_number": 7, "g": "?"}
    )
    sources = Sources(data, Earlier({0: {"y": 10}, 2: {"y": 30}}))
    assert joined(sources, g="${data.g}", y="${run.outputs.y}") == [(2, {"g": "c", "y": 30}), (0, {"g": "a", "y": 10})]


def test_sources_of_different_lengths_cannot_be_joined(tmp_path: Path) -> None:
    data = write(tmp_path / "d.jsonl", {"g": "a"})
    asked = write(tmp_path / "i.jsonl", {"q": 1}, {"q": 2})
    found = error(Sources(data, Earlier({0: {"y": 1}}), asked), g="${data.g}")
    assert found.codes == ("InputMappingError",)
    assert found.message == "data has 1 rows and run.inputs 2: they cannot be joined by number"


def test_sources_without_a_row_in_common_are_refused(tmp_path: Path) -> None:
    data = write(tmp_path / "d.jsonl", {"g": "a"})
    assert error(Sources(data, Earlier({5: {"y": 1}})), g="${data.g}").codes == ("InputMappingError",)


def test_no_rows_at_all_are_refused(tmp_path: Path) -> None:
    data = write(tmp_path / "d.jsonl")
    assert error(Sources(data), g="${data.g}").codes == ("EmptyInputsData",)
    assert error(Sources(None, Earlier({})), y="${run.outputs.y}").codes == ("EmptyInputsData",)
    assert error(Sources(), g="${data.g}").codes == ("ValidationException",)


def test_a_column_that_is_in_no_row_is_an_error_before_the_run(tmp_path: Path) -> None:
    data = write(tmp_path / "d.jsonl", {"a": 1}, {"b": 1}, "broken")
    found = error(Sources(data), x="${data.z}", y="${data.b}", w="${run.outputs.v}")
    assert found.codes == ("ApplyInputMappingError",)
    assert found.message == "the column mapping names what is not there: ${data.z}, ${run.outputs.v}"
    assert found.hint == "there is ${data.a}, ${data.b}"


def test_rows_of_which_none_can_be_read_are_left_to_the_run(tmp_path: Path) -> None:
    data = write(tmp_path / "d.jsonl", "broken")
    plan = plan_mapping({"x": InputSpec("string")}, None)
    check_sources(Sources(data), plan)
    (row,) = rows_of(Sources(data), plan)
    assert row.error is not None and row.error.codes == ("InvalidUserData",)


@pytest.mark.parametrize(
    ("numbers", "twice"), [((0, 5, 0), 3), ((10**12, 3, 10**12), 3), ((3000, *range(2000), 3000), 2002)]
)
def test_a_number_that_comes_twice_is_refused(tmp_path: Path, numbers: tuple[int, ...], twice: int) -> None:
    data = write(tmp_path / "d.jsonl", *({"line_number": number, "a": 1} for number in numbers))
    mapping = plan_mapping({"a": InputSpec("int")}, None)
    with pytest.raises(FlowError, match=rf"d.jsonl:{twice}: line_number {numbers[-1]} of data comes again"):
        for _ in rows_of(Sources(data), mapping):
            pass


@pytest.mark.parametrize("number", [-1, "x", 1.5, None, True])
def test_a_number_that_is_none_is_refused(tmp_path: Path, number: object) -> None:
    data = write(tmp_path / "d.jsonl", {"line_number": 0, "a": 1}, {"line_number": number, "a": 2})
    found = error(Sources(data), a="${data.a}")
    assert f"d.jsonl:2: line_number {number!r} of data must be a whole number from 0" in found.message


def test_paths_in_the_data_are_resolved_by_its_folder(tmp_path: Path) -> None:
    data = write(tmp_path / "d.jsonl", {"a": "cat.png"})
    plan = plan_mapping({}, {"a": "${data.a}"})
    resolved = rows_of(
        Sources(data), plan, resolve=lambda values, folder: {k: str(folder / v) for k, v in values.items()}
    )
    assert [row.inputs for row in resolved] == [{"a": str(tmp_path / "cat.png")}]
