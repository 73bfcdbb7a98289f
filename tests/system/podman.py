"""Containers by podman, also where no image can be had from a registry: then the base is made of Debian's packages."""

import os
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

PYTHON = "docker.io/library/python:3.12-slim"
MADE = "localhost/pictrace-test-base"
# Where the usual runtime does not go with this machine's control groups, or with its limits.
OTHER_RUNTIME = """
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
runtime = "runc"
"""


class Podman:
    """The command; it fails with what podman said."""

    def __init__(self) -> None:
        self.env = dict(os.environ)

    def __call__(self, *arguments: object, seconds: float = 120, **env: str) -> str:
        argv = ["podman", "--log-level=fatal", *map(str, arguments)]
        done = subprocess.run(argv, env=self.env | env, capture_output=True, text=True, timeout=seconds, check=False)
        assert done.returncode == 0, f"{' '.join(argv)}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        return done.stdout.strip()

    def can(self, *arguments: object, seconds: float = 120) -> bool:
        try:
            self(*arguments, seconds=seconds)
        except (AssertionError, subprocess.TimeoutExpired):
            return False
        return True

    def build(self, tag: str, base: str, folder: Path) -> None:
        """By a build that needs no containers of its own; in Docker's format, which keeps the healthcheck."""
        how = ["--isolation=chroot", "--network=host", "--layers=false", "--format=docker"]
        self("build", *how, "--build-arg", f"BASE={base}", "--tag", tag, folder, seconds=1800)

    def base(self, folder: Path) -> str:
        """An image with Python in which containers run; skips where there is none."""
        if self.can("pull", "--quiet", PYTHON):
            base = PYTHON
        elif shutil.which("debootstrap") and os.getuid() == 0:
            base = MADE
            self._make_base(folder / "debian")
        else:
            pytest.skip("no base image: no registry can be reached, and there is no debootstrap to make one as root")
        runs = ["run", "--rm", "--network=host", base, "python3", "--version"]
        if not self.can(*runs):
            other = folder / "containers.conf"
            other.write_text(OTHER_RUNTIME)
            self.env["CONTAINERS_CONF"] = str(other)
        try:
            self(*runs)
        except AssertionError as error:
            pytest.skip(f"podman can run no container here: {error}")
        return base

    def _make_base(self, folder: Path) -> None:
        packages = "python3,python3-venv,python3-pip,ca-certificates"
        argv = ["debootstrap", "--variant=minbase", f"--include={packages}", "bookworm", str(folder)]
        subprocess.run(argv, check=True, capture_output=True, timeout=1200)
        for mark in folder.glob("usr/lib/python3*/EXTERNALLY-MANAGED"):
            mark.unlink()  # python:slim has none: pip may install there
        trusted = Path("etc/ssl/certs/ca-certificates.crt")
        shutil.copyfile(ssl.get_default_verify_paths().cafile or f"/{trusted}", folder / trusted)
        certificates = ["--change", f"ENV SSL_CERT_FILE=/{trusted}", "--change", f"ENV PIP_CERT=/{trusted}"]
        argv = ["podman", "import", "--quiet", *certificates, "-", MADE]
        with subprocess.Popen(["tar", "-C", str(folder), "-c", "."], stdout=subprocess.PIPE) as packed:
            subprocess.run(argv, stdin=packed.stdout, check=True, capture_output=True, timeout=300)
        assert packed.returncode == 0
        shutil.rmtree(folder)
