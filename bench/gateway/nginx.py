"""nginx in two roles: the model that answers at once, and the entry point that does nothing but pass on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.processes import need

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ANSWER", "passing", "upstream"]

ANSWER = (
    '{"id":"chatcmpl-123","object":"chat.completion","created":1677652288,"model":"m","system_fingerprint":"fp_44709d6fcb",'
    '"choices":[{"index":0,"message":{"role":"assistant","content":"Your order left our store on Monday and should be with you '
    'tomorrow. I can help with orders, returns and bills as well; tell me what happened."},"logprobs":null,"finish_reason":"stop"}],'
    '"service_tier":"default","usage":{"prompt_tokens":31,"completion_tokens":29,"total_tokens":60,'
    '"completion_tokens_details":{"reasoning_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}}'
)

_FRAME = """worker_processes 1; daemon off; master_process off; pid {folder}/nginx-{port}.pid; error_log {folder}/nginx-{port}-errors.log;
worker_rlimit_nofile 40000;
events {{ worker_connections 16384; }}
http {{ access_log off; keepalive_requests 100000000; keepalive_timeout 600s; default_type application/json;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
{inner}
}}
"""


def _command(folder: Path, port: int, inner: str) -> list[str]:
    path = folder / f"nginx-{port}.conf"
    path.write_text(_FRAME.format(folder=folder, port=port, inner=inner))
    return [need("nginx"), "-c", str(path), "-e", str(folder / f"nginx-{port}-errors.log")]


def upstream(folder: Path, port: int) -> list[str]:
    """The command of a model that answers any request with the same 600 bytes or so."""
    return _command(
        folder, port, f"  server {{ listen 127.0.0.1:{port} backlog=4096; location / {{ return 200 '{ANSWER}'; }} }}"
    )


def passing(folder: Path, port: int, to: int) -> list[str]:
    """The command of an entry point that passes on what comes, unbuffered, over connections that stay open."""
    inner = f"""  upstream up {{ server 127.0.0.1:{to}; keepalive 128; keepalive_requests 100000000; }}
  server {{ listen 127.0.0.1:{port} backlog=4096;
    location / {{ proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }} }}"""
    return _command(folder, port, inner)
