# SPDX-License-Identifier: Apache-2.0
"""The crawl over TLS and HTTP/2: nghttpx with a certificate of the test's own CA before the stand-in. Skipped where nghttpx or openssl is missing."""

import os
import shutil
import socket
import subprocess
import time

from meddle import Meddler
from nasty import headers
from tap import UNTIL, Hub, crawl, free_port, main, ok, same, scratch, skip_all

if not shutil.which("nghttpx") or not shutil.which("openssl"):
    skip_all("nghttpx (Debian: nghttp2-proxy) or openssl is not there")
PLACE = scratch()


def certificate():
    def openssl(*args):
        subprocess.run(["openssl", *args], cwd=PLACE, check=True, capture_output=True)

    with open(f"{PLACE}/ext", "w", encoding="utf-8") as f:
        f.write("subjectAltName=DNS:localhost,IP:127.0.0.1")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test CA")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "server.pem", "-days", "2", "-extfile", "ext")


class Proxy:
    """TLS on loopback before a stand-in."""

    def __init__(self, url):
        self.back = url.rsplit(":", 1)[1]
        self.port = free_port()
        self.log = f"{PLACE}/access.log"

    def __enter__(self):
        args = ["nghttpx", f"-f127.0.0.1,{self.port}", f"-f127.0.0.2,{self.port}", f"-b127.0.0.1,{self.back}", f"--accesslog-file={self.log}", f"{PLACE}/server.key", f"{PLACE}/server.pem"]
        self.process = subprocess.Popen(args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(100):
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.05)
        raise RuntimeError("nghttpx did not start")

    def __exit__(self, *exc):
        self.process.terminate()
        self.process.wait(10)


def over_tls():
    certificate()
    token = f"{PLACE}/token"
    with open(token, "w", encoding="utf-8") as f:
        f.write("hf_secretsecret")
    os.chmod(token, 0o600)
    with Hub("--models", 6000, "--datasets", 1500, "--spaces", 1500, "--until", UNTIL, "--quota", 0, "--token", "hf_secretsecret") as hub, Proxy(hub.url) as proxy:
        url = f"https://localhost:{proxy.port}"
        r = crawl(2, url, f"{PLACE}/good", "--ca-file", f"{PLACE}/ca.pem", "--token-file", token)
        ok(r.code == 0, "complete over TLS with the test's own CA", r)
        with open(proxy.log, encoding="utf-8") as f:
            lines = f.readlines()
        same([line for line in lines if "HTTP/2" not in line], [], f"all {len(lines)} requests over HTTP/2")
        ok(all(q[4].endswith("yes") for q in hub.requests()), "the token is sent")
        r = crawl(2, url, f"{PLACE}/bad", "--token-file", token)
        ok(r.code == 4 and "certificate" in r.err and "hf_secret" not in r.err, "a certificate that nobody vouches for is refused", r)
        r = crawl(1, f"https://127.0.0.2:{proxy.port}", f"{PLACE}/name", "--ca-file", f"{PLACE}/ca.pem", "--token-file", token, "--retries", 0)
        ok(r.code == 4 and "127.0.0.2" in r.err and "subject" in r.err, "a certificate of another name is refused", r)
    left = subprocess.run(["grep", "-r", "-l", "hf_secretsecret", f"{PLACE}/good"], capture_output=True, text=True, check=False)
    same(left.stdout, "", "the token is in no file")
    downgrade(token)
    r = crawl(1, "http://hub.invalid", f"{PLACE}/plain", "--token-file", token)
    ok(r.code == 2 and "https" in r.err, "no token over plain http to another machine", r)


def downgrade(token):
    """A Hub that answers over https and leads to plain http, by redirects and by links: nobody comes there."""
    with Hub("--models", 3000, "--datasets", 0, "--spaces", 0, "--until", UNTIL, "--quota", 0) as hub, Meddler(hub.url, lambda *_: None) as plain:

        def hook(path, n, body):
            def redirect(handler):
                handler.send_response(302)
                handler.send_header("location", plain.url + path)
                handler.send_header("content-length", "0")
                handler.end_headers()

            def link(handler):
                headers(handler, ("link", f'<{plain.url}{path}>; rel="next"'), ("content-length", str(len(body))))
                handler.wfile.write(body)

            return (redirect, link, None)[n % 3]

        with Meddler(hub.url, hook) as m, Proxy(m.url) as proxy:
            r = crawl(2, f"https://localhost:{proxy.port}", f"{PLACE}/down", "--ca-file", f"{PLACE}/ca.pem", "--token-file", token, "--retries", 9)
        ok(r.code in (0, 5) and len(m.seen) > 6 and all("hf_secretsecret" in h.get("Authorization", "") for _, h in m.seen), f"over https, {len(m.seen)} requests with the token", r)
        same(plain.seen, [], "none over http, where redirects and links led")


main(over_tls)
