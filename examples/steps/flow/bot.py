"""The support bot of the Alpenglow online shop. Its steps are the flow in flows/support."""

import asyncio
import json
import sys
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from ferrata.app import open_app

HERE = Path(__file__).parent


async def ask(question):
    with open_app(HERE) as app, closing(app.flow("flows/support")) as flow:
        async with app.models:
            result = await flow.line({"question": question}, timeout=60)
    if result.error is not None:
        print(result.error["message"], file=sys.stderr)
        return "I cannot answer at the moment. Please write to service@alpenglow.example."
    return result.output["answer"]


def answer(question):
    return asyncio.run(ask(question))


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        reply = json.dumps({"answer": answer(body["question"])}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(reply)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        HTTPServer(("127.0.0.1", int(sys.argv[2])), Handler).serve_forever()
    else:
        print(answer(" ".join(sys.argv[1:])))
