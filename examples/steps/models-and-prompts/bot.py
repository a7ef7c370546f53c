"""The support bot of the Alpenglow online shop."""

import asyncio
import json
import re
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from ferrata.app import open_app
from ferrata.prompts import render_request

HERE = Path(__file__).parent


def words(text):
    return set(re.findall(r"[a-z]{3,}", text.lower()))


def find_articles(question, count=2):
    """The articles that share the most words with the question."""
    asked = words(question)
    articles = [{"id": path.stem, "text": path.read_text()} for path in sorted((HERE / "articles").glob("*.md"))]
    return sorted(articles, key=lambda article: -len(asked & words(article["text"])))[:count]


async def ask(question):
    with open_app(HERE) as app:
        prompt = app.prompt("prompt/support@production")
        request = render_request(prompt, {"articles": find_articles(question), "question": question})
        async with app.models:
            reply = await app.chat_model(prompt=prompt).chat(request)
    return reply.text


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
