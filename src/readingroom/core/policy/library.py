"""All policies of an installation, and which of them meet for one grant or project."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import rfc8785

from readingroom.core.datasets import TWIN, Dataset, is_twin
from readingroom.core.policy.model import Layer, Policy, strictest
from readingroom.core.projects import NO_RULES, Grant, Project
from readingroom.core.undertakings import Undertaking, undertaking_for
from readingroom.errors import NotFound

REMEMBERED = 10_000


@dataclass(frozen=True)
class Policies:
    """As loaded from `policies/`: the layers of one site, its programmes and registered datasets; undertakings."""

    site: Layer
    programmes: dict[str, Layer]
    datasets: dict[str, tuple[Dataset, Policy]]
    undertakings: tuple[Undertaking, ...] = ()
    _known: dict[tuple[object, ...], tuple[tuple[object, ...], Policy]] = field(
        default_factory=dict, init=False, repr=False, compare=False)

    def undertaking(self, organisation: str) -> Undertaking | None:
        """What people of an organisation sign; without any, nobody can open data."""
        return undertaking_for(self.undertakings, organisation)

    def dataset(self, slug: str) -> Dataset:
        if slug not in self.datasets:
            raise NotFound(f"No dataset {slug!r} is registered.", rule="dataset.exists", value=slug,
                           next_step=f"Registered are: {', '.join(sorted(self.datasets)) or 'none'}.")
        return self.datasets[slug][0]

    def title_of(self, dataset: str) -> str:
        """What a dataset is called; one that is registered no more goes by its slug."""
        return self.datasets[dataset][0].title if dataset in self.datasets else dataset

    def datasets_of(self, custodian: str) -> frozenset[str]:
        """The datasets of which this person is the custodian."""
        return frozenset(slug for slug, (dataset, _) in self.datasets.items() if dataset.custodian == custodian)

    def dataset_or_twin(self, slug: str) -> Dataset:
        """A registered dataset, or the made-up rows for the tables of one: what a private answer can be of."""
        original = self.dataset(slug.removesuffix(TWIN))
        if not is_twin(slug):
            return original
        if not original.synthetic_twin:
            raise NotFound(f"{original.slug} has no synthetic twin.", rule="dataset.twin", value=original.slug,
                           next_step="Its custodian can register one; the price says what to expect without.")
        return original.twin

    def of_the_same_people(self, slug: str) -> tuple[str, ...]:
        """The datasets whose private answers spend from one budget with this one's, itself included; sorted."""
        people = self.dataset(slug).people
        return tuple(sorted(other for other, (dataset, _) in self.datasets.items()
                            if other == slug or (people and dataset.people == people)))

    def layers(self, programme: str, dataset: str) -> tuple[Layer, ...]:
        """Site, programme and dataset, outermost first. A programme without a file of its own adds nothing."""
        self.dataset(dataset)
        found = (self.site, self.programmes.get(programme), Layer(f"dataset {dataset}", self.datasets[dataset][1]))
        return tuple(layer for layer in found if layer is not None)

    def owners(self, programme: str) -> tuple[str, ...]:
        """Those whom a programme names to answer its applications; none: everyone with the owner role."""
        layer = self.programmes.get(programme)
        return layer.owners if layer else ()

    def layers_of_grant(self, project: Project, grant: Grant) -> tuple[Layer, ...]:
        """All that meets in one grant: its dataset's layers, what its custodian agreed to, what the project chose."""
        agreed = strictest(grant.rules, Policy(project_budget_micro_rho=grant.budget_micro_rho))
        return (*self.layers(project.programme, grant.dataset),
                Layer("datasets about the same people", self._shared_budget(grant.dataset)),
                Layer(f"grant of {grant.dataset}", agreed), Layer("project", Policy(tier=project.tier)))

    def for_grant(self, project: Project, grant: Grant) -> Policy:
        """The effective policy of one grant: the strictest of its layers, its custodian's rules and its budget."""
        return self.in_programme(project.programme, grant)

    def in_programme(self, programme: str, grant: Grant) -> Policy:
        """The same where only the programme of its project is at hand."""

        def combine() -> Policy:
            own = strictest(grant.rules, Policy(project_budget_micro_rho=grant.budget_micro_rho))
            return strictest(*(layer.policy for layer in self.layers(programme, grant.dataset)),
                             self._shared_budget(grant.dataset), own)

        rules = None if grant.rules is NO_RULES else grant.rules
        return self._remembered((programme, grant.dataset, grant.budget_micro_rho, rules),
                                (self.programmes.get(programme), self.datasets.get(grant.dataset)), combine)

    def _remembered(self, key: tuple[object, ...], stands_on: tuple[object, ...], combine: Callable[[], Policy]
                    ) -> Policy:
        """What was combined before, as long as it stands on the same things: access is decided all the time."""
        known = self._known.get(key)
        if known is not None and known[0] == stands_on:  # of the very same objects tuples ask no further
            return known[1]
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        made = combine()
        self._known[key] = (stands_on, made)
        return made

    def _shared_budget(self, slug: str) -> Policy:
        """The tightest budget of all datasets about the same people: what is spent on any counts for each."""
        policies = [self.datasets[other][1] for other in self.of_the_same_people(slug)]
        return strictest(*(Policy(dataset_budget_micro_rho=policy.dataset_budget_micro_rho,
                                  dataset_budget_femto_delta=policy.dataset_budget_femto_delta)
                           for policy in policies))

    def of_dataset(self, slug: str) -> Policy:
        """What holds for a dataset whoever uses it: site, dataset, and the budget that it shares."""
        return strictest(self.site.policy, self.datasets[self.dataset(slug).slug][1], self._shared_budget(slug))

    def for_project(self, project: Project, grants: Iterable[Grant]) -> Policy:
        """The effective policy of what leaves a project: the strictest over all its grants."""
        return self.meeting(project, [self.for_grant(project, grant) for grant in grants])

    def meeting(self, project: Project, policies: Iterable[Policy]) -> Policy:
        """The same of the effective policies of its grants."""
        each = tuple(policies)
        return self._remembered((project.tier, *map(id, each)), each,
                                lambda: strictest(self.site.policy, Policy(tier=project.tier), *each))

    def fingerprint(self, programme: str, dataset: str) -> str:
        """Content hash of the layers that a grant is given under; it changes when any of them does."""
        said = {layer.name: layer.policy.model_dump(mode="json") for layer in self.layers(programme, dataset)}
        for policy in said.values():
            for name, value in policy.items():
                if isinstance(value, list):
                    policy[name] = sorted(value)
        return hashlib.sha256(rfc8785.dumps(said)).hexdigest()
