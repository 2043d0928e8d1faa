"""Names of the ledger's keys in Redis.

=========================================  ======  ==============================================
key                                        type    holds
=========================================  ======  ==============================================
``bifocal:jobs``                           zset    job ids by time of creation
``bifocal:job:{job}``                      hash    state, options, counts, n_shards, n_merged, times
``bifocal:pending``                        list    ``job:shard`` accepted and not yet dispatched
``bifocal:in_flight``                      zset    ``job:shard`` by the time of its last dispatch
``bifocal:shard:{job}:{shard}``            hash    ``n_documents``, ``attempts:{stage}``, lenses done
``bifocal:merged:{job}``                   set     shards whose results are in the store
``bifocal:lease:{stage}:{job}:{shard}``    string  owner of a stage in progress; expires
``bifocal:worker:{stage}:{worker}``        string  what a live worker has loaded; expires
``bifocal:broker:{stage}``                 list    Celery's queue; only its length is read here
=========================================  ======  ==============================================
"""

JOBS = "bifocal:jobs"
PENDING = "bifocal:pending"
IN_FLIGHT = "bifocal:in_flight"

#: Before every key of the broker, so that ledger and broker can share a Redis.
BROKER_PREFIX = "bifocal:broker:"


class Keys:
    """Key names that depend on a job, a shard or a worker."""

    @staticmethod
    def job(job: str) -> str:
        """Hash of a job."""
        return f"bifocal:job:{job}"

    @staticmethod
    def shard(job: str, shard: int) -> str:
        """Hash of a shard."""
        return f"bifocal:shard:{job}:{shard}"

    @staticmethod
    def merged(job: str) -> str:
        """Set of a job's merged shards."""
        return f"bifocal:merged:{job}"

    @staticmethod
    def lease(stage: str, job: str, shard: int) -> str:
        """Lease on one stage of a shard."""
        return f"bifocal:lease:{stage}:{job}:{shard}"

    @staticmethod
    def worker(stage: str, worker: str) -> str:
        """Presence of a worker."""
        return f"bifocal:worker:{stage}:{worker}"

    @staticmethod
    def member(job: str, shard: int) -> str:
        """A shard as a member of `PENDING` and `IN_FLIGHT`."""
        return f"{job}:{shard}"
