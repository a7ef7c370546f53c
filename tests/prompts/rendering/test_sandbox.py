"""What a template may not do: escapes that were published for Jinja2, and bombs. Each ends in a precise error, and soon."""

from __future__ import annotations

import time

import pytest

from ferrata.errors import InvalidDocument
from ferrata.prompts import inputs_of, parse_prompt, render_prompt

VALUES = {"x": "v", "d": {"a": 1, "format": "data", "_hidden": "data"}, "items": [{"name": "b"}, {"name": "a"}]}


def text_of(body: str) -> str:
    prompt = parse_prompt(f"user:\n{body}")
    known = {one.name for one in inputs_of(prompt)}
    (message,) = render_prompt(prompt, {key: value for key, value in VALUES.items() if key in known})
    return message.text


ESCAPES = [
    # Attributes of objects, by name, by item, by filter and by what filters take.
    "{{ ''.__class__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ [].__class__.__base__.__subclasses__() }}",
    "{{ ()['__class__'] }}",
    "{{ x['__cla' ~ 'ss__'] }}",
    "{{ x['\\x5f\\x5fclass\\x5f\\x5f'] }}",
    "{{ x|attr('__class__') }}",
    "{{ x|attr('\\x5f\\x5fclass\\x5f\\x5f') }}",
    "{{ ['a']|map(attribute='__class__')|list }}",
    "{{ ['a']|map('attr', '__class__')|list }}",
    "{{ ['a']|map(attribute='upper.__self__')|list }}",
    "{{ ['a']|selectattr('__class__')|list }}",
    "{{ ['a']|groupby('__class__') }}",
    "{{ ['a']|sort(attribute='__class__') }}",
    "{{ ['a']|join(attribute='__class__') }}",
    "{{ ['a']|unique(attribute='__class__')|list }}",
    "{{ ['a']|sum(attribute='__class__') }}",
    "{{ ['a']|min(attribute='__class__') }}",
    # Globals of functions and of the environment.
    "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ range.__class__ }}",
    "{{ namespace().__class__ }}",
    "{{ namespace(a=1)['__class__'] }}",
    "{{ self }}",
    "{{ self._TemplateReference__context }}",
    "{{ self.__init__.__globals__ }}",
    "{{ config }}",
    "{{ request.application.__globals__ }}",
    "{{ get_flashed_messages.__globals__ }}",
    "{{ url_for.__globals__ }}",
    "{{ __import__('os') }}",
    "{% for i in [1] %}{{ loop.__class__ }}{% endfor %}",
    "{% for i in [1] %}{{ loop._iterator }}{% endfor %}",
    "{% for i in [1] %}{{ loop }}{% endfor %}",
    "{% macro m() %}{% endmacro %}{{ m.__globals__ }}",
    "{% macro m() %}{% endmacro %}{{ m._func }}",
    "{% macro m() %}{{ caller.__class__ }}{% endmacro %}{% call m() %}{% endcall %}",
    "{% macro m() %}{% endmacro %}{{ m }}",
    # str.format and its cousins (CVE-2016-10745, CVE-2019-10906, CVE-2024-56326, CVE-2025-27516).
    "{{ '{0.__class__}'.format(1) }}",
    "{{ '{x.__class__}'.format_map({'x': 1}) }}",
    "{{ ''.format.__self__ }}",
    "{% set f = '{0.__class__}'.format %}{{ f(1) }}",
    "{{ ['{0.__class__}'.format]|map('string')|list }}",
    "{{ '{0.__class__}'|attr('format')(1) }}",
    "{{ ['{0.__class__}']|map(attribute='format')|first }}",
    "{{ '%c'|format(64976) }}",
    "{{ '%c' % 64976 }}",
    # Frames of generators and coroutines.
    "{{ (items|map(attribute='name')).gi_frame }}",
    "{{ (items|select).gi_frame.f_globals }}",
    "{{ (items|map(attribute='name')).gi_code }}",
    "{{ items|map(attribute='name') }}",
    # What changes data, and what is not data.
    "{{ items.append(1) }}",
    "{{ items.pop() }}",
    "{{ d.update({'a': 2}) }}",
    "{{ d.clear() }}",
    "{{ x.encode() }}",
    "{{ x.translate({}) }}",
    "{{ (1).to_bytes(9) }}",
    "{{ (1.5).as_integer_ratio() }}",
    "{{ namespace }}",
    "{{ x() }}",
    # Other files, other templates.
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}",
    "{% from 'os' import path %}",
    "{% extends 'base' %}",
    "{% filter upper %}{{ x }}{% endfilter %}",
    "{% do x %}",
    "{{ x|pprint }}",
    "{{ [1]|random }}",
    "{{ {'a': 1}|xmlattr }}",
]


@pytest.mark.parametrize("body", ESCAPES)
def test_escapes_end_in_an_error(body: str) -> None:
    with pytest.raises(InvalidDocument) as error:
        text_of(body)
    (mistake,) = error.value.mistakes
    assert mistake.line == 2


BOMBS = [
    "{{ 'a' * 10**9 }}",
    "{{ 10**9 * 'a' }}",
    "{{ [1] * 10**9 }}",
    "{{ ([1] * 9999) * 9999 }}",
    "{{ 9**9999999 }}",
    "{{ 2**4096 * 2**4096 }}",
    "{{ range(10**12)|list }}",
    "{{ range(10**30)|list }}",
    "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
    "{% for i in range(99999) %}{{ 'a' * 9999 }}{% endfor %}",
    "{% set x %}{% for i in range(99999) %}" + "a" * 500 + "{% endfor %}{% endset %}{{ x }}",
    "{% set n = namespace(x='a') %}{% for i in range(99) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
    "{% set n = namespace(x='a') %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}",
    "{% set n = namespace(x='a') %}{% for i in range(99) %}{% set n.x %}{{ n.x }}{{ n.x }}{% endset %}{% endfor %}",
    "{% set n = namespace(x='a') %}{% for i in range(99) %}{% set n.x = n.x|replace('a', 'aa') %}{% endfor %}",
    "{% set n = namespace(x='a') %}{% for i in range(99) %}{% set n.x = n.x.replace('a', 'aa') %}{% endfor %}",
    "{% set n = namespace(x='a') %}{% for i in range(99) %}{% set n.x = [n.x, n.x]|join %}{% endfor %}",
    "{% set n = namespace(x='a') %}{% for i in range(99) %}{% set n.x = n.x.join(['aa', 'a', 'a']) %}{% endfor %}",
    "{% set n = namespace(x=[1]) %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}",
    "{% set n = namespace(x=[1]) %}{% for i in range(99) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x }}",
    "{% set n = namespace(x=[1], y=[1]) %}{% for i in range(99) %}{% set n.x = (n.x, n.x) %}{% set n.y = (n.y, n.y) %}"
    "{% endfor %}{{ n.x == n.y }}",
    "{% set n = namespace(x={}) %}{% for i in range(99) %}{% set n.x = {'a': n.x, 'b': n.x} %}{% endfor %}",
    "{% macro m() %}{% set n.x = varargs %}{% endmacro %}{% set n = namespace(x=[1]) %}"
    "{% for i in range(99) %}{{ m(n.x, n.x) }}{% endfor %}{{ n.x }}",
    "{% macro m(a) %}{{ m(a) }}{% endmacro %}{{ m(1) }}",
    "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}",
    "{% for i in [1, 2] recursive %}{{ loop([1, 2]) }}{% endfor %}",
    "{{ 'a'|center(10**8) }}",
    "{{ 'a'|indent(10**8) }}",
    "{{ ('a\\n' * 90000)|indent(9999) }}",
    "{{ 'a'|wordwrap(10**8) }}",
    "{{ ('a ' * 90000)|wordwrap(2) }}",
    "{{ [1]|batch(10**8, 0)|list }}",
    "{{ [1]|slice(10**8)|list }}",
    "{{ 1.5|round(10**8) }}",
    "{{ [1]|tojson(indent=10**8) }}",
    "{{ '%999999999d'|format(1) }}",
    "{{ '%999999999d' % 1 }}",
    "{{ '%*d' % (999999999, 1) }}",
    "{{ '%.999999999f' % 1.0 }}",
    "{{ 'a'.ljust(10**9) }}",
    "{{ 'a'.zfill(10**9) }}",
    "{{ '\\t'.expandtabs(10**9) }}",
    "{{ 'a'.center(10**9) }}",
    "{{ lipsum(n=10**7) }}",
    "{{ [[1]]|sum(start=[]) }}",
    "{{ 9**9**9**9**9 }}",
    "{{" + "(" * 5000 + "1" + ")" * 5000 + "}}",
    "{{ " + "not " * 5000 + "1 }}",
    "{{ " + "-" * 5000 + "1 }}",
    "{{ x" + ".a" * 5000 + " }}",
    "{{ " + "[" * 5000 + "]" * 5000 + " }}",
    "{% if 1 %}" * 3000 + "{% endif %}" * 3000,
    "{% for a in [1] %}" * 30 + "{% endfor %}" * 30,
]


@pytest.mark.parametrize("body", BOMBS, ids=range(len(BOMBS)))
def test_bombs_end_in_an_error_and_soon(body: str) -> None:
    started = time.thread_time()
    with pytest.raises(InvalidDocument) as error:
        text_of(body)
    assert time.thread_time() - started < 5
    assert len(error.value.message) < 300


def test_a_template_that_is_too_long_is_not_read() -> None:
    with pytest.raises(InvalidDocument, match="at most 200,000 are read"):
        text_of("a" * 200_001)


def test_the_same_template_renders_after_a_bomb() -> None:
    prompt = parse_prompt("user:\n{% for i in range(n) %}{% for j in range(n) %}{% endfor %}{% endfor %}ok")
    with pytest.raises(InvalidDocument, match="takes more than"):
        render_prompt(prompt, {"n": 9999})
    assert render_prompt(prompt, {"n": 9})[0].text == "ok"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("{{ x|upper }} {{ x.upper() }} {{ x * 3 }} {{ x ~ 1 }}", "V V vvv v1"),
        ("{{ d.a }} {{ d['a'] }} {{ d.get('z', 2) }}", "1 1 2"),
        ("{{ d._hidden }} {{ d['format'] }}", "data data"),
        ("{% for k, v in d.items() %}{% if loop.first %}{{ k }}={{ v }}{% endif %}{% endfor %}", "a=1"),
        (
            "{% for i in items %}{{ loop.index }}/{{ loop.length }} {{ i.name }}{{ ', ' if not loop.last }}{% endfor %}",
            "1/2 b, 2/2 a",
        ),
        ("{{ items|map(attribute='name')|sort|join(', ') }}", "a, b"),
        ("{{ items|sort(attribute='name')|first }}", "{'name': 'a'}"),
        ("{% for g in items|groupby('name') %}{{ g.grouper }}{{ g.list|length }}{% endfor %}", "a1b1"),
        ("{{ items|selectattr('name', 'eq', 'a')|list|length }}", "1"),
        ("{{ [1, 2.5]|sum }} {{ [{'n': 1}, {'n': 2}]|sum(attribute='n') }}", "3.5 3"),
        ("{{ items|tojson }}", '[{"name": "b"}, {"name": "a"}]'),
        ("{{ '%s and %05.1f' % ('a', 2) }} {{ '%s'|format(x) }}", "a and 002.0 v"),
        ("{{ 'a b c'|wordwrap(3) }} {{ 'abc'|truncate(2, true, '', 0) }}", "a b\nc ab"),
        (
            "{% set n = namespace(total=0) %}{% for i in range(5) %}{% set n.total = n.total + i %}{% endfor %}{{ n.total }}",
            "10",
        ),
        ("{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}", "aba"),
        ("{% macro m(a, b='!') %}{{ a }}{{ b }}{% endmacro %}{{ m('hi') }}", "hi!"),
        ("{% macro m() %}[{{ caller() }}]{% endmacro %}{% call m() %}in{% endcall %}", "[in]"),
        ("{% for i in [1, [2, [3]]] recursive %}{{ loop(i) if i is iterable else i }}{% endfor %}", "123"),
        ("{{ missing|default('none') }} {{ missing is defined }}", "none False"),
        ("{% if x %}yes{% else %}no{% endif %} {{ 'v' in x }} {{ 2**10 }}", "yes True 1024"),
        ("{# a comment #}{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
        ("{{ '<b>'|e }} {{ '<b>'|striptags }}.", "&lt;b&gt; ."),
        ("{% set x %}a{{ d.a }}{% endset %}{{ x }}", "a1"),
        ("{{ (1, 2)|last }} {{ none }} {{ true }}", "2 None True"),
    ],
)
def test_what_prompts_need_is_there(body: str, text: str) -> None:
    assert text_of(body) == text
