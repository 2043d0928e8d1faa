"""An Airflow DAG: every hour, compare the texts of a folder and load what is said of them into tables.

For Airflow 3. Put it into the DAG folder with `steps.py` beside it; workers need `pip install bifocal`, and
`BIFOCAL_URL` and `BIFOCAL_API_KEY` in their environment. While the job runs, the sensor holds no worker: it
is put off between its looks.
"""

from datetime import datetime, timedelta

from airflow.sdk import Param, PokeReturnValue, dag, task


@dag(
    dag_id="bifocal",
    schedule="@hourly",
    start_date=datetime(2026, 1, 1),  # noqa: DTZ001  (Airflow takes it as UTC)
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 3, "retry_delay": timedelta(minutes=1)},
    params={
        "folder": Param("/data/letters", type="string"),
        "database": Param("/data/reports.sqlite", type="string"),
    },
    tags=["text"],
)
def bifocal() -> None:
    """Find, submit, wait, load. `steps` is imported where it is needed: a DAG is parsed every few seconds."""

    @task.short_circuit
    def find(folder: str) -> list[str]:
        import steps

        return steps.find(folder)

    @task
    def submit(paths: list[str]) -> str:
        import steps

        return steps.submit(paths)

    @task.sensor(mode="reschedule", poke_interval=30, timeout=24 * 3600)
    def wait(job: str) -> PokeReturnValue:
        import steps

        return PokeReturnValue(is_done=steps.is_done(job), xcom_value=job)

    @task
    def load(job: str, database: str) -> int:
        import steps

        return steps.load(job, database)

    load(wait(submit(find("{{ params.folder }}"))), "{{ params.database }}")


bifocal()
