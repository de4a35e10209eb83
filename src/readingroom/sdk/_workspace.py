"""Who and where: the person, the project, its data and what is left of its privacy budgets."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from readingroom.sdk import _door
from readingroom.sdk._dp.budgets import Budget, budget_of
from readingroom.sdk._dp.numbers import MICRO
from readingroom.sdk._html import LEFT


@dataclass(frozen=True)
class Workspace:
    person: str
    project: str
    title: str
    expires_on: str
    datasets: tuple[str, ...]
    synthetic: bool
    budgets: tuple[Budget, ...]

    def __repr__(self) -> str:
        lines = [f"{self.person} in “{self.title}”, until {self.expires_on}"]
        lines += [f"  {left.dataset}: {_left(left)}" for left in self.budgets]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        made_up = "<p><em>All data here are synthetic: nobody in them exists.</em></p>" if self.synthetic else ""
        rows = "".join(
            f"<tr><td {LEFT}><code>{escape(left.dataset)}</code></td>"
            f"<td {LEFT}><meter min=0 max={max(left.total_micro_rho, 1)} value={left.remaining_micro_rho}></meter> "
            f"{escape(_left(left))}</td></tr>" for left in self.budgets)
        return (f"<p><strong>{escape(self.person)}</strong> in <strong>{escape(self.title)}</strong>, "
                f"until {escape(self.expires_on)}</p>{made_up}<table><thead><tr><th {LEFT}>Dataset</th>"
                f"<th {LEFT}>Privacy budget</th></tr></thead><tbody>{rows}</tbody></table>")


def workspace() -> Workspace:
    said = _door.get("/workspace")
    described, project = said["datasets"], said["project"]
    return Workspace(
        said["person"]["display_name"], project["slug"], project["title"], project["expires_on"],
        tuple(one["slug"] for one in described), all(one["synthetic"] for one in described),
        tuple(budget_of(one) for one in described))


def _left(left: Budget) -> str:
    return f"{left.remaining_micro_rho / MICRO:g} of {left.total_micro_rho / MICRO:g} rho left"
