"""How a private answer was made, in the words of RO-Crate: an action with its tool, its parameters and its results.

Follows the Process Run Crate profile (https://w3id.org/ro/wfrun/process/0.5): a CreateAction whose instrument is the
software, whose objects are the dataset and one PropertyValue for each parameter, and whose results are the files.
"""

from __future__ import annotations

from typing import Any

from rocrate.model.contextentity import ContextEntity
from rocrate.model.person import Person as CratePerson
from rocrate.rocrate import ROCrate

from readingroom.core.answers import PrivateAnswer

PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
PARAMETERS = {
    "statistic": "what was asked", "canonical": "the question in canonical form (RFC 8785)",
    "mechanism": "how noise was added", "scale": "scale of the noise", "epsilon": "privacy loss, epsilon",
    "delta": "privacy loss, delta", "rho_micro": "privacy loss in millionths of rho (zero-concentrated)",
    "femto_delta": "delta spent on finding categories, in units of 1e-15", "unit": "whom the guarantee protects",
    "K": "rows used of each person at most", "half_width_95": "95% half-width of the noise",
    "guarantee": "what is promised to each person", "leaves_out": "what the intervals leave out",
    "citation": "how to cite it",
}
SOFTWARE = {"opendp": ("OpenDP", "https://opendp.org/"), "readingroom": ("Reading Room", "")}


def describe(crate: ROCrate, answer: PrivateAnswer, files: list[str]) -> None:
    """Add the answer, how it was made and with what, to the crate. It holds nothing that the answer does not.

    Of the dataset's version only its place in order, as in the answer: its name is a hash of the data.
    """
    given = answer.answer or {}
    here = f"#private-answer-{answer.id}"
    versions: dict[str, str] = given.get("versions") or {}
    place = str(versions.get("dataset_version", ""))
    about = {"@type": "Dataset", "name": answer.dataset,
             "description": "The data that were asked. They are not in this crate."}
    dataset = crate.add(ContextEntity(crate, f"#dataset-{answer.dataset}", properties=about | (
        {"version": place} if place else {})))
    tools = [crate.add(ContextEntity(crate, f"#software-{name}", properties={
        "@type": "SoftwareApplication", "name": words, "version": str(versions[name])} | ({"url": url} if url else {})))
        for name, (words, url) in SOFTWARE.items() if versions.get(name)]
    parameters = [crate.add(ContextEntity(crate, f"{here}-{name}", properties={
        "@type": "PropertyValue", "propertyID": name, "name": words, "value": given[name]}))
        for name, words in PARAMETERS.items() if given.get(name) not in (None, "")]
    asker = crate.get(f"#person-{answer.asked_by}") or crate.add(
        CratePerson(crate, f"#person-{answer.asked_by}", properties={"name": answer.asked_by}))
    crate.add(ContextEntity(crate, here, properties={
        "@type": "CreateAction", "name": f"Differentially private answer {answer.id}",
        "description": str(given.get("statement", "")), "actionStatus": "http://schema.org/CompletedActionStatus",
        "startTime": answer.asked_at.isoformat(), "endTime": answer.deliver_at.isoformat(),
        "agent": _at(asker), "instrument": [_at(tool) for tool in tools],
        "object": [_at(one) for one in (dataset, *parameters)], "result": [{"@id": file} for file in files]}))
    crate.root_dataset.append_to("mentions", {"@id": here})
    crate.root_dataset["conformsTo"] = [*_listed(crate.root_dataset["conformsTo"]), {"@id": PROFILE}]


def _at(entity: Any) -> dict[str, str]:
    return {"@id": entity.id}


def _listed(value: Any) -> list[Any]:
    """What rocrate gives back for a property, as references again."""
    return [one if isinstance(one, dict) else {"@id": getattr(one, "id", one)}
            for one in (value if isinstance(value, list) else [value])]
