"""What runs on other machines, and before a commit, is what developers run."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.specifiers import SpecifierSet

from tests.test_version import PROJECT

ROOT = Path(__file__).resolve().parents[1]
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)[0].split())
PINNED = re.compile(r"[\w.-]+/[\w.-]+@(v\d+|[0-9a-f]{40})")


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text())
    return found


def jobs(name: str) -> dict[str, Any]:
    found: dict[str, Any] = read(GITHUB / "workflows" / f"{name}.yml")["jobs"]
    return found


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in read(path)["jobs"].values() for step in job["steps"]]


def made(commands: str) -> list[str]:
    return re.findall(r"\bmake ([\w-]+)", commands)


def recipe(target: str) -> list[str]:
    """The commands of a target, as they are typed in the checkout."""
    found = re.search(rf"^{target}:.*\n((?:\t.+\n)+)", MAKEFILE, re.MULTILINE)
    assert found
    return [line.strip().replace("$(BIN)", ".venv/bin") for line in found[1].splitlines()]


def test_what_is_committed_is_checked_as_make_check_does() -> None:
    [repository] = read(ROOT / ".pre-commit-config.yaml")["repos"]
    assert [hook["entry"] for hook in repository["hooks"]] == recipe("check")
    assert not any(hook["pass_filenames"] for hook in repository["hooks"])


@pytest.mark.parametrize("job", ["fast", "all"])
def test_tests_run_on_every_python(job: str) -> None:
    wanted = SpecifierSet(PROJECT["requires-python"])
    versions = [f"3.{minor}" for minor in range(30) if f"3.{minor}" in wanted]
    assert jobs("test")[job]["strategy"]["matrix"]["python"] == versions


def test_the_fast_lane_comes_first() -> None:
    assert [job for job, content in jobs("test").items() if content.get("needs") != "fast"] == ["fast"]


def test_workflow_runs_what_ci_runs() -> None:
    ran = {target for step in steps(GITHUB / "workflows" / "test.yml") for target in made(step.get("run", ""))}
    assert ran == {*made((ROOT / ".ci" / "run").read_text()), "test-fast"}


def test_release_is_tested_before_it_is_made() -> None:
    ran = [target for step in steps(GITHUB / "workflows" / "release.yml") for target in made(step.get("run", ""))]
    assert ran == ["test-system", "release"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflow_is_bounded(path: Path) -> None:
    """It may read only, unless a job says what else; nothing runs for ever; of actions a version is named."""
    assert read(path)["permissions"] == {"contents": "read"}
    assert all("timeout-minutes" in job for job in read(path)["jobs"].values())
    assert {target for step in steps(path) for target in made(step.get("run", ""))} <= TARGETS
    used = [step["uses"] for step in steps(path) if "uses" in step]
    assert [name for name in used if not PINNED.fullmatch(name)] == []


def test_folders_that_are_kept_up_to_date_are_there() -> None:
    manifests = {"pip": "requirements.txt", "npm": "package-lock.json", "github-actions": ".github/workflows"}
    updates = read(GITHUB / "dependabot.yml")["updates"]
    assert {one["package-ecosystem"] for one in updates} == manifests.keys()
    for one in updates:
        assert (ROOT / one["directory"].lstrip("/") / manifests[one["package-ecosystem"]]).exists()


def test_forms_ask_what_they_can_ask() -> None:
    forms = sorted(path for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if path.stem != "config")
    assert [path.stem for path in forms] == ["bug", "idea", "wrong-match"]
    for form in map(read, forms):
        assert {"name", "description", "body"} <= form.keys()
        asked = [field for field in form["body"] if field["type"] != "markdown"]
        assert len({field["id"] for field in asked}) == len(asked)
        assert {field["type"] for field in asked} <= {"input", "textarea", "dropdown", "checkboxes"}
        assert all(field["attributes"]["label"] for field in asked)
