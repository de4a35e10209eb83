"""P4: what is affordable, and what is said where it is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readingroom.core.privacy.ledger import NOTHING, Account, Cost, check_affordable
from readingroom.errors import BudgetExceeded


def accounts(spent_project, project, spent_dataset, dataset, delta=0):
    return (Account("project_budget_micro_rho", "The project", Cost(spent_project), Cost(project, delta)),
            Account("dataset_budget_micro_rho", "The dataset", Cost(spent_dataset), Cost(dataset, delta)))


@pytest.mark.parametrize(("cost", "held", "largest", "rule", "works"), [
    (Cost(11), accounts(0, 100, 0, 100), 10, "max_query_micro_rho", "rho_micro 10 "),
    (Cost(10), accounts(95, 100, 0, 100), 10, "project_budget_micro_rho", "rho_micro 5 "),
    (Cost(10), accounts(0, 100, 98, 100), 10, "dataset_budget_micro_rho", "rho_micro 2 "),
    (Cost(1), accounts(100, 100, 0, 100), 10, "project_budget_micro_rho", "Ask the data custodian"),
    (Cost(1), accounts(200, 100, 0, 100), 10, "project_budget_micro_rho", "Ask the data custodian"),
    (Cost(1, 6), accounts(0, 100, 0, 100, delta=5), 10, "project_budget_femto_delta", "declared categories"),
    (Cost(0), accounts(0, 100, 0, 100), 10, "budget-arithmetic", ""),
    (Cost(0, 1), accounts(0, 100, 0, 100, delta=5), 10, "budget-arithmetic", ""),
    (Cost(1), accounts(-5, 100, 0, 100), 10, "budget-arithmetic", ""),
    (Cost(1.0), accounts(0, 100, 0, 100), 10, "budget-arithmetic", ""),
    (Cost(True), accounts(0, 100, 0, 100), 10, "budget-arithmetic", ""),
    (Cost(1), (), 10, "budget-arithmetic", ""),
])
def test_p4_unaffordable_is_refused_with_what_would_work(cost, held, largest, rule, works):
    with pytest.raises(BudgetExceeded) as caught:
        check_affordable(cost, held, largest)
    assert caught.value.rule == rule
    assert works in caught.value.next_step


@given(st.lists(st.builds(Cost, st.integers(1, 50), st.integers(0, 9)), max_size=60), st.integers(0, 500),
       st.integers(0, 500), st.integers(1, 50), st.integers(0, 40))
def test_p4_accepted_spends_never_pass_a_cap(costs, project, dataset, largest, delta):
    spent = NOTHING
    for cost in costs:
        held = (Account("a", "A", spent, Cost(project, delta)), Account("b", "B", spent, Cost(dataset, delta)))
        try:
            check_affordable(cost, held, largest)
        except BudgetExceeded:
            after = spent + cost
            assert cost.micro_rho > largest or after.micro_rho > min(project, dataset) or after.femto_delta > delta
            continue
        spent += cost
        assert Cost(min(project, dataset), delta).covers(spent)
        assert cost.micro_rho <= largest
