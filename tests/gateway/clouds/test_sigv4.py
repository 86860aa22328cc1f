import hashlib
import hmac

import pytest

from codevector_daemon.directory.provider_credentials import AccessKey
from codevector_daemon.gateway.clouds.sigv4 import signature
from codevector_daemon.gateway.upstream import UpstreamRequest

pytest.importorskip("botocore")

NOW = 1_780_000_000_000
"""2026-05-28 20:26:40 UTC."""
KEY = AccessKey("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
HOST = "bedrock-runtime.us-east-1.amazonaws.com"


def request(path: str = "/model/anthropic.claude-v1:0/invoke", body: bytes = b'{"a":1}') -> UpstreamRequest:
    lines = ((b"Content-Type", b"application/json"), (b"accept", b"*/*"), (b"x-team", b"search"))
    return UpstreamRequest("POST", f"https://{HOST}{path}", lines, body)


def digest(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


def expected(canonical_path: str, body: bytes) -> str:
    """Compute the signature as docs.aws.amazon.com, Signature Version 4, has it, without botocore."""
    day, moment = "20260528", "20260528T202640Z"
    scope = f"{day}/us-east-1/bedrock/aws4_request"
    signed = "content-type;host;x-amz-date"
    canonical = "\n".join(
        (
            "POST",
            canonical_path,
            "",
            "content-type:application/json",
            f"host:{HOST}",
            f"x-amz-date:{moment}",
            "",
            signed,
            hashlib.sha256(body).hexdigest(),
        )
    )
    to_sign = "\n".join(("AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    key = f"AWS4{KEY.secret}".encode()
    for part in (day, "us-east-1", "bedrock", "aws4_request"):
        key = digest(key, part)
    return (
        f"AWS4-HMAC-SHA256 Credential={KEY.id}/{scope}, SignedHeaders={signed}, Signature={digest(key, to_sign).hex()}"
    )


@pytest.mark.parametrize(
    ("path", "canonical"),
    [
        ("/model/anthropic.claude-v1:0/invoke", "/model/anthropic.claude-v1%3A0/invoke"),
        ("/model/arn:aws:x%2Fy/invoke", "/model/arn%3Aaws%3Ax%252Fy/invoke"),
    ],
)
def test_the_signature_is_the_one_that_aws_computes(path: str, canonical: str) -> None:
    made = dict(signature(request(path), KEY, "us-east-1", NOW))
    assert made[b"x-amz-date"] == b"20260528T202640Z"
    assert made[b"authorization"].decode() == expected(canonical, b'{"a":1}')
    assert set(made) == {b"x-amz-date", b"authorization"}


def test_the_same_call_at_the_same_moment_has_the_same_signature() -> None:
    first = signature(request(), KEY, "us-east-1", NOW)
    assert first == signature(request(), KEY, "us-east-1", NOW)
    for other in (
        signature(request(body=b"{}"), KEY, "us-east-1", NOW),
        signature(request(), KEY, "us-east-1", NOW + 1000),
        signature(request(), KEY, "eu-west-1", NOW),
    ):
        assert other != first


def test_a_session_token_goes_along_and_is_signed() -> None:
    made = dict(signature(request(), AccessKey(KEY.id, KEY.secret, "tok+en"), "us-east-1", NOW))
    assert made[b"x-amz-security-token"] == b"tok+en"
    assert b"x-amz-security-token" in made[b"authorization"]
