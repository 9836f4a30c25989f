"""Reports of work: orders, how long they took, and how long tickets waited."""

from models.reports import ReportKind
from models.tickets import TicketPriority
from resolvers.reports.columns import OF_SERVICE, PERIOD, ReportColumn, ReportColumnType, Total, count, percent, seconds
from resolvers.reports.definitions import ReportDefinition
from resolvers.reports.scans import Scan

_ORDERS = Scan("orders", "org_id = :org_id")
_DELIVERED = Scan(
    "orders", "org_id = :org_id and delivered_at >= :start and delivered_at < :end and started_at is not null"
)
_ASKED = Scan("tickets", "org_id = :org_id and id >= :first_id and id < :end_id and status <> 'SPAM'")

ORDER_THROUGHPUT = ReportDefinition(
    ReportKind.ORDER_THROUGHPUT,
    (
        *PERIOD,
        count("created", "Created", "Orders that were created."),
        count("started", "Started", "Orders on which work first started."),
        count("delivered", "Delivered", "Orders whose last delivery was in the period."),
        count("completed", "Completed", "Orders that were completed, and not reopened since."),
        count("cancelled", "Cancelled", "Orders that were cancelled."),
        count("open", "Open", "Orders at the end of the period that are neither completed nor cancelled.", Total.LAST),
    ),
    (_ORDERS,),
    f"""
with alike as (
    select width_bucket(id, :ids) as created, width_bucket(started_at, :bounds) as started,
        width_bucket(delivered_at, :bounds) as delivered, width_bucket(completed_at, :bounds) as completed,
        width_bucket(cancelled_at, :bounds) as cancelled,
        greatest(width_bucket(id, :ids), width_bucket(least(completed_at, cancelled_at), :bounds)) as closed,
        completed_at is null and cancelled_at is null as stays, count(*) as orders
    from {_ORDERS.table}
    where {_ORDERS.counted}
    group by 1, 2, 3, 4, 5, 6, 7
), happened as (
    select n, sum(orders) filter (where what = 1) as created, sum(orders) filter (where what = 2) as started,
        sum(orders) filter (where what = 3) as delivered, sum(orders) filter (where what = 4) as completed,
        sum(orders) filter (where what = 5) as cancelled, sum(orders) filter (where what = 6) as closed
    from alike cross join lateral (
        values (1, created), (2, started), (3, delivered), (4, completed), (5, cancelled),
            (6, case when not stays then closed end)
    ) as event (what, n)
    where n is not null
    group by n
), summed as (
    select n, coalesce(created, 0) as created, coalesce(started, 0) as started, coalesce(delivered, 0) as delivered,
        coalesce(completed, 0) as completed, coalesce(cancelled, 0) as cancelled,
        sum(coalesce(created, 0) - coalesce(closed, 0)) over (order by n) as open
    from generate_series(0, :periods) n left join happened using (n)
)
select * from summed where n > 0 order by n
""",
)
TURNAROUND = ReportDefinition(
    ReportKind.TURNAROUND,
    (
        *OF_SERVICE,
        count("orders", "Orders", "Orders whose last delivery was in the interval."),
        seconds("p50", "Median", "Time from the start of work to the delivery, without time on hold: the median."),
        seconds("p90", "90th percentile", "The time within which 90 % of them were delivered."),
        percent("on_time", "On time", "Share that took at most its delivery days, of the orders that have such."),
    ),
    (_DELIVERED,),
    f"""
with measured as (
    select service_id, grouping(service_id) = 1 as overall, count(*) as orders,
        percentile_disc(0.5) within group (order by cast(floor(took) as bigint)) as p50,
        percentile_disc(0.9) within group (order by cast(floor(took) as bigint)) as p90,
        round(100.0 * count(*) filter (where took <= delivery_days * 86400) / nullif(count(delivery_days), 0), 2)
            as on_time
    from (
        select service_id, delivery_days, extract(epoch from delivered_at - started_at) - held_seconds as took
        from {_DELIVERED.table}
        where {_DELIVERED.counted}
    ) as done
    group by grouping sets ((service_id), ())
)
select measured.*, s.name as service, count(*) over () - 1 as found
from measured left join services s on s.org_id = :org_id and s.id = measured.service_id
order by overall desc, orders desc, service_id
""",
)
_BY_URGENCY = ", ".join(f"('{priority}', {place})" for place, priority in enumerate(reversed(TicketPriority), 1))
TICKET_RESPONSE = ReportDefinition(
    ReportKind.TICKET_RESPONSE,
    (
        ReportColumn("priority", "Priority", ReportColumnType.TEXT, "Priority of the tickets."),
        count("tickets", "Tickets", "Tickets that were created in the interval, without `SPAM`."),
        count("answered", "Answered", "Those that had a first response."),
        seconds("response_p50", "First response, median", "Time to the first response: the median."),
        seconds("response_p90", "First response, 90th percentile", "The time within which 90 % were answered."),
        seconds("resolution_p50", "Resolution, median", "Time to the resolution: the median."),
        seconds("resolution_p90", "Resolution, 90th percentile", "The time within which 90 % were resolved."),
        percent("breached", "Breached", "Share whose first response was, or is, late."),
    ),
    (_ASKED,),
    f"""
with measured as (
    select priority, count(*) as tickets, count(response) as answered,
        percentile_disc(0.5) within group (order by response) as response_p50,
        percentile_disc(0.9) within group (order by response) as response_p90,
        percentile_disc(0.5) within group (order by resolution) as resolution_p50,
        percentile_disc(0.9) within group (order by resolution) as resolution_p90,
        round(100.0 * count(*) filter (where late) / nullif(count(*), 0), 2) as breached
    from (
        select priority, coalesce(first_response_at, now()) > first_response_due_at as late,
            cast(floor(extract(epoch from first_response_at) - created) as bigint) as response,
            cast(floor(extract(epoch from resolved_at) - created) as bigint) as resolution
        from (
            select priority, first_response_at, first_response_due_at, resolved_at,
                cast(cast('x' || left(replace(cast(id as text), '-', ''), 12) as bit(48)) as bigint) / 1000.0 as created
            from {_ASKED.table}
            where {_ASKED.counted}
        ) as asked
    ) as waited
    group by grouping sets ((priority), ())
)
select listed.priority, place = 0 as overall, coalesce(tickets, 0) as tickets, coalesce(answered, 0) as answered,
    response_p50, response_p90, resolution_p50, resolution_p90, breached
from (values (null, 0), {_BY_URGENCY}) as listed (priority, place)
    left join measured on measured.priority is not distinct from listed.priority
order by place
""",
)
