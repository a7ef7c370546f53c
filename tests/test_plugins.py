"""A plugin that is installed adds rules and a report format, by the same door as Ferrata's own parts."""

from __future__ import annotations

import importlib
import sys

import pytest

from ferrata.app import open_app
from ferrata.errors import InvalidDocument
from ferrata.evals import Score, evaluator_of
from ferrata.plugins import hookimpl, plugin_manager

PLUGIN = """
from pathlib import Path
from ferrata.plugins import hookimpl

@hookimpl
def rule_packs():
    return [Path(__file__).parent / "acme_rules"]

@hookimpl
def report_formats():
    return {"csv": lambda assessment, model, history: "".join(f"{p.id},{p.status}\\n" for p in assessment.practices)}
"""
RULES = """
rules:
  - id: acme-gateway
    shows: {models.configurable: 0.9}
    llm: true
    message: calls the gateway of Acme
    literals: [acme_gateway]
    match: {code: {python: ["acme_gateway.call($$$A)"]}}
    examples: {positive: [{path: a.py, text: "acme_gateway.call(1)"}], negative: [{path: a.py, text: "call(1)"}]}
"""


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """A distribution on `sys.path` with an entry point, as pip would leave it; its folder."""
    site = tmp_path / "site"
    (site / "ferrata_acme-1.0.dist-info").mkdir(parents=True)
    (site / "ferrata_acme-1.0.dist-info/METADATA").write_text(
        "Metadata-Version: 2.1\nName: ferrata-acme\nVersion: 1.0\n"
    )
    (site / "ferrata_acme-1.0.dist-info/entry_points.txt").write_text("[ferrata]\nacme = ferrata_acme\n")
    (site / "ferrata_acme.py").write_text(PLUGIN)
    (site / "acme_rules").mkdir()
    (site / "acme_rules/acme.yaml").write_text(RULES)
    monkeypatch.syspath_prepend(site)
    importlib.invalidate_caches()
    plugin_manager.cache_clear()
    yield site
    plugin_manager.cache_clear()
    sys.modules.pop("ferrata_acme", None)


def test_a_plugin_adds_a_rule_pack_and_a_format(plugin, tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    (project / "main.py").write_text("import acme_gateway\nacme_gateway.call('hello')\n")
    with open_app(project) as app:
        assessment = app.maturity.assess()
        assert assessment.llm_use
        assert [(f.file, f.line) for f in assessment.findings if f.rule == "acme-gateway"] == [("main.py", 2)]
        assert "models.configurable,met\n" in app.maturity.report_formats()["csv"](assessment, app.maturity.model(), [])
        assert {"html", "sarif"} < app.maturity.report_formats().keys()


def test_the_command_line_takes_the_format(plugin, tmp_path, monkeypatch, capsys):
    from ferrata.cli import main

    (tmp_path / "project").mkdir()
    monkeypatch.setattr(sys, "argv", ["ferrata", "assess", str(tmp_path / "project"), "-o", str(tmp_path / "out.csv")])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert "models.configurable,open\n" in (tmp_path / "out.csv").read_text()


def test_a_plugins_broken_rules_are_named(plugin, tmp_path):
    (plugin / "acme_rules/acme.yaml").write_text(RULES.replace('"acme_gateway.call($$$A)"', "{kind: nosuch}"))
    with pytest.raises(InvalidDocument) as refused, open_app(tmp_path) as app:
        app.maturity.rules()
    assert [(m.file, m.line, m.key) for m in refused.value.mistakes] == [
        (f"{plugin}/acme_rules/acme.yaml", 8, "rules.0.match.code.python.0")
    ]


def test_without_plugins_there_are_ferratas_own(tmp_path):
    plugin_manager.cache_clear()
    with open_app(tmp_path) as app:
        assert sorted(app.maturity.report_formats()) == ["html", "json", "md", "sarif", "svg", "text"]


def test_a_plugin_adds_an_evaluator():
    class Acme:
        @hookimpl
        def evaluators(self):
            def polite(*, alias="polite", threshold=None, words=("please",)):
                def score(response):
                    return float(any(word in response for word in words))

                return evaluator_of(score, alias=alias, threshold=threshold)

            return {"acme_polite": polite}

    manager = plugin_manager()
    plugin = Acme()
    manager.register(plugin)
    try:
        makers = {name: maker for found in manager.hook.evaluators() for name, maker in found.items()}
        made = makers["acme_polite"](threshold=0.5, words=["merci"])
        assert made.score({"response": "merci"}) == [Score("polite", 1.0, True, 0.5)]
        assert makers["acme_polite"](alias="p").score({"response": "merci"}) == [Score("p", 0.0)]
    finally:
        manager.unregister(plugin)
