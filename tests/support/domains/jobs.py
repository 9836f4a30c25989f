"""Jobs that failed, which come of all other changes, and are in the graph alone."""

from tests.support.cases import Case

# Each organization has a seal that waits, and each later change queues another one.
FOUND = """
    update jobs set state = 'FAILED', attempt = 1, error_code = 'CHAIN_BROKEN', finished_at = now()
    where function = 'AUDIT_SEAL' and state = 'QUEUED' returning id
"""
CASES = (
    Case(
        name="failedJob",
        plural="failedJobs",
        type="FailedJob",
        scope="failed_jobs",
        table="jobs",
        statements={"ListFailedJobs": 2, "GetFailedJob": 1, "RetryFailedJob": 3},
        found=FOUND,
        mutations={"retryFailedJob": {}},
    ),
)
