"""The routes of downloads in the OpenAPI document."""

from typing import Any
from uuid import UUID

from models.typeid import encode
from resolvers.downloads import DOWNLOADS, Download
from resolvers.errors import STATUS
from rest_shim.domain_texts import EXAMPLES
from rest_shim.downloads import OCTETS, disposition
from rest_shim.examples import OBJECTS
from rest_shim.guide import route_texts
from rest_shim.openapi_parameters import id_parameter, if_none_match, request_id
from rest_shim.openapi_shared import curl_sample, header, problem_response

CODES = ("BAD_INPUT", "FORBIDDEN", "INTERNAL", "NOT_FOUND", "RATE_LIMITED", "UNAUTHENTICATED", "UNAVAILABLE")
_SENT = ("X-Request-Id", "RateLimit", "RateLimit-Policy", "ETag")
# What generators of clients return as bytes.
_BYTES: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
_EXPORT = UUID("019aabd1-ec30-7658-9596-2c2996e4b54d")


def download_paths() -> dict[str, Any]:
    """Return the paths of all downloads."""
    return {path: {"get": _operation(download)} for path, download in sorted(DOWNLOADS.items())}


def _content(download: Download) -> dict[str, Any]:
    """Return the media types of a file, without parameters, with their schemas: text is no bytes to generated clients.

    Bytes come first: some generators take the first type that they know, and know no other files.
    """
    name = download.media.partition(";")[0]
    example = {"example": EXAMPLES["file"][download.operation]}
    own = {"schema": {"type": "string"}} if name.startswith("text/") else _BYTES
    return {OCTETS.decode(): _BYTES | example, name: own | example}


def _path_of(download: Download) -> str:
    """Return the path of the file of the resource's example; an export of the audit log has none but its file."""
    resource = download.resource
    shown = OBJECTS.get(resource.singular, {"publicId": encode(resource.prefix, _EXPORT)})
    return download.path.replace("{publicId}", shown["publicId"])


def _operation(download: Download) -> dict[str, Any]:
    by_status: dict[int, list[str]] = {}
    for code in (*CODES, *(["CONFLICT"] if download.made_later else [])):
        by_status.setdefault(STATUS[code], []).append(code)
    sent: dict[str, Any] = {name: header(name) for name in _SENT}
    named = disposition(EXAMPLES["name"][download.operation]).decode()
    text = "`attachment`, with the name of the file."
    sent["Content-Disposition"] = {"description": text, "schema": {"type": "string"}, "example": named}
    file = {
        "description": f"The file, with the type that `Accept` prefers; `{download.media}` otherwise.",
        "headers": sent,
        "content": _content(download),
    }
    unchanged = {"description": "The file still has the ETag in `If-None-Match`.", "headers": sent}
    problems = {
        str(status): problem_response(status, codes, named=False) for status, codes in sorted(by_status.items())
    }
    return {
        "operationId": download.operation,
        "summary": download.summary,
        "description": f"{route_texts()[download.operation]}\n\nScope: `{download.scope}`.",
        "tags": [download.resource.labels],
        "x-required-scopes": [download.scope],
        "x-codeSamples": curl_sample(f'curl -sOJ "$URL{_path_of(download)}" -H "Authorization: Bearer $KEY"'),
        "security": [{"key": [download.scope]}],
        "parameters": [id_parameter(download.resource.label), if_none_match(), request_id()],
        "responses": {"200": file, "304": unchanged} | problems,
    }
