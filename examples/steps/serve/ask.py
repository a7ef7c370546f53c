"""Ask the bot through the gateway, as a client would: python ask.py URL QUESTION, with the key in SUPPORT_KEY."""

import os
import sys

import openai

url, question = sys.argv[1:]
client = openai.OpenAI(base_url=f"{url}/v1", api_key=os.environ["SUPPORT_KEY"], max_retries=0)
answer = client.chat.completions.create(model="bot", messages=[{"role": "user", "content": question}], max_tokens=40)
print(answer.choices[0].message.content)
