"""What the hunt over openapi.yaml needs beside it: bodies that are lines of JSON, and answers that are files."""

import json

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def lines(ctx, value):
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    items = value if isinstance(value, list) else [value]
    return "".join(json.dumps(item) + "\n" for item in items).encode()


@schemathesis.deserializer(
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/zip"
)
def archive(ctx, response):
    # The contract says "a string of bytes"; that it is an archive is its first word.
    assert response.content.startswith(b"PK"), "not an archive"
    return response.content.decode("latin-1")


@schemathesis.deserializer("text/csv", "text/html", "text/plain", "application/x-ndjson")
def text(ctx, response):
    return response.content.decode("utf-8")
