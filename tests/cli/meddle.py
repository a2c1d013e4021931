# SPDX-License-Identifier: Apache-2.0
"""A server between the crawl and a stand-in that says something else now and then: hostile bodies and headers, over real HTTP."""

import http.client
import http.server
import threading


class Meddler:
    """`with Meddler(hub.url, hook) as m: m.url`. hook(path, n, body) gets the n-th list page and returns None (let it be), bytes (another body), or a callable that
    writes the reply to the handler itself. ask(path): what the stand-in is asked instead."""

    def __init__(self, url, hook, ask=lambda path: path):
        self.target = url.split("//")[1]
        self.hook = hook
        self.ask = ask
        self.pages = 0
        self.seen = []

    def __enter__(self):
        meddler = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # headers and body are two writes

            def do_GET(self):
                meddler.seen.append((self.path, dict(self.headers)))
                up = http.client.HTTPConnection(meddler.target, timeout=60)
                up.request("GET", meddler.ask(self.path), headers={"accept": "application/json"})
                reply = up.getresponse()
                body = reply.read()
                other = None
                if self.path.startswith("/api/") and reply.status == 200:
                    meddler.pages += 1
                    other = meddler.hook(self.path, meddler.pages, body)
                if callable(other):
                    try:
                        other(self)
                    except OSError:  # the crawl has had enough
                        pass
                    self.close_connection = True
                    return
                body = body if other is None else other
                self.send_response(reply.status)
                for name in ("content-type", "link", "ratelimit", "ratelimit-policy"):
                    if reply.getheader(name):
                        self.send_header(name, reply.getheader(name).replace(meddler.target, meddler.here))
                self.send_header("content-length", str(len(body)))
                try:
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:  # the crawl has had enough
                    self.close_connection = True
                up.close()

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.here = f"127.0.0.1:{self.server.server_port}"
        self.url = f"http://{self.here}"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


