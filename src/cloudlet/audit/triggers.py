"""What keeps the audit table append-only, in each database's own words.

On SQLite ``INSERT OR REPLACE`` deletes a row without firing a delete trigger, so a row that would take the place of
another is refused before it does. To a trigger that comes before the row, an id that was not given is -1: whether the
row stands at the end is asked behind it, which undoes the statement.
"""

from __future__ import annotations

__all__ = ["TRIGGERS"]

TRIGGERS = {
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
