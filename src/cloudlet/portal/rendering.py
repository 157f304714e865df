"""Templates into answers: one environment, escaping always on, every name in a template known.

Beside markup, controls and format characters are escaped wherever a template puts text into a page: names come from
identity providers, cameras and people.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from cloudlet.clock import Clock, utc_now
from cloudlet.escaping import escape_controls
from cloudlet.identity import WebSession
from cloudlet.portal import formatting
from cloudlet.portal.assets import Assets
from cloudlet.portal.settings import PortalSettings
from cloudlet.portal.theme import theme_of
from cloudlet.web import WebSettings

__all__ = ["Pages"]


@dataclass(frozen=True)
class Icon:
    """A drawing of the sprite; it says nothing by itself, so a label stands beside it."""

    address: str

    def __html__(self) -> str:
        """Return the element, which templates take over as it is."""
        return f'<svg class="icon" aria-hidden="true"><use href="{escape(self.address)}"></use></svg>'


@dataclass(frozen=True)
class Pages:
    """Renders the pages of one portal."""

    settings: PortalSettings
    web: WebSettings
    assets: Assets
    clock: Clock = utc_now
    _environment: Environment = field(init=False, repr=False)

    def __post_init__(self) -> None:
        environment = Environment(
            loader=PackageLoader("cloudlet.portal"),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=_shown,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        for name in formatting.__all__:
            environment.globals[name] = getattr(formatting, name)
        environment.globals.update(asset=self.assets.address, icon=self._icon, site=self.settings)
        object.__setattr__(self, "_environment", environment)

    def render(
        self, request: Request, template: str, session: WebSession | None, *, status: int = 200, **context: Any
    ) -> HTMLResponse:
        """Return the page made from `template` for the person of `session`."""
        text = self._environment.get_template(template).render(
            context,
            session=session,
            theme=theme_of(request, self.web),
            path=request.url.path,
            now=self.clock(),
        )
        return HTMLResponse(text, status)

    def _icon(self, name: str) -> Icon:
        return Icon(f"{self.assets.address('icons.svg')}#{name}")


def _shown(value: Any) -> Any:
    """Return what a template puts into the page; markup that was made here is left alone."""
    return escape_controls(value) if isinstance(value, str) and not hasattr(value, "__html__") else value
