"""What OpenAPI 3.0 cannot say, so that schemathesis cannot know it. Each rule names one field and its reason."""

import json

import schemathesis

#: A 400 that names these fields and no other is right although the request matches its schema.
UNSAYABLE = {
    "#/cursor": "a cursor is made by the list it pages through; any other text is refused",
    "#/locationIds": "names that differ only in blanks around them are one name",
    "#/to": "a day that is not before another parameter",
    "#/If-Match": "the quotes around an entity tag are part of it; they get lost on the way from the schema to the request",
    "#/attributes": "names of attributes are one line of text; OpenAPI 3.0 has no propertyNames",
}

#: A row that is wrong is refused in its place, and the others stand: the answer to the whole is 200.
ROWS_APART = ("/v1/catalog/import", "/v1/channel-sales/bulk", "/v1/reservations/bulk", "/v1/stock/movements/bulk")


#: 503 of a channel that does not answer: the address of a channel is data, and a drift check asks there. Any other 5xx is
#: a finding, 503 included.
NOT_OURS = ("channel-unreachable",)


@schemathesis.hook
def filter_failure(context, failure, case, response):
    kind = type(failure).__name__
    if kind == "ServerError" and response.status_code == 503:
        return json.loads(response.content)["code"] not in NOT_OURS
    if kind == "RejectedPositiveData" and response.status_code == 400:
        pointers = [error["pointer"] for error in json.loads(response.content).get("errors", [])]
        return not pointers or not all(is_unsayable(pointer) for pointer in pointers)
    if kind == "AcceptedNegativeData" and is_repeat_with_other_condition(failure, case):
        return False
    if kind == "AcceptedNegativeData" and case.operation.path in ROWS_APART:
        rows = json.loads(response.content)["results"]
        return not any(row.get("problem", {}).get("status") == 400 for row in rows)
    return True


def is_repeat_with_other_condition(failure, case):
    """What came under this key before is answered again, whatever condition the repeat has."""
    return "Idempotency-Key" in case.headers and "`If-Match`" in failure.message


def is_unsayable(pointer):
    return any(pointer == known or pointer.startswith(f"{known}/") for known in UNSAYABLE)
