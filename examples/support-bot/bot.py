"""The support bot of the Alpenglow online shop."""

import json
import re
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from openai import OpenAI

ARTICLES = Path(__file__).parent / "articles"

client = OpenAI()


def words(text):
    return set(re.findall(r"[a-z]{3,}", text.lower()))


def find_articles(question, count=2):
    """The articles that share the most words with the question."""
    asked = words(question)
    texts = [path.read_text() for path in sorted(ARTICLES.glob("*.md"))]
    return sorted(texts, key=lambda text: -len(asked & words(text)))[:count]


def answer(question):
    articles = "\n\n".join(find_articles(question))
    print("question:", question)
    response = client.chat.completions.create(
        model="gpt-4o",
        messages=[
            {
                "role": "system",
                "content": f"""You are the friendly assistant of Alpenglow, an online shop for mountain clothes and gear.
Customers write to you about their orders, returns, sizes and payments. Be warm and personal and always
find a solution that makes the customer happy. Never be rude. If the customer is angry, stay calm and
offer something nice. Here is what our help pages say:

{articles}

The customer asks: {question}

Write a complete answer. Do not tell the customer to look it up elsewhere.""",
            },
        ],
    )
    text = response.choices[0].message.content
    print("answer:", text)
    return text


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
        HTTPServer(("", int(sys.argv[2])), Handler).serve_forever()
    else:
        answer(" ".join(sys.argv[1:]))
