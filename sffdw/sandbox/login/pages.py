"""The HTML that a browser sees: forms to log in and allow, and plain messages."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from sffdw.sandbox.call import Call, Reply
from sffdw.sandbox.oauth import same_secret
from sffdw.sandbox.users import User

_HTML_TYPE = "text/html;charset=UTF-8"
_PAGE = (
    '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>'
    "<body><h1>{title}</h1>\n{content}\n</body></html>\n"
)
_HEADERS = {"X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer"}


def message(title: str, text: str, status: int = 200) -> Reply:
    """Return a page that says something."""
    content = _PAGE.format(title=escape(title), content=f"<p>{escape(text)}</p>")
    return Reply(status, text=content, content_type=_HTML_TYPE, headers=dict(_HEADERS))


def consent(
    action: str, username: str, *, hidden: Mapping[str, str], user_code: str | None = None, problem: str = ""
) -> Reply:
    """Return the form to log in and to allow or deny access."""
    rows = [f'<p role="alert">{escape(problem)}</p>'] if problem else []
    rows.append(f'<form method="post" action="{escape(action)}">')
    rows += [f'<input type="hidden" name="{escape(k)}" value="{escape(v)}">' for k, v in hidden.items()]
    if user_code is not None:
        rows.append(f'<p><label>Code <input name="user_code" value="{escape(user_code)}"></label></p>')
    rows += [
        f'<p><label>Username <input name="username" value="{escape(username)}"></label></p>',
        '<p><label>Password <input name="password" type="password"></label></p>',
        '<p><button name="decision" value="allow">Allow</button>',
        '<button name="decision" value="deny">Deny</button></p>',
        "</form>",
    ]
    page = _PAGE.format(title="Allow Access?", content="\n".join(rows))
    return Reply(text=page, content_type=_HTML_TYPE, headers=dict(_HEADERS))


def signed_in(call: Call, form: Mapping[str, str]) -> User | None:
    """Return the active user whose name and password a form holds: browsers need no security token."""
    username = form.get("username", "")
    user = call.org.users.by_username(username)
    login = call.org.users.login(username)
    if user is None or not user.is_active or not login.password or login.is_locked:
        return None
    return user if same_secret(form.get("password", ""), login.password) else None
