"""docker-compose.yml, the Dockerfiles and the Kubernetes manifests: read by the tools that will read
them, and each tool is seen to refuse a file with a fault."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
TOOLS = Path(sys.executable).parent
COMPOSE = ROOT / "docker-compose.yml"
PROFILES = ("jupyter", "minio", "monitoring")
DOCKERFILES = (ROOT / "deploy/docker/Dockerfile", ROOT / "deploy/docker/spark/Dockerfile")
K8S = ROOT / "deploy" / "k8s"
OVERLAYS = sorted(path.parent for path in (K8S / "overlays").glob("*/kustomization.yaml"))
# The oldest that is still about in clouds, and the newest whose schemas are at hand.
KUBERNETES = ("1.30", "1.37")


def call(*argv, cwd=ROOT, text=None):
    return subprocess.run(list(map(str, argv)), cwd=cwd, input=text, capture_output=True, text=True,
                          timeout=120, check=False)


# --- docker-compose.yml ---

def compose(*words, file=COMPOSE):
    chosen = [word for profile in PROFILES for word in ("--profile", profile)]
    return call("docker-compose", "-f", file, *chosen, *words)


@pytest.fixture(scope="module")
def services():
    """What docker-compose makes of the file, with every profile."""
    done = compose("config")
    assert done.returncode == 0, done.stderr
    return yaml.safe_load(done.stdout)["services"]


def test_compose__is_understood(services):
    assert set(services) == {"firn", "spark", "jupyter", "minio", "prometheus", "grafana"}


def test_compose__refuses_a_fault(tmp_path):
    bad = tmp_path / "docker-compose.yml"
    bad.write_text(COMPOSE.read_text().replace("healthcheck:", "healthchek:", 1))
    done = compose("config", "-q", file=bad)
    assert done.returncode != 0 and "healthchek" in done.stderr


def published(service):
    for port in service.get("ports", []):
        yield f"{port.get('host_ip')}:{port['published']}" if isinstance(port, dict) else port


def test_compose__publishes_on_this_machine_alone(services):
    ports = [port for service in services.values() for port in published(service)]
    assert len(ports) >= 7
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_compose__mounts_and_builds_what_is_there(services):
    for name, service in services.items():
        for volume in service.get("volumes", []):
            source = volume["source"] if isinstance(volume, dict) else volume.split(":")[0]
            assert not source.startswith("/") or Path(source).exists(), (name, source)
        if build := service.get("build"):
            assert (Path(build["context"]) / build["dockerfile"]).exists(), name


def test_compose__has_no_secret(services):
    words = re.compile("PASSWORD|SECRET|TOKEN")
    given = {f"{name} {key}": value for name, service in services.items()
             for key, value in (service.get("environment") or {}).items() if words.search(key)}
    assert given == {"minio MINIO_ROOT_PASSWORD": ""}


# --- Dockerfiles ---

def hadolint(path):
    return call(TOOLS / "hadolint", "-c", ROOT / "deploy/docker/hadolint.yaml", path)


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.parent.name)
def test_dockerfile__has_no_finding(path):
    done = hadolint(path)
    assert (done.returncode, done.stdout) == (0, "")


def test_dockerfile__with_a_fault_is_found(tmp_path):
    bad = tmp_path / "Dockerfile"
    bad.write_text(DOCKERFILES[0].read_text().replace("--no-install-recommends", ""))
    done = hadolint(bad)
    assert done.returncode != 0 and "DL3015" in done.stdout


# --- Kubernetes ---

def validate(text, version):
    return call(TOOLS / "kubernetes-validate", "--strict", "-k", version, "-", text=text)


def plain_manifests():
    """Each manifest as it lies there, but for what belongs to kustomize and to operators."""
    for path in sorted(K8S.rglob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        if path.name != "kustomization.yaml" and "monitoring.coreos.com" not in text:
            yield pytest.param(text, id=path.relative_to(K8S).as_posix())


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("text", list(plain_manifests()))
def test_manifest__fits_the_schema(text, version):
    done = validate(text, version)
    printed = done.stdout + done.stderr
    assert done.returncode == 0 and printed.count("passed for resource") == text.count("\nkind:")


def test_manifest__with_a_fault_is_refused():
    text = (K8S / "base/statefulset.yaml").read_text(encoding="utf-8")
    for fault in (("replicas: 1", "replicas: one"), ("containerPort:", "containerport:"),
                  ("runAsNonRoot: true", "runAsNonroot: true")):
        assert fault[0] in text
        assert validate(text.replace(*fault), KUBERNETES[0]).returncode != 0, fault


def test_kustomizations__name_files_that_are_there():
    for path in K8S.rglob("kustomization.yaml"):
        for resource in yaml.safe_load(path.read_text(encoding="utf-8"))["resources"]:
            assert (path.parent / resource).exists(), (path, resource)


@pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl puts overlays together")
@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda path: path.name)
def test_overlay__fits_the_schema(overlay):
    made = call("kubectl", "kustomize", overlay)
    assert made.returncode == 0, made.stderr
    for version in KUBERNETES:
        done = validate(made.stdout, version)
        assert done.returncode == 0, done.stdout + done.stderr


def test_pods__ask_for_little():
    """No root, no capabilities, no writable root file system; limits, and all three probes."""
    pod = yaml.safe_load((K8S / "base/statefulset.yaml").read_text(encoding="utf-8"))
    spec = pod["spec"]["template"]["spec"]
    container, = spec["containers"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["automountServiceAccountToken"] is False
    assert container["securityContext"] == {"allowPrivilegeEscalation": False,
                                            "readOnlyRootFilesystem": True,
                                            "capabilities": {"drop": ["ALL"]}}
    assert {"startupProbe", "livenessProbe", "readinessProbe", "resources"} <= container.keys()
