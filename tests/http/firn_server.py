"""A real server process: started on a free port, stopped with a look at how it went."""

import os
import random
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

START_TIMEOUT_S = 30
STOP_TIMEOUT_S = 30
REPORT_MARKS = ("AddressSanitizer", "LeakSanitizer", "ThreadSanitizer", "runtime error:")


def free_port():
    """A port that nothing listens on, out of a range that no client's own port comes from."""
    while True:
        port = random.randrange(20001, 32000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class FirnServer:
    def __init__(self, binary, data, arguments=(), preexec=None, environment=None, logs=None):
        self.binary = str(binary)
        self.data = Path(data)
        self.arguments = list(arguments)
        self.preexec = preexec
        self.environment = environment or {}
        self.port = free_port()
        self.process = None
        self.logs = Path(logs) if logs else self.data.parent / f"{self.data.name}.logs"
        self.logs.mkdir(parents=True, exist_ok=True)
        self.log = self.logs / "stderr"

    def command(self):
        return [self.binary, "serve", "--data", str(self.data), "--listen",
                f"127.0.0.1:{self.port}", *self.arguments]

    def spawn(self):
        """Starts the process and does not wait for its first answer."""
        reports = f"log_path={self.logs}/report"
        # FIRN_BINARY and the like are the tests' own, and the server would warn of them.
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith("FIRN_")}
        environment.update(self.environment)
        environment["ASAN_OPTIONS"] = f"{reports}:detect_leaks=1:exitcode=99"
        environment["UBSAN_OPTIONS"] = f"{reports}:print_stacktrace=1"
        environment["TSAN_OPTIONS"] = f"{reports}:exitcode=99:halt_on_error=0"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env=environment, preexec_fn=self.preexec)
        return self

    def start(self):
        self.spawn()
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self.answers():
            if self.process.poll() is not None:
                raise AssertionError(f"firn did not start ({self.process.returncode}):\n"
                                     f"{self.log_text()}")
            if time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"firn did not answer in time:\n{self.log_text()}")
            time.sleep(0.02)
        return self

    def answers(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/v1/config", timeout=5):
                return True
        except OSError:
            return False

    def wait(self, timeout_s=STOP_TIMEOUT_S):
        """Waits for a process that ends by itself; its exit status."""
        return self.process.wait(timeout_s)

    def stop(self):
        """SIGTERM: the server must exit 0, and no sanitizer may have anything to say."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.wait()
        self.check_reports()
        assert code == 0, f"firn exited with {code}:\n{self.log_text()}"

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def restart(self):
        self.stop()
        return self.start()

    def log_text(self):
        return self.log.read_text(errors="replace")[-6000:] if self.log.exists() else ""

    def check_reports(self):
        for report in sorted(self.logs.glob("report*")):
            raise AssertionError(f"sanitizer report:\n{report.read_text(errors='replace')[:8000]}")
        text = self.log.read_text(errors="replace")
        for mark in REPORT_MARKS:
            assert mark not in text, f"sanitizer report in the log:\n{self.log_text()}"
