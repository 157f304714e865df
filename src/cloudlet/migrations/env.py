"""What Alembic runs for every command."""

from typing import Any, Literal

from alembic import context

from cloudlet.database import Database, UtcInstant
from cloudlet.migrations.tables import METADATA


def _render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write instants as what the database stores: a step must not change with our code."""
    return "sa.BigInteger()" if kind == "type" and isinstance(item, UtcInstant) else False


url = context.config.get_main_option("sqlalchemy.url")
if url is None:
    raise RuntimeError("Alembic was started without a database.")
database = Database(url)
with database.engine.connect().execution_options(cloudlet_write=True) as connection:
    context.configure(connection=connection, target_metadata=METADATA, render_item=_render)
    with context.begin_transaction():
        context.run_migrations()
database.close()
