"""Names of the ledger's keys in Redis.

=========================================  ======  ==============================================
key                                        type    holds
=========================================  ======  ==============================================
``bifocal:schema``                         string  version of all that follows, see ``version.py``
``bifocal:jobs``                           zset    job ids by time of creation
``bifocal:jobs_of:{owner}``                zset    the same, those of one API key
``bifocal:idempotency:{owner}:{hash}``     hash    job and fingerprint of the request that came with an
                                                   idempotency key of that hash; expires
``bifocal:job:{job}``                      hash    owner, priority, state, options, counts, shards, times,
                                                   why it is closing if it is,
                                                   and the traceparent of its request if there is one
``bifocal:ended``                          zset    ids of ended jobs by the time of their end
``bifocal:deadlines``                      zset    jobs that have one, by when it is; canceled ones at 0
``bifocal:expired:{job}``                  string  owner of a job that was; expires
``bifocal:webhooks``                       zset    ended jobs whose end is to be told, by when the next
                                                   try is due, in ms
``bifocal:waiting``                        string  shards accepted and not merged
``bifocal:waiting_of``                     hash    the same by owner
``bifocal:pending``                        list    bulk jobs with shards that were not dispatched yet
``bifocal:pending:interactive``            list    the same, interactive jobs
``bifocal:in_flight``                      zset    ``job:shard`` by the time of dispatch
``bifocal:shard:{job}:{shard}``            hash    from dispatch to merge, see below
``bifocal:merged:{job}``                   string  a character a shard: the attempt whose results are
                                                   in the store and count; 0 for none
``bifocal:lease:{stage}:{job}:{shard}``    string  owner of a stage in progress; expires
``bifocal:sent``                           string  number of the last message to a stage
``bifocal:front``                          hash    by queue, the latest message that was begun
``bifocal:traces:{job}:{shard}``           hash    a merged shard's, until only its results lie in the store
``bifocal:leftovers``                      zset    ``job:shard`` of these, by the time of the merge, in ms
``bifocal:accepting``                      zset    jobs being accepted, by when a body was last written, ms;
                                                   0 once the acceptance was given up
``bifocal:totals``                         hash    counts since the ledger began, see ``state.py``
``bifocal:reconciler``                     string  held for a while by who looks for lost work
``bifocal:worker:{stage}:{worker}``        string  what a live worker has loaded; expires
``bifocal:workers:{stage}``                set     workers that were up not long ago
``bifocal:broker:{stage}``                 list    Celery's queue; only its length is read here
``bifocal:broker:{stage}.interactive``     list    the same, for shards of interactive jobs
=========================================  ======  ==============================================

Fields of a shard's hash: ``priority``, that of its job, and for each stage:

``{lens}``
    the attempt whose output counts; the stage is done.
``sent:{stage}``, ``sent_at:{stage}``
    number of the message that should bring the stage about, and when it was sent, in milliseconds.
``begun:{stage}``, ``begun_at:{stage}``
    number of the message by which it was last begun, and when.
``attempts:{stage}``, ``open:{stage}``
    times it was begun; owner of an attempt that was not handed back.
``at:{stage}``
    place of the document that a careful attempt is at.
``deaths:{stage}:{place}``, ``blank:{stage}``, ``died:{stage}``
    attempts that died at a document; that died without naming one; whether any did.
"""

from bifocal.contracts import Priority

SCHEMA = "bifocal:schema"
JOBS = "bifocal:jobs"
PENDING = "bifocal:pending"
PENDING_INTERACTIVE = "bifocal:pending:interactive"
IN_FLIGHT = "bifocal:in_flight"
SENT = "bifocal:sent"
FRONT = "bifocal:front"
RECONCILER = "bifocal:reconciler"
WAITING = "bifocal:waiting"
WAITING_OF = "bifocal:waiting_of"
ENDED = "bifocal:ended"
DEADLINES = "bifocal:deadlines"
WEBHOOKS = "bifocal:webhooks"
LEFTOVERS = "bifocal:leftovers"
ACCEPTING = "bifocal:accepting"
TOTALS = "bifocal:totals"

#: Before every key of the broker, so that ledger and broker can share a Redis.
BROKER_PREFIX = "bifocal:broker:"


def queue_name(stage: str, priority: Priority) -> str:
    """Name of the queue in which a stage's messages of a priority wait."""
    return f"{stage}.interactive" if priority is Priority.INTERACTIVE else stage


class Keys:
    """Key names that depend on a job, a shard or a worker."""

    @staticmethod
    def job(job: str) -> str:
        """Hash of a job."""
        return f"bifocal:job:{job}"

    @staticmethod
    def jobs_of(owner: str) -> str:
        """Jobs of an owner."""
        return f"bifocal:jobs_of:{owner}"

    @staticmethod
    def idempotency(owner: str, digest: str) -> str:
        """What came with an idempotency key of that hash."""
        return f"bifocal:idempotency:{owner}:{digest}"

    @staticmethod
    def shard(job: str, shard: int) -> str:
        """Hash of a shard."""
        return f"bifocal:shard:{job}:{shard}"

    @staticmethod
    def traces(job: str, shard: int) -> str:
        """Hash of a merged shard whose blobs are to be removed."""
        return f"bifocal:traces:{job}:{shard}"

    @staticmethod
    def merged(job: str) -> str:
        """A job's merged shards."""
        return f"bifocal:merged:{job}"

    @staticmethod
    def lease(stage: str, job: str, shard: int) -> str:
        """Lease on one stage of a shard."""
        return f"bifocal:lease:{stage}:{job}:{shard}"

    @staticmethod
    def expired(job: str) -> str:
        """That there was such a job."""
        return f"bifocal:expired:{job}"

    @staticmethod
    def worker(stage: str, worker: str) -> str:
        """Presence of a worker."""
        return f"bifocal:worker:{stage}:{worker}"

    @staticmethod
    def workers(stage: str) -> str:
        """Workers of a stage that were up not long ago."""
        return f"bifocal:workers:{stage}"

    @staticmethod
    def member(job: str, shard: int) -> str:
        """A shard as a member of `IN_FLIGHT`."""
        return f"{job}:{shard}"
