"""Rule packs: what is refused, with file, line and key; and the memory of parsed rules."""

import pytest

from ferrata.caches import UserCache
from ferrata.errors import InvalidDocument
from ferrata.maturity import built_in_rules
from ferrata.maturity.scan.packs import load_rules
from ferrata.maturity.scan.patterns import CodePattern

GOOD = """\
rules:
  - id: own
    shows: {models.pinned: 0.5}
    message: seen
    literals: [ask]
    match: {code: {python: ["ask($X)"]}}
    examples: {positive: [{path: a.py, text: ask(1)}], negative: [{path: a.py, text: x}]}
"""


def mistakes(tmp_path, text):
    (tmp_path / "own.yaml").write_text(text)
    with pytest.raises(InvalidDocument) as caught:
        load_rules([tmp_path])
    return [(m.line, m.key, m.problem) for m in caught.value.mistakes]


@pytest.mark.parametrize(
    ("old", "new", "line", "problem"),
    [
        ('python: ["ask($X)"]', "python: [{kind: nonsense}]", 6, "own: cannot get matcher"),
        ('python: ["ask($X)"]', 'python: [{regex: "(?!x)"}]', 6, "look-around"),
        ('python: ["ask($X)"]', "cobol: [x]", 6, "must be 'python', 'typescript'"),
        ("literals: [ask]", "literals: []", 2, "needs `literals`"),
        ('{code: {python: ["ask($X)"]}}', '{text: {pattern: "("}}', 6, "not a regular expression"),
        ('{code: {python: ["ask($X)"]}}', "{paths: [a], secret: {kinds: [b]}}", 6, "exactly one way to match"),
        ('{code: {python: ["ask($X)"]}}', "{}", 6, "exactly one way to match"),
        ("message: seen", "massage: seen", 4, "unknown key 'massage'; did you mean 'message'?"),
        ("models.pinned: 0.5", "models.pinned: 5", 3, "must be at most 1, not 5"),
    ],
)
def test_mistakes_name_their_place(tmp_path, old, new, line, problem):
    found = mistakes(tmp_path, GOOD.replace(old, new))
    assert any(at == line and problem in text for at, _, text in found), found


def test_two_rules_of_one_id(tmp_path):
    ((line, key, problem),) = mistakes(tmp_path, GOOD + GOOD.removeprefix("rules:\n"))
    assert (line, key, problem) == (8, "rules.1.id", "rule 'own' is declared twice")


def test_a_key_that_yaml_reads_as_true_is_named_as_it_is_written(tmp_path):
    ((_, key, _),) = mistakes(
        tmp_path,
        GOOD.replace("    literals: [ask]\n", "").replace('{code: {python: ["ask($X)"]}}', "{ci: {on: [push, pul]}}"),
    )
    assert key == "rules.0.match.ci.on.1"


DERIVED = """\
rules:
  - id: known
    shows: {models.pinned: 0.5}
    message: seen
    match:
      derived:
        any: [own, ownn]
        none:
          - nothing
          - known
    examples: {positive: [{path: a.py, text: ask(1)}], negative: [{path: a.py, text: x}]}
"""


def test_a_derived_rule_of_nothing_is_named_by_its_own_file(tmp_path):
    derived = tmp_path / "derived.yaml"
    derived.write_text(DERIVED)
    (tmp_path / "own.yaml").write_text(GOOD)
    with pytest.raises(InvalidDocument) as caught:
        load_rules([tmp_path])
    assert caught.value.mistakes == [
        (
            str(derived),
            7,
            "rules.0.match.derived.any.1",
            "known: derives from 'ownn', and there is no such rule; did you mean 'own'?",
        ),
        (
            str(derived),
            9,
            "rules.0.match.derived.none.0",
            "known: derives from 'nothing', and there is no such rule",
        ),
        (
            str(derived),
            10,
            "rules.0.match.derived.none.1",
            "known: derives from 'known', which is derived itself",
        ),
    ]


def test_parsed_rules_are_remembered_and_forgotten(tmp_path):
    (tmp_path / "own.yaml").write_text(GOOD)
    memory = UserCache(tmp_path / "cache")
    first = load_rules([tmp_path], memory=memory)
    (remembered,) = (tmp_path / "cache").iterdir()
    assert load_rules([tmp_path], memory=memory).rules == first.rules
    remembered.write_text(remembered.read_text().replace("seen", "remembered"))
    assert load_rules([tmp_path], memory=memory).by_id["own"].message == "remembered"
    (tmp_path / "own.yaml").write_text(GOOD.replace("seen", "noticed"))
    assert load_rules([tmp_path], memory=memory).by_id["own"].message == "noticed"


def test_rules_of_the_project_are_read_anew_and_leave_the_others_remembered(tmp_path):
    for folder, text in (("pack", GOOD), ("own", GOOD.replace("own", "mine"))):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.yaml").write_text(text)
    memory = UserCache(tmp_path / "cache")
    alone = load_rules([tmp_path / "pack"], memory=memory)
    (remembered,) = (tmp_path / "cache").iterdir()
    remembered.write_text(remembered.read_text().replace("seen", "remembered"))
    both = load_rules([tmp_path / "pack"], own=[tmp_path / "own"], memory=memory)
    assert {rule.id: rule.message for rule in both.rules} == {"own": "remembered", "mine": "seen"}
    assert both.digest != alone.digest
    assert list((tmp_path / "cache").iterdir()) == [remembered]


def test_a_rule_of_the_project_that_takes_a_remembered_id(tmp_path):
    for folder in ("pack", "own"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.yaml").write_text(GOOD)
    memory = UserCache(tmp_path / "cache")
    load_rules([tmp_path / "pack"], memory=memory)
    with pytest.raises(InvalidDocument) as caught:
        load_rules([tmp_path / "pack"], own=[tmp_path / "own"], memory=memory)
    ((file, line, _, problem),) = caught.value.mistakes
    assert (file, line, problem) == (str(tmp_path / "own/a.yaml"), 2, "rule 'own' is declared twice")


@pytest.mark.parametrize("junk", ["", "{", '{"rules": [{"id": 1}]}', "[]"])
def test_a_broken_memory_is_no_error(tmp_path, junk):
    (tmp_path / "own.yaml").write_text(GOOD)
    memory = UserCache(tmp_path / "cache")
    load_rules([tmp_path], memory=memory)
    (remembered,) = (tmp_path / "cache").iterdir()
    remembered.write_text(junk)
    assert list(load_rules([tmp_path], memory=memory).by_id) == ["own"]


@pytest.mark.parametrize(
    ("pattern", "text", "may"),
    [
        ("$C.chat.completions.create($$$A)", "x.chat.completions.create()", True),
        ("$C.chat.completions.create($$$A)", "x.chat.create()", False),
        ({"any": [{"pattern": "first($X)"}, {"pattern": "second($X)"}]}, "second(1)", True),
        ({"any": [{"pattern": "first($X)"}, {"pattern": "second($X)"}]}, "third(1)", False),
        ({"any": [{"pattern": "first($X)"}, {"kind": "call"}]}, "third(1)", True),
        ({"all": [{"pattern": "first($X)"}, {"kind": "call"}]}, "third(1)", False),
        ({"kind": "call", "has": {"pattern": "inner"}}, "outer()", False),
        ({"kind": "call", "not": {"has": {"pattern": "inner"}}}, "outer()", True),
    ],
)
def test_words_decide_what_is_tried(pattern, text, may):
    assert CodePattern.of(pattern).may_match(text) is may


@pytest.mark.parametrize(
    ("regex", "text", "may"),
    [
        (r"^(openai|anthropic)\.Client$", "x = openai.Client()", True),
        (r"^(openai|anthropic)\.Client$", "x = groq.Client()", False),
        (r"^(openai|\w+)\.Client$", "x = groq.Client()", True),
        (r"(?i)OPENAI", "x = openai", True),
        (r"(abc)?def+", "xdef", True),
        (r"a{2}bcd|efg", "efg", True),
        (r"(?s)chat\s*\.\s*completions", "chat . completions", True),
        (r"(?s)chat\s*\.\s*completions", "chat.responses", False),
        (r"(?P<unclosed", "anything", True),
    ],
)
def test_texts_of_regular_expressions_decide_what_is_tried(regex, text, may):
    assert CodePattern.of({"kind": "call", "has": {"regex": regex}}).may_match(text) is may


def test_words_never_hide_a_match():
    """Every positive example of the built-in rules is matched without the words, too, by the same patterns."""
    from ast_grep_py import SgRoot

    from ferrata.maturity.scan.paths import format_of, grammar_of

    tried = 0
    for rule in load_rules([built_in_rules()]).rules:
        for example in rule.examples.positive:
            for path, text in example.tree().items():
                form = format_of(path)
                for pattern in rule.match.code.get(form.language, ()) if form else ():
                    prepared = CodePattern.of(pattern)
                    if prepared.find(SgRoot(text, grammar_of(path, form.language)).root()):
                        tried += 1
                        assert prepared.may_match(text), (rule.id, pattern)
    assert tried > 300


def test_facts_of_other_code_are_not_taken(monkeypatch):
    before = load_rules([]).digest
    assert load_rules([]).digest == before
    monkeypatch.setattr("ferrata.maturity.scan.packs._code", lambda: "prompts.py 1 2 ")
    assert load_rules([]).digest != before
