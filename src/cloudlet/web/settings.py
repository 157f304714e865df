"""Where the pages are served."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator

from cloudlet.web.addresses import UNPROTECTED, as_origin, is_protected

__all__ = ["WebSettings"]


class WebSettings(BaseModel):
    """The address that people type."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: str = Field(
        default="http://127.0.0.1:8440",
        title="Public address",
        description="Scheme, host and port of the pages as browsers see them, without a path. The default serves "
        "this machine only; a site gives its https:// address, and http:// is refused for any other host.",
    )

    @field_validator("base_url")
    @classmethod
    def _is_origin(cls, value: str) -> str:
        origin = as_origin(value)
        if not is_protected(origin):
            raise ValueError(UNPROTECTED.format(scheme="http"))
        return origin
