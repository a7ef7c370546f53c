import pytest

from ferrata.maturity.scan.mentions import find_mentions
from ferrata.maturity.scan.types import Source


def found(text, language="python", path="app/a.py"):
    return [(m.model, m.context, m.row) for m in find_mentions(Source(path, "product", language, text))]


@pytest.mark.parametrize(
    "line",
    [
        'r = client.chat.completions.create(model="gpt-4o", messages=m)',
        'MODEL = "gpt-4o"',
        'llm = ChatOpenAI("gpt-4o")',
        'config = {"model": "gpt-4o"}',
        'llm = init_chat_model("gpt-4o")',
        'def ask(text, model: str = "gpt-4o") -> str: ...',
        "body = {'model': 'gpt-4o'}",
    ],
)
def test_choices_in_python(line):
    assert found(line) == [("gpt-4o", "code", 0)]


@pytest.mark.parametrize(
    "line",
    [
        "const r = await openai.chat.completions.create({ model: 'gpt-4o', messages })",
        'const result = streamText({ model: openai("gpt-4o"), messages })',
    ],
)
def test_choices_in_typescript(line):
    assert found(line, "typescript", "a.ts") == [("gpt-4o", "code", 0)]


@pytest.mark.parametrize(
    ("line", "language"),
    [
        ('model = os.getenv("MODEL", "gpt-4o")', "python"),
        ('model = os.environ.get("MODEL") or "gpt-4o"', "python"),
        ("const model = process.env.MODEL ?? 'gpt-4o'", "typescript"),
        ("model: gpt-4o", "yaml"),
        ('  "model": "gpt-4o",', "json"),
        ("OPENAI_MODEL=gpt-4o", "env"),
        ("param chatModel string = 'gpt-4o'", "bicep"),
    ],
)
def test_what_configuration_decides(line, language):
    assert found(line, language) == [("gpt-4o", "config", 0)]


@pytest.mark.parametrize(
    "line",
    [
        'if model_name.startswith("gpt-4o"):',
        'if model == "gpt-4o":',
        'encoding = tiktoken.encoding_for_model("gpt-4o")',
        'elif model in ["gpt-4o"]:',
        '# model = "gpt-4o"',
        'label = dict(modelName="GPT-4o")',
        'body = \'{"model": "gpt-4o"}\'',
        'prices["gpt-4o"] = 3',
        "raise ValueError(\"llm = make('gpt-4o', client=None)\")",
        "hint = 'Memory(llm=\"gpt-4o\")'",
        'examples=[{"model": "gpt-4o"}]',
        'GPT_MODEL("gpt-4o"),',
        'data = dict(model="gpt-4o")' + " " * 400,
        'data["is_gpt_model"] = "gpt-4o" in name',
        'def count_message_tokens(messages, model="gpt-4o"): ...',
        '"""Ask, for example with_model("gpt-4o")."""',
        'text = "the model gpt-4o is good"',
    ],
)
def test_what_is_no_choice(line):
    assert found(line) == []


def test_docstrings_and_comments_decide_nothing():
    text = 'def ask():\n    """Ask.\n\n    model="gpt-4o"\n    """\n    return call(model="gpt-4.1")\n'
    assert found(text) == [("gpt-4.1", "code", 5)]
    assert found("/*\n model: 'gpt-4o'\n*/\nlet model = 'o3-mini'", "typescript", "a.ts") == [("o3-mini", "code", 3)]


def test_a_catalogue_decides_nothing():
    names = ["gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4", "gpt-3.5-turbo", "o1-mini", "o3-mini", "claude-3-opus-20240229",
             "claude-3-haiku-20240307", "gemini-1.5-pro", "gemini-1.5-flash", "mistral-large-latest"]  # fmt: skip
    assert found("\n".join(f'dict(model="{name}"),' for name in names)) == []


def test_a_sample_value_in_an_interface_chooses_nothing():
    text = """
async def check(
    body: Request = Body(
        example={
            "settings": {"model": "gpt-4o"},
        },
    ),
    model: str = "gpt-4o-mini",
):
    ...
"""
    assert found(text) == [("gpt-4o-mini", "code", 7)]


def test_a_sample_value_that_never_ends_hides_nothing_further_down():
    text = "examples = [\n" + "    'a (',\n" * 100 + "model = 'gpt-4o'\n"
    assert found(text) == [("gpt-4o", "code", 101)]
