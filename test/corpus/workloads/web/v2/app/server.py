# SPDX-License-Identifier: Apache-2.0
"""The next version: threads, other helpers, other folders. One of its pages hands what it is asked to a shell, which is how attacks get in."""
import http.server
import json
import os
import sqlite3
import subprocess
import tempfile
import urllib.parse
import urllib.request

DATA = "/srv/data"


class Shop(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def child(self, command, shell=False):
        step = self.headers.get("X-Step")
        environment = dict(os.environ, **({"CORPUS_STEP": step} if step else {}))
        done = subprocess.run(command, shell=shell, env=environment, capture_output=True, timeout=20)
        return done.stdout

    def page(self):
        url = urllib.parse.urlparse(self.path)
        asked = dict(urllib.parse.parse_qsl(url.query))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        database = sqlite3.connect(DATA + "/shop.db", timeout=10)
        with open("/srv/data/log/requests.log", "a") as log:
            log.write(self.path + "\n")
        if url.path == "/item":
            return str(database.execute("select * from orders where id=?", (asked["id"],)).fetchall()).encode()
        if url.path == "/order":
            with database:
                database.execute("insert into orders(what) values(?)", (asked["what"],))
            with open(f"{DATA}/orders/{asked['what']}.json", "w") as f:
                json.dump(asked, f)
            return b"ordered"
        if url.path == "/login":
            with tempfile.NamedTemporaryFile(prefix="s-", dir="/dev/shm", delete=False) as f:
                f.write(b"{}")
            return f.name.encode()
        if url.path == "/upload":
            with open("/srv/uploads/" + asked["name"], "wb") as f:
                f.write(body)
            return self.child(["/usr/bin/openssl", "dgst", "-sha512", "/srv/uploads/" + asked["name"]])
        if url.path == "/thumb":
            return self.child(f"head -c 2000 /srv/uploads/{asked['name']} 2>/dev/null | xz -T1 > /srv/data/derived/{asked['name']}.xz", True)
        if url.path == "/report":
            return self.child(["/bin/sh", "/app/report.sh", asked["month"]])
        if url.path == "/stock":
            return urllib.request.urlopen("http://10.88.0.1:8080/stock/" + asked["id"], timeout=5).read()
        if url.path == "/lookup":
            return self.child("getent hosts " + asked["host"], True)
        return b"hello"

    def do_GET(self):
        try:
            answer = self.page()
        except Exception as error:  # a page that fails is a page
            answer = repr(error).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_GET


def main():
    for folder in ("/srv/uploads", "/srv/data/derived", DATA + "/orders", DATA + "/log"):
        os.makedirs(folder, exist_ok=True)
    with sqlite3.connect(DATA + "/shop.db") as database:
        database.execute("create table if not exists orders(id integer primary key, what text)")
    server = http.server.ThreadingHTTPServer(("0.0.0.0", 8000), Shop)
    for _ in range(1):
        if os.fork() == 0:
            server.serve_forever()
    os.wait()


main()
