"""Random deaths break nothing; a design with a part left out is found out."""

import pytest

from chaos.campaign import Campaign, Plan
from chaos.sabotage import Sabotage

pytestmark = pytest.mark.stack


def test_three_hundred_documents_survive_eight_deaths_and_a_restart_of_redis() -> None:
    outcome = Campaign(Plan(documents=300, kills=8, redis_restarts=1, seed=11)).run()
    assert outcome.holds, outcome.report
    assert outcome.report["deaths"] >= 3
    assert outcome.report["byte_identical"] == 300


@pytest.mark.chaos
@pytest.mark.parametrize(
    ("control", "signs"),
    [
        (Sabotage.EARLY_COMMIT, ["failed", "pending"]),
        (Sabotage.NO_RECONCILER, ["pending"]),
        (Sabotage.NO_LEASE, ["lost", "left_behind"]),
    ],
)
def test_a_design_with_a_part_left_out_is_found_out(control: Sabotage, signs: list[str]) -> None:
    plan = Plan(documents=160, kills=4, redis_restarts=0, seed=11, control=control, stall_s=10)
    outcome = Campaign(plan).run()
    assert not outcome.holds
    assert any(outcome.report[sign] for sign in signs), outcome.report
