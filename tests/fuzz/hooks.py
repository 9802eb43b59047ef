"""A check of our own, loaded by schemathesis.

What the description allows may still be refused for what it says: a tag that is not there, a name that is taken. It must never
be refused for its form. The check that comes with schemathesis cannot tell the two apart, for both are 400; our codes can.
"""

import schemathesis

OF_FORM = {
    "invalid_body",
    "invalid_name",
    "invalid_parameter",
    "invalid_selector",
    "invalid_tag",
    "unknown_field",
    "unknown_parameter",
    "unsupported_media_type",
}

# Operations whose bodies come in two forms and two spellings, so that their schema is any object.
FREE = {"/risk/limits", "/risk/instances/{id}/limits"}

# Refusals of what a description cannot rule out.
UNSAYABLE = (
    # JSON Schema counts 1.0 among the integers; the host does not.
    "invalid type: floating point",
    # Formats have no range of years.
    "must be a time such as",
    # It may be left out as far as the host reads it: who forgets it is told so in words.
    "a backup is required",
    # Chaos is one text with a grammar of its own, as on the command line.
    "write KEY=VALUE,...",
    # A backup may lack any part, but not all; its mode may stand in one of two places.
    "the backup has none of",
    "mode must be",
)


def intended(case):
    """Whether the case keeps to the description in every part."""
    meta = case.meta
    return meta is not None and meta.generation.mode.is_positive


@schemathesis.check
def what_is_described_is_understood(ctx, response, case):
    if not intended(case) or response.status_code not in (400, 415):
        return
    headers = {name.lower() for name in case.headers or {}}
    if {"if-match", "if-none-match"} <= headers:
        return  # Each may be sent, not both: OpenAPI has no words for it.
    if case.operation.path in FREE:
        return
    error = response.json()
    if any(words in error.get("message", "") for words in UNSAYABLE):
        return
    code = error.get("error")
    assert code not in OF_FORM, f"a request as described was refused for its form: {response.text}"
