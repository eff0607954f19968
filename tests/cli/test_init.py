"""firn init: the files of deploy/, for this machine's settings."""

import getpass
import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from conftest import ROOT, TIMEOUT_S

TARGETS = ("compose", "k8s", "systemd", "prometheus")
# What differs from deploy/ where nothing is given: the program is there already, and where it is.
MADE = {"deploy/docker/Dockerfile", "deploy/docker/firn", "firn.service"}


def files(folder):
    return {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*"))
            if path.is_file()}


def source(name):
    places = (ROOT / name, ROOT / "deploy" / name, ROOT / "deploy" / "prometheus" / name,
              ROOT / "deploy" / "systemd" / name)
    return next(one for one in places if one.is_file())


def check(*command, cwd=None):
    """The tool has nothing against it. A tool that is not here is none of ours."""
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, cwd=cwd,
                          timeout=TIMEOUT_S)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def compose(folder):
    return yaml.safe_load((folder / "docker-compose.yml").read_text())


@pytest.fixture
def init(run, tmp_path):
    """init(code, target, *arguments): firn init into tmp_path/out, which it gives as well."""
    def call(code, target, *arguments, **more):
        out = tmp_path / "out"
        return run(code, "init", target, "--out", out, *arguments, **more), out
    return call


# --- what is written --------------------------------------------------------------------------

@pytest.mark.parametrize("target", TARGETS)
def test_init__writes_what_deploy_has(init, target):
    done, out = init(0, target, "--json")
    found = files(out)
    assert sorted(done.json["written"]) == sorted(map(str, found.values())) and found
    for name, path in found.items():
        if name not in MADE:
            assert path.read_bytes() == source(name).read_bytes(), name
        if path.suffix in (".yml", ".yaml"):
            assert list(yaml.safe_load_all(path.read_text())), name
        if path.suffix == ".json":
            assert json.loads(path.read_text()), name


def test_init__leaves_out_no_file_of_deploy(init, tmp_path):
    """But those of the package, of a cluster that a page sets up, and of checks."""
    found = set()
    for target in TARGETS:
        found |= {source(name) for name in files(init(0, target)[1])
                  if name != "deploy/docker/firn"}
        shutil.rmtree(tmp_path / "out")
    left = {path.relative_to(ROOT / "deploy") for path in files(ROOT / "deploy").values()
            if path not in found}
    assert {str(path) for path in left if path.parts[0] not in ("debian", "spark")} == {
        "docker/hadolint.yaml"}


def test_compose__builds_the_image_from_this_program(init, binary):
    out = init(0, "compose")[1]
    text = (out / "deploy/docker/Dockerfile").read_text()
    assert text.count("FROM ") == 1 and "build-essential" not in text
    assert "COPY deploy/docker/firn /usr/bin/firn\n" in text
    program = out / "deploy/docker/firn"
    assert program.read_bytes() == binary.read_bytes() and program.stat().st_mode & 0o111 == 0o111
    if shutil.which("docker-compose"):
        check("docker-compose", "-f", out / "docker-compose.yml", "config", "-q")


def test_compose__has_the_settings(init, tmp_path):
    data = tmp_path / "my $data"
    data.mkdir()
    out = init(0, "compose", "--data", data, "--listen", "127.0.0.1:9000", "--allow-location",
               f"file:{tmp_path}/lake", "--allow-location", "s3://bucket/x",
               environment={"FIRN_CACHE_SIZE": "1GiB"})[1]
    services = compose(out)["services"]
    escaped = str(data).replace("$", "$$")
    mounts = [f"{escaped}:{escaped}", f"{tmp_path}/lake:{tmp_path}/lake"]
    assert services["firn"]["ports"] == ["127.0.0.1:9000:8181"]
    assert services["firn"]["volumes"] == services["spark"]["volumes"] == mounts
    assert services["firn"]["user"] == services["jupyter"]["user"] == (
        f"{data.stat().st_uid}:{data.stat().st_gid}")
    command = services["firn"]["command"]
    assert f"--data={escaped}" in command and "--listen=0.0.0.0:8181" in command
    assert command[-3:] == [f"--allow-location=file:{tmp_path}/lake",
                            "--allow-location=s3://bucket/x", "--cache-size=1GiB"]
    if shutil.which("docker-compose"):
        read = yaml.safe_load(check("docker-compose", "-f", out / "docker-compose.yml", "config"))
        volumes = read["services"]["firn"]["volumes"]
        assert str(data) in json.dumps(volumes).replace("$$", "$")


def test_k8s__has_the_settings(init, tmp_path):
    out = init(0, "k8s", "--listen", "127.0.0.1:9000", "--allow-location", "s3://bucket/x",
               "--warehouse-location", "file:///var/lib/firn/lake")[1]
    base = out / "deploy/k8s/base"
    assert yaml.safe_load((base / "service.yaml").read_text())["spec"]["ports"] == [
        {"name": "http", "port": 9000, "targetPort": "http"}]
    pod = yaml.safe_load((base / "statefulset.yaml").read_text())["spec"]["template"]["spec"]
    assert pod["containers"][0]["args"][-2:] == ["--warehouse-location=file:///var/lib/firn/lake",
                                                 "--allow-location=s3://bucket/x"]
    assert "a pod has /var/lib/firn alone" in init(
        2, "k8s", "--force", "--allow-location", "file:///srv/lake")[0].err
    init(2, "k8s", "--force", "--data", tmp_path)


def test_systemd__has_the_settings(init, binary, tmp_path):
    data = tmp_path / "data dir"
    data.mkdir()
    done, out = init(0, "systemd", "--data", data, "--listen", "127.0.0.1:9000",
                     "--allow-location", "file:///srv/lake", "--json",
                     environment={"FIRN_THREADS": "3", "FIRN_LOG_FORMAT": "text"})
    assert json.loads((out / "firn.json").read_text()) == {
        "data": str(data), "listen": "127.0.0.1:9000", "log-format": "text", "threads": 3,
        "allow-location": ["file:///srv/lake"]}
    unit = (out / "firn.service").read_text().splitlines()
    for line in (f"ExecStart={binary} serve --config /etc/firn/firn.json",
                 f"User={getpass.getuser()}", f'ReadWritePaths="{data}"',
                 "ReadWritePaths=/srv/lake", "PrivateTmp=false"):
        assert line in unit
    assert not any(line.startswith("StateDirectory") for line in unit)
    assert not any("useradd" in line for line in done.json["next"])
    if shutil.which("systemd-analyze"):
        check("systemd-analyze", "verify", "--man=no", out / "firn.service")


def test_systemd__without_settings_is_the_packages(init, binary):
    done, out = init(0, "systemd")
    unit = (out / "firn.service").read_text()
    assert unit.replace(str(binary), "/usr/bin/firn").replace(
        "ProtectHome=false", "ProtectHome=true").replace("PrivateTmp=false", "PrivateTmp=true") == (
            source("firn.service").read_text())
    for words in ("/etc/firn/firn.json", "systemctl enable --now firn"):
        assert words in done.out


def test_systemd__settings_start_a_server(init, tmp_path, own_server):
    """firn.json is what --config takes."""
    server = own_server()
    server.stop()
    out = init(0, "systemd", "--data", tmp_path / "data", "--listen",
               f"127.0.0.1:{server.port}")[1]
    server.arguments = []
    server.command = lambda: [server.binary, "serve", "--config", str(out / "firn.json")]
    server.start()
    assert (tmp_path / "data" / "firn.db").exists()


def test_prometheus__scrapes_where_it_listens(init):
    done, out = init(0, "prometheus", "--listen", "0.0.0.0:9000")
    targets = yaml.safe_load((out / "prometheus.yml").read_text())["scrape_configs"][0]
    assert targets["static_configs"] == [{"targets": ["127.0.0.1:9000"]}]
    assert f"prometheus --config.file={out}/prometheus.yml" in done.out
    if shutil.which("promtool"):
        assert "SUCCESS" in check("promtool", "check", "config", out / "prometheus.yml")


def test_config_file__is_read_for_settings(init, tmp_path):
    settings = tmp_path / "mine.json"
    settings.write_text('{"workers": 7, "access-log": "stderr", "listen": "127.0.0.1:9001"}')
    out = init(0, "systemd", "--config", settings)[1]
    assert json.loads((out / "firn.json").read_text()) == {
        "data": "/var/lib/firn", "listen": "127.0.0.1:9001", "log-format": "json", "workers": 7,
        "access-log": "stderr"}


# --- what is there stays ----------------------------------------------------------------------

def test_init__replaces_nothing_unasked(init):
    out = init(0, "systemd")[1]
    assert "as it was  " in init(0, "systemd")[0].out
    (out / "firn.service").write_text("mine")
    (out / "firn.json").unlink()
    done, _ = init(5, "systemd", "--listen", "127.0.0.1:9000")
    assert "is there already, and has another text: nothing was written" in done.err
    assert (out / "firn.service").read_text() == "mine" and not (out / "firn.json").exists()
    done, _ = init(0, "systemd", "--force", "--json")
    assert "ExecStart" in (out / "firn.service").read_text()
    assert not [name for name in files(out) if name not in ("firn.json", "firn.service")]


def test_init__replaces_a_link_not_what_it_leads_to(init, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "precious").write_text("precious")
    (out / "firn.json").symlink_to(tmp_path / "precious")
    init(5, "systemd")
    init(0, "systemd", "--force")
    assert (tmp_path / "precious").read_text() == "precious"
    assert not (out / "firn.json").is_symlink()


def test_init__that_cannot_be_done(init, run, tmp_path):
    (tmp_path / "file").touch()
    assert "cannot be made: " in run(1, "init", "systemd", "--out", tmp_path / "file" / "x").err
    assert "a port that stays" in init(2, "prometheus", "--listen", "127.0.0.1:0")[0].err
    assert "a port that stays" in init(2, "compose", "--listen", "127.0.0.1:0")[0].err
    assert "has a ':' in its name" in init(2, "compose", "--data", "/srv/a:b")[0].err
    assert "a unit would take" in init(2, "systemd", "--data", "/srv/100%")[0].err
    assert "Did you mean compose?" in run(2, "init", "compse").err
    run(2, "init")


def test_next__is_quoted(run, tmp_path):
    out = tmp_path / "it's here"
    lines = run(0, "init", "compose", "--out", out, "--json").json["next"]
    assert subprocess.run(["bash", "-c", lines[0].replace("docker", "printf '%s\\n'", 1)],
                          capture_output=True, text=True).stdout.splitlines()[2] == (
                              f"{out}/docker-compose.yml")
    assert Path(out / "docker-compose.yml").exists()
