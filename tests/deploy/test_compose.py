"""docker-compose.yml, its example environment and the proxy, checked against the code."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from deploy.services import SERVICES
from deploy.settings import OperatorSettings
from deploy.web_server import KEPT_QUIET

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE = yaml.safe_load(TEXT)
OURS = {name: each for name, each in COMPOSE["services"].items() if each["image"] == "kersey"}


def test_it_keeps_the_compose_specification():
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "check_jsonschema",
            "--builtin-schema",
            "vendor.compose-spec",
            "docker-compose.yml",
        ],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("each", SERVICES, ids=lambda each: each.name)
def test_every_service_has_a_web_process_and_a_worker_if_it_has_work(each):
    assert OURS[each.name]["command"] == ["serve", each.name, "--host", "0.0.0.0"]
    composition = each.compose()
    has_work = bool(composition.subscriptions or composition.state)
    assert (f"{each.name}-worker" in OURS) == has_work
    if has_work:
        assert OURS[f"{each.name}-worker"]["command"][:2] == ["worker", each.name]


def test_each_health_check_asks_the_port_of_its_process():
    ports = {each.name: each.port for each in SERVICES}
    for name, each in OURS.items():
        if name == "setup" or name.removesuffix("-worker") not in ports:
            continue
        command = each["command"]
        port = command[command.index("--port") + 1] if "--port" in command else str(ports[name])
        assert each["healthcheck"]["test"][-1] == f"http://127.0.0.1:{port}", name


def test_every_variable_is_explained_in_the_example():
    used = set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", TEXT))
    offered = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert used == offered


def test_the_example_holds_no_secret():
    for line in (ROOT / ".env.example").read_text().splitlines():
        name, _, value = line.partition("=")
        if re.search("PASSWORD|SECRET|KEY", name) and not line.startswith("#"):
            assert value == "", name


@pytest.mark.parametrize("each", SERVICES, ids=lambda each: each.name)
def test_every_setting_given_to_a_service_is_one_that_it_has(each):
    fields = {f"KERSEY_{name.upper()}" for name in each.compose().settings.model_fields}
    required = {
        f"KERSEY_{name.upper()}"
        for name, field in each.compose().settings.model_fields.items()
        if field.is_required()
    }
    for process in (each.name, f"{each.name}-worker"):
        if process in OURS:
            given = set(OURS[process]["environment"])
            assert given - fields == set()
            assert required - given == set()


def test_the_set_up_is_given_what_its_commands_need():
    given = OURS["setup"]["environment"]
    for each in SERVICES:
        assert f"KERSEY_DATABASE_PASSWORD__{each.name.upper()}" in given
        if each.asks:
            assert f"KERSEY_SERVICE_SECRET__{each.name.upper()}" in given
    known = {f"KERSEY_{name.upper()}" for name in OperatorSettings.model_fields}
    assert {"KERSEY_ADMIN_DATABASE_URL", "KERSEY_AMQP_ADMIN_URL"} <= known & set(given)


def test_the_proxy_sends_each_prefix_to_the_service_that_owns_it():
    caddyfile = (ROOT / "deploy" / "Caddyfile").read_text()
    paths = dict(re.findall(r"^\t@(\w+) path (.+)$", caddyfile, re.MULTILINE))
    targets = dict(
        re.findall(r"handle @(\w+) \{\s+reverse_proxy (\S+) \{", caddyfile, re.MULTILINE)
    )
    rest = re.findall(r"handle \{\s+reverse_proxy (\S+)", caddyfile)
    for each in SERVICES:
        if "/" in each.prefixes:
            assert rest == [f"{each.name}:{each.port}"]
            continue
        assert targets[each.name] == f"{each.name}:{each.port}"
        wanted = " ".join(f"{prefix} {prefix}/*" for prefix in each.prefixes)
        assert paths[each.name] == wanted


def test_the_proxy_gives_up_a_quiet_connection_before_the_services_do():
    caddyfile = (ROOT / "deploy" / "Caddyfile").read_text()
    kept = re.search(r"\(kept\) \{.*?keepalive (\d+)s", caddyfile, re.DOTALL)
    assert kept is not None
    assert int(kept[1]) < KEPT_QUIET
    assert re.findall(r"reverse_proxy \S+(.*)\s+(.*)", caddyfile) == [(" {", "import kept")] * len(
        SERVICES
    )
