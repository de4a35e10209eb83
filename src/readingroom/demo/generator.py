"""Generates the demo programme's tables: two departments, two datasets, five tables, linked by person.

Marginals are planning values chosen to resemble published Data First figures (how often people return to court,
the mix of offences and disposals, missing ethnicity); they are not statistics of anyone.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

Rng = np.random.Generator

SEX = (["M", "F", None], [0.815, 0.17, 0.015])
ETHNICITY = (["W", "B", "A", "M", "O", "R", "Z4", "Z5"], [0.775, 0.088, 0.078, 0.029, 0.010, 0.012, 0.005, 0.003])
ETHNICITY_MISSING_SUMMARY, ETHNICITY_MISSING_INDICTABLE = 0.40, 0.14
REGIONS = ["NE", "NW", "YH", "EM", "WM", "EE", "LN", "SE", "SW", "WA"]
REGION_SHARES = [0.06, 0.14, 0.11, 0.08, 0.12, 0.09, 0.16, 0.11, 0.07, 0.06]
DEPRIVATION_SHARES = [0.25, 0.16, 0.13, 0.11, 0.09, 0.08, 0.06, 0.05, 0.04, 0.03]
OFFENCES = (
    ["SM", "SN", "TH", "VP", "DR", "PO", "MC", "CD", "PW", "FR", "SX", "RB"],
    [0.45, 0.25, 0.08, 0.07, 0.05, 0.03, 0.03, 0.01, 0.01, 0.01, 0.005, 0.005],
)
SUMMARY_OFFENCES = ("SM", "SN")
DISPOSALS_SUMMARY = (["FI", "CO", "SU", "CU", "DI"], [0.87, 0.025, 0.010, 0.008, 0.087])
DISPOSALS_INDICTABLE = (["FI", "CO", "SU", "CU", "DI"], [0.537, 0.142, 0.077, 0.114, 0.130])
PLEAS = (["G", "N", "X"], [0.62, 0.16, 0.22])
FIRST_DAY, DAYS = np.datetime64("2011-01-01"), 4383  # to the end of 2022
COVERAGE_BREAK, STILL_COVERED = np.datetime64("2021-01-01"), 0.2  # cases on the newer system are missing from here
PUPIL_SHARE = 0.45
LINK_MISSED, LINK_MISSED_OTHER_GROUPS, LINK_FALSE = 0.05, 0.09, 0.007


def generate(people: int, *, seed: int) -> dict[str, dict[str, pa.Table]]:
    """Tables by dataset and name. The same numbers give the same tables.

    `magistrates-courts`: defendants (a row per person), cases (a row per case). `school-history`: pupils (a row
    per person), absences (a row per school year), exclusions. About `people` defendants; some of them, and as
    many others again, are pupils. Between the two, some links are missing and a few join the wrong people.
    """
    rng = np.random.default_rng(seed)
    identifiers = _identifiers(rng, people + people)
    courts = _courts(rng, identifiers[:people])
    linked = int(people * PUPIL_SHARE)
    ethnicity = np.array(courts["defendants"].column("ethnicity").to_pylist()[people - linked:], dtype=object)
    pupils = _with_link_errors(rng, identifiers[people - linked:people + people // 2], linked, ethnicity,
                               identifiers[people + people // 2:])
    return {"magistrates-courts": courts, "school-history": _schools(rng, pupils)}


def _courts(rng: Rng, person_id: np.ndarray) -> dict[str, pa.Table]:
    count = len(person_id)
    birth_year = 2011 - np.clip(np.exp(rng.normal(3.38, 0.38, count)), 10, 90).astype(int) + rng.integers(0, 9, count)
    cases_each = _cases_each(rng, count)
    owner = np.repeat(np.arange(count), cases_each)
    offence = _drawn(rng, OFFENCES, len(owner))
    indictable = ~np.isin(offence, SUMMARY_OFFENCES)
    ever_indictable = np.zeros(count, dtype=bool)
    ever_indictable[owner[indictable]] = True
    missing = np.where(ever_indictable, ETHNICITY_MISSING_INDICTABLE, ETHNICITY_MISSING_SUMMARY)
    defendants = pa.table({
        "person_id": person_id,
        "sex": _drawn(rng, SEX, count),
        "birth_year": birth_year,
        "ethnicity": np.where(rng.random(count) < missing, None, _drawn(rng, ETHNICITY, count)),
        "region": rng.choice(REGIONS, count, p=REGION_SHARES),
        "deprivation_decile": rng.choice(np.arange(1, 11), count, p=DEPRIVATION_SHARES),
        "cases": cases_each,
    })
    return {"defendants": defendants, "cases": _cases(rng, person_id, birth_year, owner, offence, indictable)}


def _cases_each(rng: Rng, count: int) -> np.ndarray:
    """Cases per person: 44% one, 17% two, 21% three to six, 18% seven or more."""
    band = rng.choice(4, count, p=[0.44, 0.17, 0.21, 0.18])
    many = 7 + np.minimum(rng.geometric(0.22, count) - 1, 33)
    return np.select([band == 0, band == 1, band == 2], [1, 2, rng.integers(3, 7, count)], many)


def _cases(rng: Rng, person_id: np.ndarray, birth_year: np.ndarray, owner: np.ndarray, offence: np.ndarray,
           indictable: np.ndarray) -> pa.Table:
    count = len(owner)
    heard = _days_heard(rng, count)
    disposal = np.where(indictable, _drawn(rng, DISPOSALS_INDICTABLE, count), _drawn(rng, DISPOSALS_SUMMARY, count))
    custody = disposal == "CU"
    months = np.where(custody, np.clip(np.exp(rng.normal(np.log(6), 0.8, count)), 0.25, 120).round(1), np.nan)
    fine = np.where(disposal == "FI", np.clip(np.exp(rng.normal(5.3, 0.8, count)), 10, 20_000).round(), np.nan)
    age = heard.astype("datetime64[Y]").astype(int) + 1970 - birth_year[owner]
    return pa.table({
        "person_id": person_id[owner],
        "case_id": _identifiers(rng, count, "c"),
        "result_year": heard.astype("datetime64[Y]").astype(int) + 1970,
        "result_date": pa.array(heard.astype(str), pa.string()),
        "age_at_result": np.clip(age, 10, 100),
        "offence_group": offence,
        "plea": _drawn(rng, PLEAS, count),
        "disposal": disposal,
        "custody_months": pa.array(months, pa.float64(), from_pandas=True),
        "fine_pounds": pa.array(fine, pa.float64(), from_pandas=True),
        "sent_to_crown": pa.array((rng.random(count) < np.where(indictable, 0.18, 0.01)).astype(int), pa.int64()),
        "hearing_note": pa.array(_drawn(rng, ([None, "", "synthetic note"], [0.8, 0.1, 0.1]), count), pa.string()),
    }).take(rng.permutation(count))


def _days_heard(rng: Rng, count: int) -> np.ndarray:
    """Days of result, about even until the coverage break and a fifth as many after it."""
    days = FIRST_DAY + np.arange(DAYS)
    weights = np.where(days < COVERAGE_BREAK, 1.0, STILL_COVERED)
    return days[np.searchsorted(np.cumsum(weights) / weights.sum(), rng.random(count), side="right").clip(0, DAYS - 1)]


def _with_link_errors(rng: Rng, pupils: np.ndarray, linked: int, ethnicity: np.ndarray,
                      fresh: np.ndarray) -> np.ndarray:
    """The pupils' identifiers as a linkage would find them: the first `linked` are defendants too.

    A missed link gives the pupil a fresh identifier, more often outside the largest group; a false one exchanges
    two pupils' identifiers.
    """
    found = pupils.copy()
    chance = np.where(ethnicity == "W", LINK_MISSED, LINK_MISSED_OTHER_GROUPS)
    missed = np.flatnonzero(rng.random(linked) < chance)
    found[missed] = fresh[:len(missed)]
    wrong = np.flatnonzero(rng.random(len(found)) < LINK_FALSE)
    found[wrong] = found[np.roll(wrong, 1)]
    return found


def _schools(rng: Rng, person_id: np.ndarray) -> dict[str, pa.Table]:
    count = len(person_id)
    fsm, sen = rng.random(count) < 0.28, rng.random(count) < 0.24
    attainment = np.clip(rng.normal(44 - 9 * fsm - 11 * sen, 15, count), 0, 90).round(1)
    pupils = pa.table({
        "person_id": person_id,
        "sex": _drawn(rng, (["M", "F"], [0.52, 0.48]), count),
        "birth_year": rng.integers(1986, 2007, count),
        "free_school_meals": fsm.astype(int),
        "special_needs": sen.astype(int),
        "attainment_score": pa.array(np.where(rng.random(count) < 0.08, np.nan, attainment), pa.float64(),
                                     from_pandas=True),
        "school_name": pa.array([f"Synthetic School {number}" for number in rng.integers(1, 400, count)]),
    })
    years_each = rng.integers(1, 6, count)
    owner = np.repeat(np.arange(count), years_each)
    year = 2006 + (np.arange(len(owner)) - np.repeat(np.cumsum(years_each) - years_each, years_each))
    year = year + np.repeat(rng.integers(0, 8, count), years_each)
    sessions = rng.negative_binomial(1.4, 0.06, len(owner)) + 6 * fsm[owner]
    absences = pa.table({
        "person_id": person_id[owner],
        "school_year": year,
        "sessions_missed": np.minimum(sessions, 380),
        "persistent": (sessions >= 38).astype(int),
    })
    excluded = np.flatnonzero(rng.random(count) < 0.05 + 0.06 * fsm + 0.05 * sen)
    exclusions = pa.table({
        "person_id": person_id[excluded],
        "school_year": rng.integers(2006, 2019, len(excluded)),
        "reason": _drawn(rng, (["PD", "PA", "VA", "DM", "OT"], [0.34, 0.24, 0.2, 0.06, 0.16]), len(excluded)),
        "days": np.minimum(rng.geometric(0.35, len(excluded)), 45),
    })
    return {"pupils": pupils, "absences": absences, "exclusions": exclusions}


def _drawn(rng: Rng, choice: tuple[list[str | None], list[float]], count: int) -> np.ndarray:
    values, shares = choice
    return np.array(values, dtype=object)[rng.choice(len(values), count, p=np.array(shares) / sum(shares))]


def _identifiers(rng: Rng, count: int, prefix: str = "p") -> np.ndarray:
    """Distinct made-up identifiers in no particular order."""
    numbers = rng.permutation(count * 7)[:count]
    return np.array([f"{prefix}{number:09d}" for number in numbers], dtype=object)
