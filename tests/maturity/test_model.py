"""Reading models: the built-in one, and an organisation's own that extends or replaces it."""

import pytest
import yaml

from ferrata.errors import InvalidDocument, NotFound
from ferrata.maturity import built_in_model, load_model
from ferrata.maturity.model import digest_of

PRACTICE = {
    "id": "models.owned-thing",
    "level": 1,
    "axis": "operational",
    "statement": "We own the thing.",
    "question": "Do you?",
    "answers": [{"value": 0, "text": "no"}, {"value": 1, "text": "yes"}],
    "why": "because",
    "how": {"without": "own it"},
    "effort": 1,
    "references": [{"title": "t", "url": "https://example.org/"}],
    "supports": {},
}
OWN = {"id": "ours", "version": "1", "extends": "ferrata"}
WHOLE = {
    "id": "whole",
    "version": "2",
    "dimensions": [{"id": "only", "title": "t", "about": "a"}],
    "bands": [{"level": n, "name": f"n{n}", "least": n - 1, "about": "a"} for n in (1, 2, 3, 4)],
    "practices": [{**PRACTICE, "id": f"only.p{n}", "level": n} for n in (1, 2, 3, 4)],
}


@pytest.fixture
def load(tmp_path):
    def loaded(document):
        path = tmp_path / "model.yaml"
        path.write_text(yaml.safe_dump(document, sort_keys=False))
        return load_model(path)

    return loaded


def refusals(load, document):
    with pytest.raises(InvalidDocument) as refused:
        load(document)
    return [(m.line, m.key) for m in refused.value.mistakes], str(refused.value)


def test_none_is_the_built_in_one():
    assert load_model(None) is built_in_model()


def test_no_such_file(tmp_path):
    with pytest.raises(NotFound):
        load_model(tmp_path / "none.yaml")


def test_extending_adds_changes_and_drops(load):
    base = built_in_model()
    pinned = base.practice("models.pinned")
    changed = {**PRACTICE, "id": "models.pinned", "level": 2, "statement": "Ours."}
    own = load({**OWN, "drop": ["assets.learning"], "practices": [PRACTICE, changed]})
    assert (own.id, own.version) == ("ours", f"1 (on ferrata {base.version})")
    assert {p.id for p in own.practices} == {p.id for p in base.practices} - {"assets.learning"} | {
        "models.owned-thing"
    }
    assert own.practice("models.pinned").statement == "Ours."
    # A changed practice keeps its place.
    assert own.practices.index(own.practice("models.pinned")) == base.practices.index(pinned)
    assert (own.bands, own.dimensions, own.scoring) == (base.bands, base.dimensions, base.scoring)
    assert load({**OWN, "scoring": {"met": 0.7}}).scoring.met == 0.7


def test_replacing_takes_nothing_of_the_built_in_one(load):
    own = load(WHOLE)
    assert [p.id for p in own.practices] == ["only.p1", "only.p2", "only.p3", "only.p4"]
    assert own.version == "2"


def test_the_digest_says_whether_two_models_measure_the_same(load):
    assert digest_of(load(WHOLE)) == digest_of(load(WHOLE))
    assert digest_of(load(WHOLE)) != digest_of(load({**WHOLE, "scoring": {"met": 0.7}}))
    assert digest_of(load(OWN)) != digest_of(built_in_model())


def with_practice(**changes):
    return {**WHOLE, "practices": [{**WHOLE["practices"][0], **changes}, *WHOLE["practices"][1:]]}


@pytest.mark.parametrize(
    ("document", "key", "said"),
    [
        ({**OWN, "drop": ["models.nope"]}, "drop.0", "no practice 'models.nope' in the built-in model"),
        ({**WHOLE, "dimensions": []}, "dimensions", "must declare its dimensions"),
        ({**WHOLE, "bands": WHOLE["bands"][:3]}, "bands", "four bands are needed"),
        ({**WHOLE, "bands": []}, "bands", "four bands are needed"),
        ({**WHOLE, "practices": WHOLE["practices"][:3]}, "dimensions", "only: no practice at level 4"),
        (with_practice(id="other.p1"), "practices.0.id", "no dimension 'other' (there are only)"),
        (with_practice(id="only.p2"), "practices.1.id", "only.p2: declared twice"),
        (with_practice(needs=["only.nope"]), "practices.0.needs", "needs 'only.nope', which is no practice"),
        (with_practice(needs=["only.p2"]), "practices.0.needs", "which is at a higher level or itself"),
        (with_practice(answers=[{"value": 0.5, "text": "a"}, {"value": 1, "text": "b"}]), "practices.0.answers", "must rise from 0 to 1"),
        (with_practice(level=5), "practices.0.level", "must be at most 4, not 5"),
        (with_practice(effort=0), "practices.0.effort", "must be more than 0, not 0"),
        (with_practice(references=[{"title": "t", "url": "javascript:alert(1)"}]), "practices.0.references.0.url", "must be a web address"),
        ({**OWN, "extends": "other"}, "extends", "'ferrata'"),
        ({**OWN, "practises": []}, "practises", "unknown key 'practises'; did you mean 'practices'?"),
    ],
)  # fmt: skip
def test_a_wrong_model_names_its_key(load, document, key, said):
    where, text = refusals(load, document)
    assert key in [name for _, name in where]
    assert said in text


def test_practices_in_a_circle(load):
    circle = [{**PRACTICE, "id": f"only.{a}", "needs": [f"only.{b}"]} for a, b in ("xy", "yz", "zx")]
    _, text = refusals(load, {**WHOLE, "practices": [*WHOLE["practices"], *circle]})
    assert "in a circle: only.x -> only.y -> only.z -> only.x" in text


def test_lines_are_those_of_the_file(load, tmp_path):
    where, _ = refusals(load, with_practice(level=5, effort=0))
    lines = (tmp_path / "model.yaml").read_text().splitlines()
    assert [lines[line - 1].strip() for line, _ in where] == ["level: 5", "effort: 0"]
