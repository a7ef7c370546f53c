"""Rule packs: what is refused, with file, line and key; and the memory of parsed rules."""

import pytest

from ferrata.errors import InvalidDocument
from ferrata.maturity import built_in_rules
from ferrata.maturity.scan.patterns import CodePattern
from ferrata.maturity.scan.rules import load_rules

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
    cache = tmp_path / "cache/rules.json"
    first = load_rules([tmp_path], cache=cache)
    assert load_rules([tmp_path], cache=cache).rules == first.rules
    (tmp_path / "own.yaml").write_text(GOOD.replace("seen", "noticed"))
    assert load_rules([tmp_path], cache=cache).by_id["own"].message == "noticed"


@pytest.mark.parametrize("junk", ["", "{", '{"digest": "x", "rules": []}', "[]"])
def test_a_broken_memory_is_no_error(tmp_path, junk):
    (tmp_path / "own.yaml").write_text(GOOD)
    (tmp_path / "rules.json").write_text(junk)
    assert list(load_rules([tmp_path], cache=tmp_path / "rules.json").by_id) == ["own"]


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
