"""First light: every table of the first release, and the triggers that keep the audit record append-only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


AUDIT_TRIGGERS = {
    "sqlite": (
        """\
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit record is append-only'); END""",
        """\
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit record is append-only'); END""",
        """\
CREATE TRIGGER audit_no_replacement BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id OR previous = NEW.previous)
BEGIN SELECT RAISE(ABORT, 'the audit record is append-only'); END""",
        """\
CREATE TRIGGER audit_at_the_end AFTER INSERT ON audit
WHEN NEW.id < 1 OR EXISTS (SELECT 1 FROM audit WHERE id > NEW.id)
BEGIN SELECT RAISE(ABORT, 'the audit record is append-only'); END""",
    ),
    "postgresql": (
        """\
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE integrity_constraint_violation USING MESSAGE = 'the audit record is append-only';
END $$""",
        """\
CREATE FUNCTION audit_grow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.id < 1 OR EXISTS (SELECT 1 FROM audit WHERE id >= NEW.id) THEN
        RAISE integrity_constraint_violation USING MESSAGE = 'the audit record is append-only';
    END IF;
    RETURN NEW;
END $$""",
        """\
CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()""",
        """\
CREATE TRIGGER audit_at_the_end BEFORE INSERT ON audit
FOR EACH ROW EXECUTE FUNCTION audit_grow()""",
    ),
}


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "access_console",
        sa.Column("instrument", sa.String(), nullable=False),
        sa.Column("is_reachable", sa.Boolean(), nullable=False),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("checked_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("instrument", name=op.f("pk_access_console")),
    )
    op.create_table(
        "access_control",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("instrument", sa.String(), nullable=False),
        sa.Column("viewer", NUMBER, nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("cause", sa.String(), nullable=True),
        sa.Column("pointer_x", NUMBER, nullable=True),
        sa.Column("pointer_y", NUMBER, nullable=True),
        sa.Column("buttons", NUMBER, nullable=True),
        sa.Column("keysyms", sa.JSON(), nullable=False),
        sa.Column("has_scan_codes", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_control")),
    )
    op.create_index(op.f("ix_access_control_viewer"), "access_control", ["viewer"], unique=False)
    op.create_index(
        "uq_access_control_one_operator",
        "access_control",
        ["instrument"],
        unique=True,
        sqlite_where=sa.text("until IS NULL"),
        postgresql_where=sa.text("until IS NULL"),
    )
    op.create_table(
        "access_grant",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("instrument", sa.String(), nullable=False),
        sa.Column("level", NUMBER, nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("not_after", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_grant")),
    )
    op.create_index(op.f("ix_access_grant_instrument"), "access_grant", ["instrument"], unique=False)
    op.create_index("ix_access_grant_person", "access_grant", ["username", "instrument"], unique=False)
    op.create_table(
        "access_ticket",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("display_name", sa.String(), nullable=False),
        sa.Column("instrument", sa.String(), nullable=False),
        sa.Column("web_session", sa.String(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_access_ticket")),
    )
    op.create_index(op.f("ix_access_ticket_expires_at"), "access_ticket", ["expires_at"], unique=False)
    op.create_table(
        "access_viewer",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("instrument", sa.String(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("display_name", sa.String(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_viewer")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_access_viewer_instrument"), "access_viewer", ["instrument"], unique=False)
    op.create_table(
        "account",
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("display_name", sa.String(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("username", name=op.f("pk_account")),
    )
    op.create_table(
        "audit",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("previous", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sa.UniqueConstraint("previous", name=op.f("uq_audit_previous")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_audit_actor"), "audit", ["actor"], unique=False)
    op.create_index(op.f("ix_audit_subject"), "audit", ["subject"], unique=False)
    op.create_index(op.f("ix_audit_what"), "audit", ["what"], unique=False)
    op.create_table(
        "event",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_event_kind"), "event", ["kind"], unique=False)
    op.create_table(
        "event_pruning",
        sa.Column("id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("through", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_pruning")),
    )
    op.create_table(
        "instrument",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_instrument")),
    )
    op.create_table(
        "web_session",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_web_session")),
    )
    op.create_index(op.f("ix_web_session_created_at"), "web_session", ["created_at"], unique=False)
    op.create_index(op.f("ix_web_session_seen_at"), "web_session", ["seen_at"], unique=False)
    op.create_table(
        "identity_link",
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("linked_at", sa.BigInteger(), nullable=False),
        sa.Column("linked_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["username"], ["account.username"], name=op.f("fk_identity_link_username_account")),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_identity_link")),
    )
    op.create_index(op.f("ix_identity_link_username"), "identity_link", ["username"], unique=False)
    op.create_table(
        "instrument_session",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("instrument", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("raw_folder", sa.String(), nullable=False),
        sa.Column("project_folder", sa.String(), nullable=False),
        sa.Column("people", sa.JSON(), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["instrument"], ["instrument.key"], name=op.f("fk_instrument_session_instrument_instrument")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instrument_session")),
    )
    op.create_index(op.f("ix_instrument_session_instrument"), "instrument_session", ["instrument"], unique=False)
    op.create_table(
        "run",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("session_id", NUMBER, nullable=True),
        sa.Column("instrument", sa.String(), nullable=False),
        sa.Column("raw_folder", sa.String(), nullable=False),
        sa.Column("project_folder", sa.String(), nullable=False),
        sa.Column("declaration", sa.JSON(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("scanned_at", sa.BigInteger(), nullable=True),
        sa.Column("problem", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"], ["instrument_session.id"], name=op.f("fk_run_session_id_instrument_session")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
        sa.UniqueConstraint("session_id", name=op.f("uq_run_session_id")),
    )
    op.create_index(op.f("ix_run_instrument"), "run", ["instrument"], unique=False)
    op.create_table(
        "exposure",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("run_id", NUMBER, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("modified_ns", sa.BigInteger(), nullable=False),
        sa.Column("written_at", sa.BigInteger(), nullable=False),
        sa.Column("waiting_since", sa.BigInteger(), nullable=False),
        sa.Column("problem", sa.JSON(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("attempts", NUMBER, nullable=False),
        sa.Column("losses", NUMBER, nullable=False),
        sa.Column("token", sa.String(), nullable=True),
        sa.Column("results", sa.JSON(), nullable=True),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_exposure_run_id_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exposure")),
        sa.UniqueConstraint("run_id", "name", name=op.f("uq_exposure_run_id_name")),
    )
    op.create_index("ix_exposure_change", "exposure", ["run_id", "change"], unique=False)
    op.create_index("ix_exposure_finished", "exposure", ["run_id", "finished_at"], unique=False)
    op.create_index("ix_exposure_state", "exposure", ["run_id", "state", "waiting_since"], unique=False)
    for statement in AUDIT_TRIGGERS[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    """Refuse: going back from the first step would delete everything, the audit record included."""
    raise NotImplementedError("There is nothing before the first step.")
