"""A source of quotes for tests: the price of a symbol depends on its letters alone."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class Quotes(BaseHTTPRequestHandler):
    def do_GET(self):
        symbols = parse_qs(urlsplit(self.path).query).get("symbols", [""])[0].split(",")
        prices = {each: f"{sum(map(ord, each)) / 10:.2f}" for each in symbols if each}
        body = json.dumps(prices).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("", 8000), Quotes).serve_forever()
