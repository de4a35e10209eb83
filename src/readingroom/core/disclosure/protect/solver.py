"""HiGHS, held by the few calls that this room needs. Same problem, same answer: one thread, fixed seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
from scipy import sparse

from readingroom.core.disclosure.protect.system import Floats

STATUS = highspy.HighsModelStatus
# The binding below the convenience layer, which prints a banner to standard output before it can be told not to.
_Engine: Any = highspy.Highs.__base__


@dataclass(frozen=True, eq=False)
class Solved:
    """`outcome` is optimal, unbounded, infeasible or stopped; `bound` is proved, `point` (if any) is feasible."""

    outcome: str
    bound: float = np.nan
    point: Floats | None = None


def _interrupting(stop: Callable[[], bool]) -> Callable[..., None]:
    def ask(kind: Any, message: str, said: Any, answer: Any, data: Any) -> None:
        if answer is not None and stop():
            answer.user_interrupt = True

    return ask


class Programme:
    """One linear or 0-1 programme: minimise cost @ x with row_lower <= A x <= row_upper and lower <= x <= upper."""

    def __init__(
        self, matrix: sparse.csc_array, lower: Floats, upper: Floats, row_lower: Floats, row_upper: Floats, *,
        cost: Floats | None = None, integral: Any = None, presolve: bool = False,
        stop: Callable[[], bool] | None = None,
    ) -> None:
        """`stop` is asked while a programme is solved, and ends it when true."""
        self.columns = matrix.shape[1]
        self.highs = _Engine()
        for name, option in (("output_flag", False), ("threads", 1), ("random_seed", 0), ("parallel", "off"),
                             ("presolve", "on" if presolve else "off"), ("primal_feasibility_tolerance", 1e-9),
                             ("dual_feasibility_tolerance", 1e-9), ("mip_feasibility_tolerance", 1e-9),
                             ("mip_rel_gap", 1e-7)):
            self.highs.setOptionValue(name, option)
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = self.columns, matrix.shape[0]
        model.col_cost_ = np.zeros(self.columns) if cost is None else cost
        model.col_lower_, model.col_upper_ = lower, upper
        model.row_lower_, model.row_upper_ = row_lower, row_upper
        model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        model.a_matrix_.start_ = matrix.indptr.astype(np.int32)
        model.a_matrix_.index_ = matrix.indices.astype(np.int32)
        model.a_matrix_.value_ = matrix.data.astype(float)
        if integral is not None:
            model.integrality_ = [highspy.HighsVarType.kInteger if one else highspy.HighsVarType.kContinuous
                                  for one in integral]
        self.mixed = integral is not None
        self.highs.passModel(model)
        if stop is not None:
            self._interrupt = _interrupting(stop)  # HiGHS doesn't keep it alive
            self.highs.setCallback(self._interrupt, None)
            kinds = highspy.cb.HighsCallbackType
            self.highs.startCallback(kinds.kCallbackMipInterrupt if self.mixed else kinds.kCallbackSimplexInterrupt)

    def set_cost(self, column: int, cost: float) -> None:
        self.highs.changeColCost(column, cost)

    def set_costs(self, cost: Floats) -> None:
        self.highs.changeColsCost(self.columns, np.arange(self.columns, dtype=np.int32), cost)

    def set_bounds(self, column: int, lower: float, upper: float) -> None:
        self.highs.changeColBounds(column, lower, upper)

    def set_all_bounds(self, lower: Floats, upper: Floats) -> None:
        self.highs.changeColsBounds(self.columns, np.arange(self.columns, dtype=np.int32), lower, upper)

    def add_row(self, columns: Any, coefficients: Floats, least: float) -> None:
        """Adds coefficients @ x[columns] >= least."""
        self.highs.addRow(least, highspy.kHighsInf, len(columns), np.asarray(columns, dtype=np.int32),
                          np.asarray(coefficients, dtype=float))

    def solve(self, *, seconds: float | None = None) -> Solved:
        """Warm from the last basis. `seconds` bounds this one solve."""
        self.highs.setOptionValue("time_limit", highspy.kHighsInf if seconds is None
                                  else self.highs.getRunTime() + max(seconds, 0.01))
        self.highs.run()
        status = self.highs.getModelStatus()
        if status in (STATUS.kUnbounded, STATUS.kUnboundedOrInfeasible) and not self.mixed:
            return self._unbounded_or_not(status)
        info = self.highs.getInfo()
        found = info.primal_solution_status == 2
        point = np.array(self.highs.getSolution().col_value) if found else None
        if status == STATUS.kOptimal:
            bound = info.mip_dual_bound if self.mixed else info.objective_function_value
            return Solved("optimal", bound, point)
        if status == STATUS.kInfeasible:
            return Solved("infeasible")
        return Solved("stopped", info.mip_dual_bound if self.mixed else -np.inf, point)

    def _unbounded_or_not(self, status: Any) -> Solved:
        """Unbounded for certain, or found infeasible by asking again without a cost."""
        costs = np.array(self.highs.getLp().col_cost_)
        self.set_costs(np.zeros(self.columns))
        self.highs.run()
        feasible = self.highs.getModelStatus() == STATUS.kOptimal
        self.set_costs(costs)
        return Solved("unbounded", -np.inf) if feasible else Solved("infeasible")

    def reduced_costs(self) -> Floats:
        return np.array(self.highs.getSolution().col_dual)
