"""The reference page of all settings, written from the settings themselves."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pkgutil import resolve_name
from typing import get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from cloudlet.settings.tree import Settings
from cloudlet.validation import inner_model

__all__ = ["render", "render_movies"]

HEAD = """# Settings

One TOML file, by default `cloudlet.toml`, named with `--settings` or `CLOUDLET_SETTINGS`. A variable such as
`CLOUDLET_WEB__BASE_URL` goes over the file. What is not listed here is refused. `cloudlet check` reports every problem
at once, those of the instruments' workloads too. This page is written from the settings themselves; what the workload
`cryoem` takes is on [a page of its own](movies.md). Write absolute paths: a relative one begins in the folder in which
a command or a service is started, and `~` is not known.
"""

MOVIES_HEAD = """# Settings for movies

What an instrument's workload `cryoem` takes. `cloudlet process` takes the same as options. What is not listed
here is refused. This page is written from the settings themselves.
"""


def render() -> str:
    """Return the page as Markdown."""
    return "\n".join([HEAD, *_tables(Settings, "", None)])


def render_movies(model: type[BaseModel]) -> str:
    """Return the page of the settings of `cryoem`, which are handed in because we know no workload, as Markdown."""
    return "\n".join([MOVIES_HEAD, *_tables(model, "instruments.KEY.workload.settings", None)])


def _tables(model: type[BaseModel], path: str, description: str | None) -> Iterator[str]:
    plain = {name: field for name, field in model.model_fields.items() if inner_model(field) is None}
    if path and plain:
        yield f"## `[{path}]`\n\n{(model.__doc__ or '').strip().splitlines()[0]}\n"
        if description:
            yield f"{description}\n"
        for name, field in plain.items():
            yield f"`{name}` · {field.title}{_default(field)}\n: {field.description}\n"
    for name, field in model.model_fields.items():
        inner = inner_model(field)
        if inner is not None:
            key = "KEY" if get_origin(field.annotation) is dict else ""
            yield from _tables(inner, ".".join(part for part in (path, name, key) if part), field.description)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return " · required"
    if field.default is None or field.default is PydanticUndefined:
        return ""  # one that depends on the host is described in words
    return f" · default `{json.dumps(field.default, default=str, ensure_ascii=False)}`"


if __name__ == "__main__":
    sys.stdout.write(render_movies(resolve_name(sys.argv[1])) if sys.argv[1:] else render())
