"""Wherever a process dies, hangs or fails, a document that was answered for ends exactly once."""

import re
import signal
import threading
import time
from pathlib import Path

import pytest

from bifocal.lenses import LENSES
from bifocal.queue import STAGES
from chaos.conftest import DOCUMENTS
from chaos.stack import CONTROL, LightStack, NotAnswered
from chaos.until import until
from chaos.verifier import Verifier

pytestmark = [pytest.mark.stack, pytest.mark.chaos]

ROOT = Path(__file__).parents[2]

AT_WORK = [
    *(f"{stage}.{place}" for stage in STAGES for place in ("received", "leased")),
    *(f"{lens}.{place}" for lens in LENSES for place in ("computed", "reading", "written", "committed")),
    *(f"merge.{place}" for place in ("computed", "written", "committed")),
]
AT_DISPATCH = ["dispatcher.recorded", "dispatcher.published"]
AT_ACCEPTANCE = ["acceptance.written", "acceptance.answerable", "acceptance.recorded"]
#: Tried in tests/test_webhooks.py.
AT_WEBHOOKS = ["webhooks.claimed", "webhooks.sent"]


def process_of(point: str) -> str:
    """The process that comes to a failpoint."""
    stage = point.partition(".")[0]
    return stage if stage in STAGES else CONTROL


def come_to(point: str, action: str, light: LightStack, verifier: Verifier) -> str:
    """Let a process come to a failpoint on a job's way; returns the job."""
    name = process_of(point)
    if point.endswith(".reading"):
        # Documents are read one by one only after a death.
        failpoints = f"{name}.leased=kill,{point}={action}"
        light.restart(name, failpoints=failpoints)
        job = verifier.submit(DOCUMENTS)
        until(f"{name} has died once", lambda: not light.processes[name].alive)
        light.start(name, failpoints=failpoints, fresh=False)
    else:
        light.restart(name, failpoints=f"{point}={action}")
        light.wait_for_control()
        job = verifier.submit(DOCUMENTS)
    until(f"{name} comes to {point}", lambda: light.passed(point))
    return job


def assert_all_is_well(verifier: Verifier, *jobs: str) -> None:
    for job in jobs:
        verifier.wait(job)
    found = verifier.check(*jobs)
    assert found.holds, found
    assert not found.failed, found


def test_every_failpoint_in_the_code_is_tried_here() -> None:
    sources = [path for part in ("shared", "services") for path in (ROOT / part).rglob("*.py")]
    named = {
        name
        for path in sources
        for name in re.findall(r"\bfailpoint\(f?\"([^\"]+)\"\)", path.read_text("utf-8"))
    }
    tried = {*AT_WORK, *AT_DISPATCH, *AT_ACCEPTANCE, *AT_WEBHOOKS}
    # Those of `bifocal watch` are tried in tests/test_watch.py.
    for name in (one for one in named if not one.startswith("watch.")):
        pattern = re.compile(re.sub(r"\{[^}]+\}", r"\\w+", name.replace(".", r"\.")))
        assert any(pattern.fullmatch(point) for point in tried), name
    assert len(tried) == 24


@pytest.mark.parametrize("point", [*AT_WORK, *AT_DISPATCH])
def test_a_process_killed_there_loses_nothing(point: str, light: LightStack, verifier: Verifier) -> None:
    job = come_to(point, "kill", light, verifier)
    name = process_of(point)
    until(f"{name} is dead", lambda: not light.processes[name].alive)
    light.start(name)
    assert_all_is_well(verifier, job)


@pytest.mark.parametrize("point", [*AT_WORK, *AT_DISPATCH])
def test_one_stopped_there_for_longer_than_a_lease_changes_nothing_when_it_goes_on(
    point: str, light: LightStack, verifier: Verifier
) -> None:
    name = process_of(point)
    job = come_to(point, "stop", light, verifier)
    late = light.processes[name]
    until(f"{name} is stopped", lambda: late.stopped)
    # Another one does its work in the meantime, which takes as long as the lease of the first one.
    light.start(f"{name}-2")
    verifier.wait(job)
    results = verifier.results(job)
    late.send(signal.SIGCONT)
    light.end(f"{name}-2")
    # When the late one has done a second job, it is through with the first.
    light.wait_for_control()
    second = verifier.submit(DOCUMENTS)
    assert_all_is_well(verifier, job, second)
    assert verifier.results(job) == results


@pytest.mark.parametrize("action", ["raise", "full", "memory"])
@pytest.mark.parametrize("point", [*AT_WORK, *AT_DISPATCH])
def test_a_fault_there_is_made_good(point: str, action: str, light: LightStack, verifier: Verifier) -> None:
    name = process_of(point)
    job = come_to(point, action, light, verifier)

    def ended() -> bool:
        # Celery ends a worker that runs out of memory outside of its work.
        if not light.processes[name].alive:
            light.start(name)
        return verifier.ended(job)

    until("the job has ended", ended)
    assert_all_is_well(verifier, job)


@pytest.mark.parametrize("action", ["kill", "raise", "full", "memory"])
@pytest.mark.parametrize("point", AT_ACCEPTANCE)
def test_a_job_that_was_not_answered_for_is_there_whole_or_not_at_all(
    point: str, action: str, light: LightStack, verifier: Verifier
) -> None:
    light.restart(CONTROL, failpoints=f"{point}={action}")
    light.wait_for_control()
    with pytest.raises(NotAnswered):
        verifier.submit(DOCUMENTS)
    if action == "kill":
        until("the control process is dead", lambda: not light.processes[CONTROL].alive)
        light.start(CONTROL)
        light.wait_for_control()
    assert_all_is_well(verifier, verifier.submit(DOCUMENTS))


@pytest.mark.parametrize("point", AT_ACCEPTANCE)
def test_an_acceptance_that_was_stopped_for_a_while_is_answered_and_done(
    point: str, light: LightStack, verifier: Verifier
) -> None:
    control = light.restart(CONTROL, failpoints=f"{point}=stop")
    light.wait_for_control()
    jobs: list[str] = []
    submitting = threading.Thread(target=lambda: jobs.append(verifier.submit(DOCUMENTS)))
    submitting.start()
    until("the control process is stopped", lambda: control.stopped)
    over = time.monotonic() + 1.5
    until("longer than a lease has passed", lambda: time.monotonic() > over)
    control.send(signal.SIGCONT)
    submitting.join()
    assert_all_is_well(verifier, *jobs)


def test_an_acceptance_that_was_stopped_for_too_long_is_refused_and_leaves_nothing(
    light: LightStack, verifier: Verifier
) -> None:
    control = light.restart(CONTROL, failpoints="acceptance.written=stop")
    light.wait_for_control()
    refusals: list[str] = []

    def submit() -> None:
        try:
            verifier.submit(DOCUMENTS)
        except NotAnswered as refused:
            refusals.append(str(refused))

    submitting = threading.Thread(target=submit)
    submitting.start()
    until("the control process is stopped", lambda: control.stopped)
    light.start(f"{CONTROL}-2")
    until("another one has removed what was written", lambda: not verifier.left_behind())
    control.send(signal.SIGCONT)
    submitting.join()
    light.end(f"{CONTROL}-2")
    assert refusals == ["internal_error"]
    assert not verifier.left_behind()
