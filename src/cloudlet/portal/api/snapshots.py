"""What changed in a run since a cursor."""

from __future__ import annotations

from cloudlet.analytics import Run
from cloudlet.identity import Actor
from cloudlet.portal.schemas import (
    ConsoleSchema,
    ExposureSchema,
    RunSchema,
    Snapshot,
    VitalsSchema,
    declaration_json,
)
from cloudlet.portal.services import Services

__all__ = ["BATCH", "changed_exposures", "snapshot"]

BATCH = 500
"""Most changes in one answer after the first."""


def changed_exposures(
    services: Services, actor: Actor, run_id: int, after: int, history_length: int
) -> tuple[list[ExposureSchema], bool]:
    """Return exposures changed after `after`, in the order of their changes, and whether that was all.

    A reader who knows nothing yet (`after` is 0) gets the newest `history_length` exposures at once.
    """
    if after == 0:
        found = services.runs.exposures(run_id, by=actor, limit=history_length, newest_first=True)
        is_complete = True
    else:
        found = services.runs.exposures(run_id, by=actor, after_change=after, limit=BATCH)
        is_complete = len(found) < BATCH
    schemas = [ExposureSchema.of(exposure) for exposure in found]
    return sorted(schemas, key=lambda schema: schema.change), is_complete


def snapshot(services: Services, actor: Actor, run: Run, after: int, history_length: int) -> Snapshot:
    """Return `run` with everything that changed after `after`, as `actor` sees it."""
    exposures, is_complete = changed_exposures(services, actor, run.id, after, history_length)
    return Snapshot(
        run=RunSchema.of(run),
        declaration=declaration_json(run.declaration),
        vitals=VitalsSchema.of(services.runs.vitals(run.id, by=actor), services.clock()),
        console=ConsoleSchema.visible(services.access.console_state(run.instrument, by=actor)),
        may_retry=bool(services.runs.may_retry(run.id, by=actor)),
        exposures=exposures,
        cursor=exposures[-1].change if exposures else after,
        is_complete=is_complete,
    )
