"""Several processes that write at once; the ground benchmark has more of them."""

from tests.writers import write_at_once

WRITERS, EACH = 4, 50


def test_of_what_processes_write_at_once_nothing_fails_nothing_is_missed_and_the_record_holds(
    database_url: str,
) -> None:
    outcome = write_at_once(database_url, writers=WRITERS, each=EACH)
    assert outcome.failures == []
    assert sorted(outcome.seen) == sorted((f"writer-{w}", n) for w in range(WRITERS) for n in range(EACH))
    assert outcome.first_bad_record is None
    for writer in range(WRITERS):
        numbers = [number for name, number in outcome.seen if name == f"writer-{writer}"]
        assert numbers == list(range(EACH))
