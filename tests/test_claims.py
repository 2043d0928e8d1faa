"""Idempotency keys, on a real Redis: one request, one job, whatever becomes of its acceptance."""

import pytest

from bifocal.contracts import Options
from bifocal.errors import IdempotencyInFlight, IdempotencyMismatch
from bifocal.ledger import Claim, Ledger

pytestmark = pytest.mark.stack

CLAIM = Claim(owner="me", key="key", fingerprint="body")


def accept(ledger: Ledger, job: str) -> bool:
    return ledger.create_job(
        job, options=Options(), n_documents=1, n_refused=0, n_shards=1, announced=True, owner="me"
    )


def fall_silent(ledger: Ledger, job: str) -> None:
    """What a minute without a sign of life looks like."""
    ledger._redis.zincrby("bifocal:accepting", -60_000, job)


def test_the_first_request_claims_its_key_and_the_next_gets_its_job(ledger: Ledger) -> None:
    assert ledger.claims.claim(CLAIM, "first") is None
    assert accept(ledger, "first")
    assert ledger.claims.claim(CLAIM, "second") == "first"


def test_the_next_is_told_to_wait_while_the_first_is_accepted(ledger: Ledger) -> None:
    ledger.claims.claim(CLAIM, "first")
    with pytest.raises(IdempotencyInFlight):
        ledger.claims.claim(CLAIM, "second")


def test_another_request_with_the_key_is_refused(ledger: Ledger) -> None:
    ledger.claims.claim(CLAIM, "first")
    with pytest.raises(IdempotencyMismatch):
        ledger.claims.claim(Claim(owner="me", key="key", fingerprint="other"), "second")


def test_keys_of_others_are_others(ledger: Ledger) -> None:
    ledger.claims.claim(CLAIM, "first")
    assert ledger.claims.claim(Claim(owner="you", key="key", fingerprint="body"), "second") is None


def test_an_acceptance_that_fell_silent_is_taken_over_and_can_make_no_job_any_more(ledger: Ledger) -> None:
    ledger.claims.claim(CLAIM, "first")
    fall_silent(ledger, "first")
    assert ledger.claims.claim(CLAIM, "second") is None
    assert not ledger.leftovers.accepting("first", first=False)
    assert not accept(ledger, "first")
    assert accept(ledger, "second")
    assert ledger.leftovers.abandoned(0) == ["first"]


def test_a_key_that_was_given_back_is_free(ledger: Ledger) -> None:
    ledger.claims.claim(CLAIM, "first")
    ledger.leftovers.job_is_removed("first")
    ledger.claims.release(CLAIM)
    assert ledger.claims.claim(Claim(owner="me", key="key", fingerprint="other"), "second") is None


def test_a_job_that_is_no_longer_kept_is_not_made_again(ledger: Ledger) -> None:
    ledger.claims.claim(CLAIM, "first")
    accept(ledger, "first")
    ledger.dispatch(1)
    ledger.finish_shard("first", 0, 1, succeeded=1)
    ledger.forget_job("first", remember_s=60)
    assert ledger.claims.claim(CLAIM, "second") == "first"
