"""A proxy in front of an object store that treats every n-th call badly.

Calls go through whole: the proxy reads a request to its end before it does anything, so that each
fault is one that a network can make at that point.

  lost       the request never arrives: the connection ends
  unanswered the request is done, and the connection ends before the answer
  truncated  the request is done, and half of its answer comes
  twice      the request is done twice, and the second answer comes
  slow       the answer comes late
  hang       neither request nor answer goes anywhere, until the proxy is told to go on
"""

import socket
import socketserver
import threading
import time

SLOW_S = 0.05
FAULTS = ("lost", "unanswered", "truncated", "twice", "slow")
BUFFER = 64 * 1024


def read_message(stream, is_answer=False, is_head=False):
    """One HTTP/1.1 message, as bytes; empty where the connection has ended."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = stream.readline()
        if not line:
            return b""
        head += line
    fields = {name.lower(): value.strip() for name, _, value in
              (line.partition(b":") for line in head.split(b"\r\n")[1:] if line)}
    if is_answer and (is_head or head.split()[1] in (b"204", b"304")):
        return head
    if fields.get(b"transfer-encoding", b"").lower() == b"chunked":
        return head + read_chunks(stream)
    return head + stream.read(int(fields.get(b"content-length", 0)))


def read_chunks(stream):
    text = b""
    while True:
        line = stream.readline()
        size = int(line.split(b";")[0], 16)
        text += line + stream.read(size) + stream.readline()
        if size == 0:
            return text


class FaultProxy:
    """`fault(n)` names what happens to the n-th call, or None; changed at any time."""

    def __init__(self, port, fault=lambda n: None, tls=None):
        self.upstream = port
        self.fault = fault
        self.tls = tls
        self.calls = 0
        self.done = {}  # how many calls met each fault
        self.met = set()  # first lines of requests that did
        self.lock = threading.Lock()
        self.hanging = 0
        self.go_on = threading.Event()
        proxy = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                proxy.serve(self.request)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True
            request_queue_size = 64

            def handle_error(self, request, client_address):
                pass  # a client that went away, or spoke no TLS

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.go_on.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def serve(self, connection):
        if self.tls:
            connection = self.tls.wrap_socket(connection, server_side=True)
        with connection, connection.makefile("rb") as stream:
            while self.serve_call(connection, stream):
                pass

    def serve_call(self, connection, stream):
        """True where the connection goes on."""
        request = read_message(stream)
        if not request:
            return False
        fault = self.choose(request.split(b"\r\n", 1)[0])
        if fault == "lost":
            return False
        if fault == "hang":
            with self.lock:
                self.hanging += 1
            self.go_on.wait()
            return False
        answer = self.forward(request)
        if fault == "twice":
            answer = self.forward(request)
        if fault == "unanswered":
            return False
        if fault == "slow":
            time.sleep(SLOW_S)
        if fault == "truncated":
            connection.sendall(answer[:len(answer) // 2])
            return False
        connection.sendall(answer)
        return True

    def choose(self, line):
        """A call that met a fault is spared when it comes again, whatever the order of calls: so
        that no bad luck of five tries decides a test. None is spared a store that hangs."""
        with self.lock:
            self.calls += 1
            fault = self.fault(self.calls)
            if fault and fault != "hang" and line in self.met:
                fault = None
            if fault:
                self.met.add(line)
            self.done[fault] = self.done.get(fault, 0) + 1
            return fault

    def forward(self, request):
        with socket.create_connection(("127.0.0.1", self.upstream)) as upstream:
            upstream.sendall(request)
            with upstream.makefile("rb") as stream:
                return read_message(stream, is_answer=True, is_head=request.startswith(b"HEAD "))
