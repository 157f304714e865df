"""The tree and how it is read: one TOML file, environment over file, unknown keys refused."""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from cloudlet.access import AccessSettings, ConsoleSettings
from cloudlet.analytics import AnalyticsSettings
from cloudlet.compute import ComputeSettings
from cloudlet.database import DatabaseSettings
from cloudlet.errors import SettingsInvalid
from cloudlet.identity import IdentityProviderSettings, IdentitySettings
from cloudlet.portal import PortalSettings
from cloudlet.validation import Key, describe_problems
from cloudlet.web import WebSettings

__all__ = [
    "Examined",
    "InstrumentSettings",
    "Settings",
    "SettingsInvalid",
    "WorkloadChoice",
    "examine",
    "load",
    "unusable",
]

Part = TypeVar("Part", bound=BaseModel)

EXPLAINED = "Every setting is explained in docs/reference/settings.md."


def unusable(path: Path, problems: Sequence[str]) -> SettingsInvalid:
    """Return the error that names all `problems` of the settings in `path`."""
    listed = "\n".join(f"- {problem}" for problem in problems)
    return SettingsInvalid(f"The settings in {path} cannot be used:\n{listed}", EXPLAINED)


class WorkloadChoice(BaseModel):
    """What is done with an instrument's exposures."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(
        title="Workload",
        description="The name of an installed workload; `cryoem` comes with the cloudlet.",
    )
    settings: Mapping[str, Any] = Field(
        default={},
        title="Workload's own settings",
        description="What the metadata of the exposures does not tell, in the workload's own terms; "
        "[those of `cryoem`](movies.md).",
    )


class InstrumentSettings(BaseModel):
    """One instrument: what people see of it, how it is reached, what is done with its exposures."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(title="Title", description="The name people know the instrument by.", min_length=1)
    description: str = Field(default="", title="Description", description="One or two sentences for its page.")
    console: ConsoleSettings | None = Field(
        default=None,
        title="Console",
        description="Left out for an instrument without remote control.",
    )
    workload: WorkloadChoice | None = Field(
        default=None,
        title="Workload",
        description="Left out for an instrument whose data is only kept.",
    )


class Settings(BaseSettings):
    """Everything a site decides."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix="CLOUDLET_",
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
    )

    database: DatabaseSettings = DatabaseSettings()
    web: WebSettings = WebSettings()
    identity: IdentitySettings = IdentitySettings()
    access: AccessSettings = AccessSettings()
    portal: PortalSettings = PortalSettings()
    analytics: AnalyticsSettings = AnalyticsSettings()
    compute: ComputeSettings = ComputeSettings()
    instruments: dict[Key, InstrumentSettings] = Field(
        default={},
        title="Instruments",
        description="One table for each instrument; its key appears in addresses and never changes.",
    )

    @model_validator(mode="after")
    def _lets_own_pages_open_consoles(self) -> Settings:
        has_consoles = any(instrument.console is not None for instrument in self.instruments.values())
        if has_consoles and self.web.base_url not in self.access.origins:
            raise ValueError(
                f"access.origins lacks web.base_url, so that no page of ours could open a console; add "
                f'"{self.web.base_url}"'
            )
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file, which arrives as the initial values."""
        return env_settings, init_settings


@dataclass(frozen=True)
class Examined:
    """What a settings file says, even where it cannot be used."""

    problems: tuple[str, ...]
    """One sentence for each problem of the cloudlet's own settings; those of workloads are not looked at."""
    workloads: Mapping[str, WorkloadChoice]
    """By instrument key; without those that cannot be made out."""
    consoles: Mapping[str, ConsoleSettings]
    """The same of consoles."""
    providers: Mapping[str, IdentityProviderSettings]
    """By their own keys; without those that cannot be made out."""
    database: DatabaseSettings | None
    """None where it cannot be made out."""


def load(path: Path) -> Settings:
    """Read the settings file at `path`, with ``CLOUDLET_SECTION__KEY`` variables over it.

    Raises
    ------
    SettingsInvalid
        The file is missing, is no TOML, or says something that cannot be meant; all problems are named.
    """
    try:
        return Settings(**_read(path))
    except SettingsError as cause:
        raise _no_json(cause) from cause
    except ValidationError as cause:
        raise unusable(path, describe_problems(Settings, cause)) from cause


def examine(path: Path) -> Examined:
    """Look through the settings file at `path`, and go on past what cannot be used.

    Raises
    ------
    SettingsInvalid
        The file is missing or is no TOML.
    """
    values = _read(path)
    try:
        settings = Settings(**values)
    except SettingsError as cause:
        return _made_out(values, str(_no_json(cause)))
    except ValidationError as cause:
        return _made_out(values, *describe_problems(Settings, cause))
    return Examined(
        (),
        {key: each.workload for key, each in settings.instruments.items() if each.workload},
        {key: each.console for key, each in settings.instruments.items() if each.console},
        settings.identity.providers,
        settings.database,
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as cause:
        raise SettingsInvalid(
            f"The settings file {path} cannot be read: {cause.strerror}.", "Check its path."
        ) from cause
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as cause:
        raise SettingsInvalid(f"The settings file {path} is no TOML: {cause}.", "Mend that line.") from cause


def _no_json(cause: SettingsError) -> SettingsInvalid:
    return SettingsInvalid(f"A CLOUDLET_ variable cannot be read: {cause}.", "Write it as JSON.")


def _made_out(values: Mapping[str, Any], *problems: str) -> Examined:
    """Return what can be made out of a file that cannot be used."""
    instruments = _table(values, "instruments")
    return Examined(
        problems,
        _made_out_of({key: _table(instruments, key).get("workload") for key in instruments}, WorkloadChoice),
        _made_out_of({key: _table(instruments, key).get("console") for key in instruments}, ConsoleSettings),
        _made_out_of(_table(_table(values, "identity"), "providers"), IdentityProviderSettings),
        _made_out_of({"": _table(values, "database")}, DatabaseSettings).get(""),
    )


def _table(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = values.get(name)
    return found if isinstance(found, dict) else {}


def _made_out_of(tables: Mapping[str, Any], model: type[Part]) -> dict[str, Part]:
    found = {}
    for key, table in tables.items():
        with contextlib.suppress(ValidationError):  # reported with the other settings
            found[key] = model.model_validate(table)
    return found
