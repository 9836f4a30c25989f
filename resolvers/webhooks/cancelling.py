"""Cancels the pending deliveries of an endpoint that is disabled or deleted, a limited number at once.

If there are more, the job of one of them is made due: the worker that runs it cancels the next ones.
"""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from models.base import TIMESTAMP
from models.jobs import JobFunction, JobState, jobs, queued
from models.webhooks import DeliveryStatus, EndpointStatus, deliveries, webhook_endpoints
from resolvers.context import Context, now
from resolvers.database.sql import ORG, statement

AT_ONCE = 5_000

_ENDPOINT = sa.bindparam("endpoint_id", type_=sa.Uuid)
_PENDING: sa.ColumnClause[str] = sa.literal_column(f"'{DeliveryStatus.PENDING.value}'")


def _queued(*columns: Any) -> sa.Select[Any]:
    """Return a select of the queued jobs of a disabled or deleted endpoint, without those that others have locked.

    To wait for these locks could be a deadlock: a worker locks the job before the endpoint, which is locked here.
    """
    ends = webhook_endpoints.c
    silent = sa.or_(ends.status != EndpointStatus.ENABLED.value, ends.deleted_at.is_not(None))
    there = sa.select(ends.id).where(ends.org_id == ORG, ends.id == _ENDPOINT, silent).exists()
    own = (jobs.c.org_id == ORG, jobs.c.concurrency_key == _ENDPOINT, *queued(JobFunction.WEBHOOK_DELIVERY))
    return sa.select(*columns).where(*own, there).with_for_update(skip_locked=True)


def each_of(column: Any) -> sa.ColumnElement[Any]:
    """Return any of a column's values, as an array: a join would be planned by statistics, which may be missing."""
    return sa.any_(sa.func.array(sa.select(column).scalar_subquery(), type_=pg.ARRAY(sa.Uuid)))


@statement
def _cancel() -> sa.Select[Any]:
    first = _queued(jobs.c.id, jobs.c.subject_id).order_by(jobs.c.run_at)
    taken = first.limit(sa.bindparam("most", type_=sa.Integer)).cte("taken")
    open_ = (
        deliveries.c.org_id == ORG,
        deliveries.c.id == each_of(taken.c.subject_id),
        deliveries.c.status == _PENDING,
    )
    held = sa.select(deliveries.c.id).where(*open_).with_for_update(skip_locked=True).cte("held")
    values = {
        "status": DeliveryStatus.CANCELLED.value,
        "next_attempt_at": sa.null(),
        "updated_at": sa.bindparam("moment", type_=TIMESTAMP),
    }
    gone = deliveries.update().where(deliveries.c.org_id == ORG, deliveries.c.id == each_of(held.c.id)).values(values)
    ended = {"state": JobState.CANCELLED.value, "finished_at": sa.func.now()}
    theirs = (jobs.c.org_id == ORG, jobs.c.id == each_of(taken.c.id), jobs.c.subject_id == each_of(held.c.id))
    work = jobs.update().where(*theirs).values(ended).returning(jobs.c.id).cte("work")
    last = _queued(jobs.c.id).where(sa.not_(jobs.c.id == each_of(taken.c.id))).order_by(jobs.c.run_at.desc())
    late = last.limit(1).cte("late")
    sooner = jobs.update().where(jobs.c.org_id == ORG, jobs.c.id == each_of(late.c.id)).values(run_at=sa.func.now())
    left = sooner.returning(jobs.c.id).cte("sooner")
    number = sa.select(sa.func.count()).select_from(work).scalar_subquery().label("number")
    shown = sa.select(number, sa.select(left.c.id).scalar_subquery().label("left"))
    return shown.add_cte(gone.returning(deliveries.c.id).cte("gone"))


async def cancel(ctx: Context, endpoint_id: UUID) -> bool:
    """Cancel up to ``AT_ONCE`` deliveries of a disabled or deleted endpoint. Return whether there are more."""
    row = await ctx.row(_cancel(), endpoint_id=endpoint_id, most=AT_ONCE, moment=now())
    assert row is not None, "a count has one row"
    if row["left"] is None:
        return False
    ctx.jobs_to_wake.append(row["left"])
    # If all that is left is locked by others, there is nothing more to cancel here.
    return bool(row["number"])
