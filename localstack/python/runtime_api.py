"""Starts a function and plays Lambda's Runtime API to it, once
(https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html).

Prints how long the function took to ask for its first invocation. With an event it hands it that and prints the answer
instead. Fails when the function ends, or does neither within a minute.
"""

import argparse
import contextlib
import http.server
import os
import queue
import subprocess
import sys
import threading
import time

DEADLINE_SECONDS = 60
EXTENSIONS = "/2020-01-01/extension/"


class RuntimeApi(http.server.BaseHTTPRequestHandler):
    """Gives the event to the first who asks; whoever asks after that waits for the end."""

    protocol_version = "HTTP/1.1"

    def handle(self):
        # The function is killed once enough is known of it, whatever it is saying then.
        with contextlib.suppress(ConnectionError):
            super().handle()

    def do_GET(self):
        if self.path.startswith(EXTENSIONS):
            # An extension that subscribed to no event waits until its process ends.
            threading.Event().wait()
        self.server.seen.put(("next", time.monotonic()))
        if not self.server.events:
            threading.Event().wait()
        body = self.server.events.pop()
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
        self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + DEADLINE_SECONDS) * 1000)))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:local")
        self.answer(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.startswith(EXTENSIONS):
            self.send_response(200)
            self.send_header("Lambda-Extension-Identifier", "c1ad4b6c-f9d2-4d4c-9a5e-2f3a5c6f7d10")
            self.answer(b'{"functionName": "local", "functionVersion": "$LATEST", "handler": "bootstrap"}')
            return
        self.server.seen.put(("answer", body.decode()))
        self.send_response(202)
        self.answer(b"")

    def answer(self, body):
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--event", type=argparse.FileType("rb"), help="a file with the invocation's event")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="what starts the function")
    arguments = parser.parse_args()

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), RuntimeApi)
    server.daemon_threads = True
    server.events = [arguments.event.read()] if arguments.event else []
    server.seen = queue.Queue()
    threading.Thread(target=server.serve_forever, daemon=True).start()

    began = time.monotonic()
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:%d" % server.server_address[1],
        "AWS_LAMBDA_FUNCTION_NAME": "local",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_REGION": "us-east-1",
    }
    with subprocess.Popen(arguments.command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        threading.Thread(target=lambda: (process.wait(), server.seen.put(("end", None))), daemon=True).start()
        try:
            wait_for(server.seen, "answer" if arguments.event else "next", began)
        except RuntimeError as error:
            process.kill()
            sys.exit("%s\n%s" % (error, process.stdout.read().decode(errors="replace")))
        process.kill()


def wait_for(seen, wanted, began):
    """Prints what was wanted when it comes."""
    while True:
        try:
            kind, value = seen.get(timeout=max(0, began + DEADLINE_SECONDS - time.monotonic()))
        except queue.Empty:
            raise RuntimeError("nothing was heard of it for %d s" % DEADLINE_SECONDS) from None
        if kind == "end":
            raise RuntimeError("it ended by itself")
        if kind == wanted:
            print(value if kind == "answer" else "%d ms" % ((value - began) * 1000))
            return


if __name__ == "__main__":
    main()
