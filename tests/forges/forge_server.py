"""A server on this machine that keeps comments as GitHub, GitLab and Azure DevOps do."""

from __future__ import annotations

import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "t0ken"
_PAGES = re.compile(r"/(repos/acme/shop/issues/7/comments|projects/5/merge_requests/7/notes)\Z")
_AZURE = "/p/_apis/git/repositories/r/pullRequests/7/threads"


class Comments:
    """What was written: texts by number, and who wrote them; requests as `METHOD PATH`."""

    def __init__(self) -> None:
        self.texts: dict[int, str] = {}
        self.authors: dict[int, str] = {}
        self.asked: list[str] = []
        self.status = 200
        self.url = ""

    def add(self, text: str, author: str = "me") -> int:
        number = len(self.texts) + 1
        self.texts[number], self.authors[number] = text, author
        return number

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Any:
        if path == "/user":
            return {"id": "me"}
        if path == "/_apis/connectionData":
            return {"authenticatedUser": {"id": "me"}}
        if path == _AZURE:
            if method == "POST":
                return {"id": self.add(body["comments"][0]["content"])}
            threads = [
                {"id": n, "comments": [{"id": 1, "content": text, "author": {"id": self.authors[n]}}]}
                for n, text in self.texts.items()
            ]
            return {"value": [*threads, {"id": 99, "comments": []}]}
        if _PAGES.match(path):
            if method == "POST":
                return {"id": self.add(body["body"])}
            size, page = int(query["per_page"]), int(query["page"])
            chosen = list(self.texts.items())[size * (page - 1) : size * page]
            return [
                {
                    "id": n,
                    "body": text,
                    "user": {"type": "Bot" if self.authors[n] == "me" else "User"},
                    "author": {"id": self.authors[n]},
                }
                for n, text in chosen
            ]
        number = int(re.findall(r"\d+", path.removesuffix("/comments/1"))[-1])
        assert method in ("PATCH", "PUT")
        self.texts[number] = body.get("body") or body["content"]
        return {}


@contextmanager
def comments_served() -> Iterator[Comments]:
    comments = Comments()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            parts = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            sent = self.rfile.read(int(self.headers.get("content-length") or 0))
            comments.asked.append(f"{self.command} {parts.path}")
            allowed = TOKEN in (self.headers.get("PRIVATE-TOKEN"), (self.headers.get("Authorization") or "")[7:])
            status = comments.status if allowed else 401
            found = (
                comments.answer(self.command, parts.path, query, json.loads(sent or b"null")) if status == 200 else {}
            )
            body = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_PUT = _answer

        def log_message(self, *_words: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    comments.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield comments
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def environment_of(forge: str, url: str, token: str = TOKEN) -> dict[str, str]:
    """What the forge's pipeline sets in a pull request's build."""
    return {
        "github": {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": url,
            "GITHUB_REF": "refs/pull/7/merge",
            "GITHUB_REPOSITORY": "acme/shop",
            "GITHUB_TOKEN": token,
            "GITHUB_BASE_REF": "main",
        },
        "gitlab": {
            "GITLAB_CI": "true",
            "CI_API_V4_URL": url,
            "CI_PROJECT_ID": "5",
            "CI_MERGE_REQUEST_IID": "7",
            "FERRATA_GITLAB_TOKEN": token,
            "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        },
        "azure": {
            "TF_BUILD": "True",
            "SYSTEM_COLLECTIONURI": f"{url}/",
            "SYSTEM_TEAMPROJECTID": "p",
            "BUILD_REPOSITORY_ID": "r",
            "SYSTEM_PULLREQUEST_PULLREQUESTID": "7",
            "SYSTEM_ACCESSTOKEN": token,
            "SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main",
        },
    }[forge]
