"""Chaos: in which order the injuries are, how long recoveries and deliveries took, and when that is too long."""

import json
import math
import random
from collections import Counter
from dataclasses import replace

from bench.chaos.accounts import quantile, recoveries, times
from bench.chaos.injuries import INJURIES, Counts, Injury, bursts
from bench.chaos.models import Models
from bench.chaos.report import Report, shown
from tests.support.chaos import written


def test_times_and_recoveries() -> None:
    journal, tenant, _ = written()
    assert (times(journal, tenant), times(journal, tenant, (3.0, 6.0))) == ([6.0, 7.0, 8.0], [7.0])
    injuries = [Injury("SIGKILL API", 2.5), Injury("SIGKILL API", 4.5), Injury("SIGKILL worker", 5.5)]
    successes = {"agents": [2.0, 7.0], "billing": [30.0], "reports": []}
    found = recoveries(journal, [tenant], injuries, successes)
    never, api = dict.fromkeys(("writes", "deliveries", "reports"), math.inf), {"writes": 1.5, "deliveries": 8.5}
    assert found["SIGKILL API"] == api | {"agents": 4.5, "billing": 27.5, "reports": math.inf}
    assert found["SIGKILL worker"] == never | {"agents": 1.5, "billing": 24.5}
    # Nothing had time to recover from the one that another one followed at once.
    assert recoveries(journal, [tenant], [replace(each, last=False) for each in injuries], successes) == {}
    listed = [*injuries, Injury("SIGKILL worker", 0.5)]
    report = Report(journal, [tenant], [tenant.healthy], Models({}), listed, successes=successes)
    assert json.loads(json.dumps(report.figures(), allow_nan=False))["longest_recovery"] == {
        "SIGKILL API": {"writes": 1.5, "deliveries": 8.5, "agents": 4.5, "billing": 27.5, "reports": None},
        "SIGKILL worker": {"writes": None, "deliveries": None, "agents": 1.5, "billing": 29.5, "reports": None},
    }
    assert "| SIGKILL worker | 2 | never | never | 1.50 | 29.50 | never |" in shown(report)
    assert (quantile([1.0], 99), quantile([1.0, 2.0, 3.0], 50)) == (1.0, 2.0)


def test_a_recovery_that_takes_too_long_and_a_slower_receiver_are_found() -> None:
    journal, tenant, _ = written()
    successes = {"agents": [9.0], "billing": [9.0], "reports": [9.0]}
    right = Report(
        journal, [tenant], [tenant.healthy], Models({}), [Injury("SIGKILL API", 4.5)], successes=successes,
        calm=((1.0, 3.0), (3.0, 5.0)),
    )  # fmt: skip
    # The first change was heard 8 s after it was acknowledged, the second one 7 s.
    assert right.slower() == {"alone": 8.0, "beside": 7.0, "ratio": 7 / 8}
    slow = [replace(right, successes=successes | {"reports": listed}) for listed in ([9.0], [80.0], [])]
    slow.append(replace(right, calm=((0.0, 0.0), (3.0, 5.0))))
    assert [each.slow for each in slow] == [False, True, True, True]
    tenant.healthy.events["event_1"] = [4.0 + 16.5]
    assert right.slow


def test_injuries_come_in_bursts_that_each_of_them_ends() -> None:
    counts = Counts(20, 3, 3, 1)
    listed = bursts(counts, 4, random.Random(1))
    assert Counter(name for burst in listed for name in burst) == Counter(counts.by_name())
    assert {burst[-1] for burst in listed} == set(INJURIES)
    assert {len(burst) for burst in listed} <= {3, 4}
    alone = bursts(Counts(1, 0, 0, 1), 4, random.Random(1))
    assert sorted(alone) == sorted([name] for name, number in Counts(1, 0, 0, 1).by_name().items() if number)


def test_injuries_are_done_so_often() -> None:
    assert set(Counts(0, 0, 0, 0).by_name().values()) == {0}
    assert Counts(100, 20, 30, 5).by_name() == dict.fromkeys(INJURIES, 5) | {
        "SIGKILL worker": 100, "SIGKILL postmaster": 20, "SIGKILL Valkey": 30, "FLUSHALL Valkey": 30,
    }  # fmt: skip
