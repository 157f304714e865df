"""What is wrong with what a person has set, in plain sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Annotated, Any, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

__all__ = ["Key", "describe_problems", "inner_model"]

KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


def _checked_key(value: str) -> str:
    if not KEY.fullmatch(value):
        raise ValueError("a key is made of lower-case letters, digits and hyphens, at most 32, as in krios-1")
    return value


Key = Annotated[str, AfterValidator(_checked_key)]
"""What a table of settings is called by, in addresses too."""

SENTENCES = {
    "missing": "it is missing",
    "string_type": "it must be text in quotes",
    "string_too_short": "it must not be empty",
    "string_pattern_mismatch": "it must match the pattern {pattern}",
    "bool_type": "it must be true or false",
    "bool_parsing": "it must be true or false",
    "int_type": "it must be a whole number",
    "int_parsing": "it must be a whole number",
    "int_from_float": "it must be a whole number",
    "float_type": "it must be a number",
    "float_parsing": "it must be a number",
    "finite_number": "it must be a finite number",
    "greater_than": "it must be more than {gt:g}",
    "greater_than_equal": "it must be at least {ge:g}",
    "less_than": "it must be less than {lt:g}",
    "less_than_equal": "it must be at most {le:g}",
    "literal_error": "it must be {expected}",
    "enum": "it must be {expected}",
    "path_type": "it must be a path in quotes",
    "tuple_type": "it must be a list in brackets",
    "dict_type": "it must be a table",
    "mapping_type": "it must be a table",
    "model_type": "it must be a table",
    "model_attributes_type": "it must be a table",
}
"""pydantic's names of what can be wrong with a value, and how we say it."""


def describe_problems(model: type[BaseModel], cause: ValidationError) -> list[str]:
    """Return one sentence for each problem that `model` had with what it was given."""
    return [_sentence(model, error) for error in cause.errors()]


def inner_model(field: FieldInfo) -> type[BaseModel] | None:
    """Return the settings model inside a field's type, None where it holds a plain value."""
    candidates: list[Any] = [field.annotation]
    while candidates:
        candidate = candidates.pop()
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
        candidates.extend(get_args(candidate))
    return None


def _sentence(model: type[BaseModel], error: ErrorDetails) -> str:
    path = [str(part) for part in error["loc"] if part != "[key]"]  # pydantic's mark of a table's name
    where = ".".join(path)
    sentence = _unknown(model, path) if error["type"] == "extra_forbidden" else _wrong(error)
    return f"{where}: {sentence}" if where else sentence


def _wrong(error: ErrorDetails) -> str:
    plain = SENTENCES.get(error["type"])
    if plain is not None:
        return f"{plain.format(**error.get('ctx', {}))}."
    sentence = error["msg"].removeprefix("Value error, ").replace("Input should", "it should", 1)
    return f"{sentence}."


def _unknown(model: type[BaseModel], path: Sequence[str]) -> str:
    table = _table(model, path[:-1])
    near = get_close_matches(path[-1], table.model_fields, n=1) if table else []
    return f"there is no such setting; did you mean {near[0]}?" if near else "there is no such setting."


def _table(model: type[BaseModel], path: Sequence[str]) -> type[BaseModel] | None:
    """Return the settings that stand at `path` below `model`, None where that is none of ours."""
    if not path:
        return model
    field = model.model_fields.get(path[0])
    inner = None if field is None else inner_model(field)
    if field is None or inner is None:
        return None
    return _table(inner, path[2:] if get_origin(field.annotation) is dict else path[1:])
