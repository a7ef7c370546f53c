"""Simulated users of the help search: they ask, and say whether they were helped. python traffic.py URL CALLS, with the key in SUPPORT_KEY."""

import json
import os
import random
import sys
import time
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

url, calls = sys.argv[1], int(sys.argv[2])
golden = [json.loads(line) for line in Path("data/golden.jsonl").read_text().splitlines()]
connection = HTTPConnection(urlsplit(url).netloc, timeout=30)
releases, helped = {}, 0


def post(path, body, trace):
    headers = {
        "authorization": f"Bearer {os.environ['SUPPORT_KEY']}",
        "content-type": "application/json",
        "traceparent": trace,
    }
    connection.request("POST", f"/endpoints/find/{path}", json.dumps(body), headers)
    answer = connection.getresponse()
    return answer, json.loads(answer.read())


for _ in range(calls):
    row = random.choice(golden)
    trace = f"00-{random.getrandbits(128):032x}-{random.getrandbits(64):016x}-01"
    answer, found = post("score", {"question": row["question"]}, trace)
    release = (answer.getheader("x-ferrata-release") or "as declared").split()[0]
    releases[release] = releases.get(release, 0) + 1
    helpful = int(answer.status == 200 and row["article"] == found["source"])
    helped += helpful
    post("feedback?flatten=true", {"helpful": helpful}, trace)
    time.sleep(0.01)
print(f"{calls} calls, {helped} helped; by release: {dict(sorted(releases.items()))}")
