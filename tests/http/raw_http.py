"""HTTP by hand, for what no HTTP library would send."""

import socket
import time

from api import Answer, Request


class Raw:
    """One connection. `send` takes bytes; `answer` reads one response."""

    def __init__(self, port, timeout_s=30):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        self.held = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def send_slowly(self, data, pause_s=0.005):
        for start in range(len(data)):
            self.socket.sendall(data[start:start + 1])
            time.sleep(pause_s)

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def _fill(self):
        more = self.socket.recv(65536)
        self.held += more
        return bool(more)

    def answer(self, is_head=False):
        """The next response, or None where the server closed without one."""
        while b"\r\n\r\n" not in self.held:
            try:
                if not self._fill():
                    return None
            except ConnectionResetError:
                return None
        head, _, self.held = self.held.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:]]
        result = Answer(int(lines[0].split()[1]), headers, b"")
        if result.status == 100:
            return self.answer(is_head)
        size = int(result.header("content-length") or 0)
        if is_head or result.status in (204, 304):
            size = 0
        while len(self.held) < size and self._fill():
            pass
        result.body, self.held = self.held[:size], self.held[size:]
        return result

    def is_closed(self):
        """Waits for the server to close; whatever still comes is dropped."""
        try:
            while self.socket.recv(65536):
                pass
            return True
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False


def exchange(port, method, target, headers=(), body=b"", timeout_s=30):
    """One request on a connection of its own."""
    head = f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
    if body and not any(name.lower() in ("content-length", "transfer-encoding")
                        for name, _ in headers):
        head += f"Content-Length: {len(body)}\r\n"
    for name, value in headers:
        head += f"{name}: {value}\r\n"
    with Raw(port, timeout_s) as connection:
        connection.send(head.encode("utf-8", "surrogateescape") + b"\r\n" + body)
        return connection.answer(method == "HEAD")


def checked(contract, port, method, target, headers=(), body=b"", check_request=True):
    """`exchange`, held against the contract."""
    answer = exchange(port, method, target, headers, body)
    if answer is not None:
        names = {name.lower(): value for name, value in headers}
        contract.check(Request(method, target, names, body), answer, check_request)
    return answer
