"""What customers get to see: the answer with its sources, of which none is made up."""

import re

from promptflow.core import tool

SOURCE = re.compile(r"\s*\[([\w-]+)\]")


@tool
def check(answer: str, retrieved: list) -> dict:
    cited = SOURCE.findall(answer)
    sources = [one for one in dict.fromkeys(cited) if one in retrieved]
    made_up = set(cited) - set(sources)
    text = SOURCE.sub(lambda match: "" if match[1] in made_up else match[0], answer)
    return {"answer": text.strip(), "sources": sources}
