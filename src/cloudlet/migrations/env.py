"""What Alembic runs for every command."""

from typing import Any, Literal

from alembic import context

from cloudlet.database import Database, UtcInstant
from cloudlet.migrations.metadata import METADATA


def _render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write instants as what the database stores: a step must not change with our code."""
    return "sa.BigInteger()" if kind == "type" and isinstance(item, UtcInstant) else False


database = Database(context.config.attributes["url"])
try:
    with database.engine.begin() as connection:  # as the only writer: of two upgrades at once, one finds nothing to do
        context.configure(connection=connection, target_metadata=METADATA, render_item=_render)
        context.run_migrations()
finally:
    database.close()
