"""Pages in requests: what one says, and forms filled in as they are shown."""

import re
from html import unescape

EVERYBODY = ("amina", "ines", "omar", "salma", "lena", "cora", "theo", "adam", "pia")


def words(answer) -> str:
    return unescape(answer.get_data(as_text=True))


def shown(client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return words(answer)


def listed_pages(client, path: str = "/referrals") -> str:
    """Every page of a list, one after the other."""
    found = shown(client, path)
    more = re.search(
        r'rel="next"[^>]*href="([^"]*)"|href="([^"]*)"[^>]*rel="next"', found
    )
    return found + listed_pages(client, more[1] or more[2]) if more else found


def send(client, path: str, expect: int = 303, **answers):
    """Fill in the form as it is shown, with its hidden and prefilled fields."""
    page = shown(client, path)
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
    prefilled = dict(re.findall(r'name="(done_at)"[^>]*value="([^"]*)"', page))
    answer = client.post(path, data={**hidden, **prefilled, **answers})
    assert answer.status_code == expect, words(answer)
    return answer
