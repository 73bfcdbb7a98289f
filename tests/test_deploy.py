"""What is in `deploy`: every file can be read, and names only settings, commands and metrics that there are."""

import configparser
import json
import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import Counter, Gauge, Histogram

from api import metrics
from api.settings import ApiSettings
from bot.settings import BotSettings
from shell.cli import app

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
UNITS = DEPLOY / "systemd"
HARDENED = UNITS / "pictrace-.service.d" / "hardened.conf"
PROXY = ROOT / "compose.proxy.yaml"
SETTINGS = ApiSettings.model_fields | BotSettings.model_fields
OF_THE_PROXY = {"DOMAIN", "UPSTREAM"}  # what its own files are given
EXPOSED_BY_PROMETHEUS = {"up": {"job", "instance"}}
SUFFIXES: dict[type, tuple[str, ...]] = {
    Counter: ("_total",),
    Gauge: ("",),
    Histogram: ("_bucket", "_sum", "_count"),
}


def unit(path: Path) -> configparser.RawConfigParser:
    """A unit of systemd; of keys that stand several times the last one."""
    parser = configparser.RawConfigParser(strict=False, delimiters=("=",), comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(path.read_text())
    return parser


def exposed() -> dict[str, set[str]]:
    """Names of the time series of the API, with their labels."""
    found = dict(EXPOSED_BY_PROMETHEUS)
    for metric in vars(metrics).values():
        if isinstance(metric, Counter | Gauge | Histogram):
            (family,) = metric.describe()
            labels = {*metric._labelnames, "instance", "job"} | ({"le"} if isinstance(metric, Histogram) else set())
            found |= {family.name + suffix: labels for suffix in SUFFIXES[type(metric)]}
    return found


def expressions() -> Iterator[str]:
    dashboard = json.loads((DEPLOY / "grafana" / "pictrace.json").read_text())
    for panel in dashboard["panels"]:
        yield from (target["expr"] for target in panel["targets"])
    for group in yaml.safe_load((DEPLOY / "prometheus-alerts.yml").read_text())["groups"]:
        yield from (rule["expr"] for rule in group["rules"])


@pytest.mark.parametrize(
    "path", [*sorted(DEPLOY.rglob("*.*")), DEPLOY / "Caddyfile", PROXY], ids=lambda path: path.name
)
def test_only_settings_that_there_are_are_named(path: Path) -> None:
    if path.is_file():
        named = set(re.findall(r"\bPICTRACE_([A-Z_]+)", path.read_text()))
        assert {name.lower() for name in named - OF_THE_PROXY} <= set(SETTINGS)


@pytest.mark.parametrize("path", sorted(UNITS.glob("*.service")), ids=lambda path: path.name)
def test_service_runs_a_command_that_there_is(path: Path) -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    commands = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    words = [word.strip('"') for word in shlex.split(unit(path)["Service"]["ExecStart"].replace("'", " "))]
    (at,) = [index for index, word in enumerate(words) if word.startswith("/opt/pictrace/bin/")]
    script = words[at].removeprefix("/opt/pictrace/bin/")
    assert script in scripts
    assert script != "pictrace" or words[at + 1] in commands


def test_services_may_write_only_where_their_data_is() -> None:
    service = unit(HARDENED)["Service"]
    data_dir, cache_dir = (words.split("=")[1] for words in service["Environment"].split())
    assert (data_dir, cache_dir) == (f"/var/lib/{service['StateDirectory']}", f"/var/cache/{service['CacheDirectory']}")
    assert service["ProtectSystem"] == "strict"
    assert service["NoNewPrivileges"] == "yes"
    writable = [unit(path)["Service"].get("ReadWritePaths") for path in sorted(UNITS.glob("*.service"))]
    assert [path for path in writable if path] == ["/var/backups/pictrace"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_units_are_what_systemd_takes(tmp_path: Path) -> None:
    units = tmp_path / "units"
    shutil.copytree(UNITS, units)
    commands = tmp_path / "bin"
    commands.mkdir()
    for name in ("pictrace", "pictrace-api", "pictrace-bot"):
        (commands / name).write_text("#!/bin/sh\n")
        (commands / name).chmod(0o755)
    for path in units.glob("*.service"):
        path.write_text(path.read_text().replace("/opt/pictrace/bin", str(commands)))
    names = [path.name.replace("@", "@srv-pictures") for path in sorted(units.glob("*.*")) if path.is_file()]
    run = subprocess.run(
        ["systemd-analyze", "verify", *names],
        env={"SYSTEMD_UNIT_PATH": f"{units}:", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert (run.returncode, str(units) in run.stderr) == (0, False), run.stderr


def test_compose_with_a_proxy_is_whole() -> None:
    base, proxy = (yaml.safe_load(path.read_text()) for path in (ROOT / "compose.yaml", PROXY))
    merged = merge(base, proxy)
    services = merged["services"]
    assert {"db", "api", "bot", "proxy"} <= services.keys()
    assert set(services["proxy"]["depends_on"]) <= services.keys()
    assert services["api"]["environment"]["PICTRACE_INDEX"] == "pgvector"
    volumes = {one.split(":")[0] for service in services.values() for one in service.get("volumes", ())}
    named = {name for name in volumes if re.fullmatch(r"\w+", name)}
    assert named == merged["volumes"].keys()
    assert (ROOT / "deploy" / "Caddyfile").is_file()
    (subnet,) = merged["networks"]["default"]["ipam"]["config"]
    assert services["api"]["environment"]["PICTRACE_TRUSTED_PROXIES"] == subnet["subnet"]
    assert "{$PICTRACE_DOMAIN}" in (DEPLOY / "Caddyfile").read_text()
    assert "PICTRACE_DOMAIN" in services["proxy"]["environment"]


def merge(base: Any, over: Any) -> Any:
    """As compose merges two files: mappings by key, lists together, all else by the later one."""
    if isinstance(base, dict) and isinstance(over, dict):
        both = {name: merge(base[name], over[name]) for name in base.keys() & over.keys()}
        return base | over | both
    return [*base, *over] if isinstance(base, list) and isinstance(over, list) else over


@pytest.mark.parametrize("path", [DEPLOY / "Caddyfile", DEPLOY / "nginx.conf"], ids=lambda path: path.name)
def test_proxy_keeps_metrics_inside(path: Path) -> None:
    text = path.read_text()
    assert text.count("{") == text.count("}")
    assert "/metrics" in text


@pytest.mark.parametrize("expression", sorted(set(expressions())))
def test_expression_asks_for_metrics_and_labels_that_there_are(expression: str) -> None:
    series = exposed()
    names: list[str] = re.findall(r"\bpictrace_\w+|\bup\b", expression)
    assert names
    labels = set(re.findall(r"(\w+)\s*(?:=~|=|!=|!~)\s*\"", expression))
    for group in re.findall(r"\bby \(([^)]*)\)", expression):
        labels |= {label.strip() for label in group.split(",")}
    for name in names:
        assert name in series
        assert labels <= series[name]


def test_legends_name_what_an_expression_keeps() -> None:
    dashboard = json.loads((DEPLOY / "grafana" / "pictrace.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
                assert label in target["expr"], panel["title"]
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))


def test_every_metric_of_the_api_is_on_the_dashboard() -> None:
    text = (DEPLOY / "grafana" / "pictrace.json").read_text()
    for metric in vars(metrics).values():
        if isinstance(metric, Counter | Gauge | Histogram):
            (family,) = metric.describe()
            assert family.name in text


def test_prometheus_reads_the_alerts_that_are_beside_it() -> None:
    scraping = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())
    assert all((DEPLOY / name).is_file() for name in scraping["rule_files"])
    (job,) = scraping["scrape_configs"]
    assert (job["job_name"], job["metrics_path"]) == ("pictrace", "/metrics")
