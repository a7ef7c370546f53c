from __future__ import annotations

import random
import string
import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrata.maturity.scan.secrets import SECRET_LITERALS, SecretHit, find_secrets, redact

ALNUM = string.ascii_letters + string.digits
HEX = "0123456789abcdef"


def drawn(length: int, alphabet: str = ALNUM, *, seed: int = 7) -> str:
    """A body that looks random: drawn, but without what would look like a placeholder by chance."""
    rng = random.Random(f"{seed}/{length}/{alphabet}")
    return "".join(rng.choice(alphabet) for _ in range(length))


def uuid4(seed: int = 7) -> str:
    a = drawn(32, HEX, seed=seed)
    return f"{a[:8]}-{a[8:12]}-4{a[13:16]}-9{a[17:20]}-{a[20:]}"


def pem(of: str = "RSA ") -> str:
    body = "\n".join(textwrap.wrap(drawn(600, ALNUM + "+/"), 64))
    return f"-----BEGIN {of}PRIVATE" + f" KEY-----\n{body}\n-----END {of}PRIVATE KEY-----"


KEYS = {
    "anthropic": "sk-" + "ant-api03-" + drawn(95),
    "openai": "sk-" + "proj-" + drawn(60) + "T3Blbk" + "FJ" + drawn(60, seed=8),
    "openrouter": "sk-or" + "-v1-" + drawn(64, HEX),
    "langfuse": "sk-" + "lf-" + uuid4(),
    "langsmith": "lsv2" + "_pt_" + drawn(32, HEX) + "_" + drawn(10, HEX),
    "azure": drawn(52) + "JQQ" + "J99" + "BCAC" + drawn(14) + "XJ3w3" + "aaa" + "",
    "azure-storage": "Account" + "Key=" + drawn(86) + "==",
    "google": "AI" + "za" + drawn(35),
    "github": "gh" + "p_" + drawn(36),
    "huggingface": "h" + "f_" + drawn(34, string.ascii_letters),
    "groq": "gs" + "k_" + drawn(52),
    "replicate": "r" + "8_" + drawn(37),
    "xai": "x" + "ai-" + drawn(80),
    "perplexity": "pp" + "lx-" + drawn(48),
    "nvidia": "nv" + "api-" + drawn(64),
    "slack": "xox" + "b-" + drawn(11, "3948162705") + "-" + drawn(12, "3948162705") + "-" + drawn(24),
    "stripe": "sk_" + "live_" + drawn(24),
    "private-key": pem(),
}


def kinds(text: str) -> list[str]:
    return [hit.kind for hit in find_secrets(text)]


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize(
    "template",
    ["{}", "KEY = '{}'\n", "x: {}\n", 'curl -H "Authorization: Bearer {}" https://a.example\n', '{{"value": "{}"}}'],
)
def test_vendor_shapes_are_found(kind: str, template: str) -> None:
    assert kinds(template.format(KEYS[kind])) == [kind]


def test_legacy_and_fine_grained_shapes() -> None:
    assert kinds("sk-" + drawn(20) + "T3Blbk" + "FJ" + drawn(20, seed=9)) == ["openai"]
    assert kinds("sk-" + drawn(48)) == ["openai"]
    assert kinds("github" + "_pat_" + drawn(22) + "_" + drawn(59)) == ["github"]
    assert kinds(pem("")) == kinds(pem("EC ")) == ["private-key"]


def test_a_private_key_inside_json() -> None:
    text = '{"type": "service_account", "private_key": "' + pem("").replace("\n", "\\n") + '\\n"}'
    assert kinds(text) == ["private-key"]


def test_lines_count_from_zero_and_no_value_is_kept() -> None:
    text = "a = 1\n\ntoken = '" + KEYS["github"] + "'\nb = 2\nkey = '" + KEYS["google"] + "'\n"
    assert list(find_secrets(text)) == [SecretHit("github", 2), SecretHit("google", 4)]


def test_an_aws_key_id_needs_its_secret() -> None:
    key_id = "AK" + "IA" + drawn(16, string.ascii_uppercase + "234567")
    secret = drawn(40, ALNUM + "+/")
    assert kinds(f"aws_access_key_id = {key_id}\n") == []
    assert kinds(f"aws_access_key_id = {key_id}\naws_secret_access_key = {secret}\n") == ["aws"]
    documented = "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY"
    assert kinds("aws_access_key_id = AKIA" + f"IOSFODNN7EXAMPLE\naws_secret_access_key = {documented}\n") == []


@pytest.mark.parametrize(
    "line",
    [
        "AZURE_OPENAI_API_KEY={}",
        'azure_openai_api_key = "{}"',
        'client = AzureOpenAI(azure_endpoint=url, api_key="{}")',
        '"AzureOpenAI": {{\n    "Endpoint": "https://x.openai.azure.com",\n    "ApiKey": "{}"\n  }}',
    ],
)
def test_azure_openai_keys_by_their_name(line: str) -> None:
    assert kinds(line.format(drawn(32, HEX))) == ["azure-openai"]
    assert kinds(line.format(drawn(84))) == ["azure-openai"]


@pytest.mark.parametrize(
    "line",
    [
        "SERVICE_API_KEY={}",
        "export COHERE_API_KEY={}",
        "  - WEBHOOK_SECRET={}",
        "api_key: {}",
        'client_secret = "{}"',
        "const accessToken = '{}';",
        '"password": "{}",',
        'os.environ["MISTRAL_API_KEY"] = "{}"',
    ],
)
def test_random_literals_beside_a_telling_name(line: str) -> None:
    assert kinds(line.format(drawn(40))) == ["generic"]
    assert kinds(line.format(drawn(40, HEX))) == ["generic"]


@pytest.mark.parametrize(
    "text",
    [
        "OPENAI_API_KEY=sk-...",
        "OPENAI_API_KEY=sk-" + "x" * 48,
        "OPENAI_API_KEY=sk-" + "1234567890abcdef" * 3,
        "OPENAI_API_KEY=sk-" + (string.ascii_letters + string.digits)[:48],
        "OPENAI_API_KEY=sk-" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8S9t0U1v2W3x4",
        "OPENAI_API_KEY=sk-proj-your-openai-api-key-goes-in-this-place-please-do-it",
        "OPENAI_API_KEY=<your-key-here>",
        "OPENAI_API_KEY=${OPENAI_API_KEY}",
        "OPENAI_API_KEY={{ secrets.OPENAI_API_KEY }}",
        "OPENAI_API_KEY=${{ secrets.OPENAI_API_KEY }}",
        'api_key = os.environ["AZURE_OPENAI_API_KEY"]',
        "api_key=settings.azure_openai_api_key_from_vault_2024_Version",
        'password = "changemechangemechangeme1A"',
        "ANTHROPIC_API_KEY=sk-ant-api03-" + "example" + drawn(88),
        "ANTHROPIC_API_KEY=sk-ant-" + "*" * 40,
        "SLACK=xoxb-your-token",
        "AZURE_OPENAI_API_KEY=" + "0" * 32,
        "AZURE_OPENAI_API_KEY=0123456789abcdef0123456789abcdef",
        "AZURE_OPENAI_API_KEY=" + uuid4(),
        "LANGFUSE_SECRET_KEY=sk-lf-1234567890",
        "hf_this_is_a_function_name_and_not_a_token_at_all",
        '"integrity": "sha512-' + drawn(86) + '=="',
        'commit_token = "' + drawn(40, HEX) + '"',
        'sha256_of_token: "' + drawn(64, HEX) + '"',
        'csrf_token = "' + drawn(40) + '"',
        'next_page_token = "' + drawn(40) + '"',
        "kid: " + drawn(40),
        '"cl100k_base.tiktoken": "' + drawn(40, HEX) + '"',
        "const token = getAccessTokenFromHeaderOrQuery2(request)",
        'const token = "getAccessTokenFromHeaderOrQuery2024"',
        "token = parser.parse_the_next_token_from_input_1234567",
        "if api_key == b64encode_the_secret_key_of_the_User1234:",
        "password: cGFzc3dvcmQtb2YtdGhlLWRldi1kYXRhYmFzZTE=",
        "test_api_key = '" + drawn(40) + "'",
        "-----BEGIN RSA PRIVATE" + " KEY-----\n...\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE" + " KEY-----\nYOUR KEY HERE\n-----END PRIVATE KEY-----",
        "-----BEGIN ENCRYPTED PRIVATE" + " KEY-----\n" + drawn(600) + "\n-----END ENCRYPTED PRIVATE KEY-----",
        "-----BEGIN PUBLIC" + " KEY-----\n" + drawn(600) + "\n-----END PUBLIC KEY-----",
        'firebaseConfig = {apiKey: "AI' + "za" + drawn(35) + '", authDomain: "a.firebaseapp.com"}',
        "AccountName=devstoreaccount1;Account"
        + "Key=Eby8vdM02xNOcqFlqUwJ"
        + "PLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
    ],
)
def test_placeholders_and_look_alikes_are_let_go(text: str) -> None:
    assert kinds(text) == []


def test_few_random_keys_are_missed_and_each_only_by_chance() -> None:
    found = sum(kinds("SERVICE_API_KEY=" + drawn(40, seed=seed)) == ["generic"] for seed in range(400))
    assert found > 360
    assert sum(kinds("gh" + "p_" + drawn(36, seed=seed)) == ["github"] for seed in range(400)) > 385


def test_redact_leaves_the_rest_alone() -> None:
    text = f"a: 1\ntoken: {KEYS['github']} # why\nurl: https://user:{drawn(20)}@host.example/path?x=1\nmail: me@host.example\n"
    assert (
        redact(text)
        == "a: 1\ntoken: [redacted] # why\nurl: https://[redacted]@host.example/path?x=1\nmail: me@host.example\n"
    )
    assert redact("git clone https://oauth2@host.example") == "git clone https://[redacted]@host.example"


PIECES = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            *KEYS.values(),
            "API_KEY=",
            "token: '",
            "'",
            '"',
            "\n",
            " ",
            "AK" + "IA" + drawn(16, "ABCDEFGHIJ234567"),
            "https://",
            "@",
            "-----BEGIN ",
            "secret",
        ]
    ),
    st.text(alphabet=ALNUM + "-_", min_size=20, max_size=90),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=8).map("".join))
def test_nothing_is_found_after_redact_and_the_prefilter_is_sound(text: str) -> None:
    hits = list(find_secrets(text))
    assert [hit.index for hit in hits] == sorted(hit.index for hit in hits)
    assert all(0 <= hit.index <= text.count("\n") for hit in hits)
    assert not hits or any(literal in text for literal in SECRET_LITERALS)
    assert list(find_secrets(redact(text))) == []
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "token=" * 60_000,
        "AKIA" * 100_000,
        "-----BEGIN PRIVATE" + " KEY-----" + "A" * 300_000,
        "://" * 100_000,
        "sk-" + "a" * 300_000,
        ("API_KEY='" + "a1B" * 20) * 3_000,
    ],
)
@pytest.mark.timeout(10)
def test_hostile_text_takes_no_time(text: str) -> None:
    assert list(find_secrets(text)) == []
