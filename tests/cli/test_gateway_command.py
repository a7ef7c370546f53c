from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import ferrata.gateway
from ferrata.cli.main import cli
from ferrata.gateway import GatewayPlan


@pytest.mark.parametrize("command", ["gateway", "up"])
def test_options_make_the_plan_and_its_status_is_the_commands(command, tmp_path, monkeypatch) -> None:
    plans = list[GatewayPlan]()

    def supervise(plan: GatewayPlan, *, background, say) -> int:
        plans.append(plan)
        assert len(background) == 1  # the drain of spools
        say("started \x1b[31m")
        return 1

    monkeypatch.setattr(ferrata.gateway, "supervise", supervise, raising=False)
    options = ["--project", str(tmp_path), "--host", "0.0.0.0", "--port", "0", "--workers", "3", "--drain", "1.5"]
    result = CliRunner().invoke(cli, [command, *options])
    assert result.exit_code == 1
    assert plans == [GatewayPlan(tmp_path.resolve(), "ferrata.serving:application", "0.0.0.0", 0, 3, 1.5)]
    assert "\x1b" not in result.output
    monkeypatch.chdir(tmp_path)
    CliRunner().invoke(cli, [command])
    assert plans[1].root == tmp_path.resolve()
    assert (plans[1].host, plans[1].port) == ("127.0.0.1", 4000)
    assert 1 <= plans[1].workers <= 4


def test_a_taken_port_is_no_traceback(tmp_path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "ferrata", "gateway", "--project", str(tmp_path), "--port", str(port)]
        environment = {**os.environ, "PYTHONPATH": str(Path(ferrata.gateway.__file__).parents[2])}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert done.stderr == (
        f"ferrata: cannot listen on 127.0.0.1 port {port}: Address already in use\n"
        "hint: choose another by --port; 0 takes a free one\n"
    )


def test_a_root_that_is_no_folder_is_refused(tmp_path) -> None:
    result = CliRunner().invoke(cli, ["gateway", "--project", str(tmp_path / "none")])
    assert result.exit_code == 2
    assert "does not exist" in result.output
