"""Generates the demo programme's tables: two departments, two datasets, five tables, linked by person.

Marginals are planning values chosen to resemble published Data First figures (how often people return to court,
the mix of offences and disposals, missing ethnicity); they are not statistics of anyone.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

Rng = np.random.Generator

SEX = (["M", "F", None], [0.815, 0.17, 0.015])
ETHNICITY = (["W", "B", "A", "M", "O", None], [0.576, 0.066, 0.058, 0.022, 0.008, 0.27])
REGIONS = ["NE", "NW", "YH", "EM", "WM", "EE", "LN", "SE", "SW", "WA"]
REGION_SHARES = [0.06, 0.14, 0.11, 0.08, 0.12, 0.09, 0.16, 0.11, 0.07, 0.06]
OFFENCES = (
    ["SM", "SN", "TH", "VP", "DR", "PO", "MC", "CD", "PW", "FR", "SX", "RB"],
    [0.45, 0.25, 0.08, 0.07, 0.05, 0.03, 0.03, 0.01, 0.01, 0.01, 0.005, 0.005],
)
DISPOSALS = (["FI", "CO", "SU", "CU", "DI"], [0.77, 0.06, 0.03, 0.04, 0.10])
PLEAS = (["G", "N", "X"], [0.62, 0.16, 0.22])
FIRST_DAY, DAYS = np.datetime64("2011-01-01"), 4383  # to the end of 2022
COVERAGE_BREAK = np.datetime64("2021-01-01")  # cases on the newer system are missing from here
PUPIL_SHARE = 0.45


def generate(people: int, *, seed: int) -> dict[str, dict[str, pa.Table]]:
    """Tables by dataset and name. The same numbers give the same tables.

    `magistrates-courts`: defendants (a row per person), cases (a row per case). `school-history`: pupils (a row
    per person), absences (a row per school year), exclusions. About `people` defendants; some of them, and as
    many others again, are pupils.
    """
    rng = np.random.default_rng(seed)
    identifiers = _identifiers(rng, people + people // 2)
    defendants, pupils = identifiers[:people], identifiers[int(people * (1 - PUPIL_SHARE)):]
    courts = _courts(rng, defendants)
    return {"magistrates-courts": courts, "school-history": _schools(rng, pupils)}


def _courts(rng: Rng, person_id: np.ndarray) -> dict[str, pa.Table]:
    count = len(person_id)
    birth_year = 2011 - np.clip(np.exp(rng.normal(3.38, 0.38, count)), 10, 90).astype(int) + rng.integers(0, 9, count)
    deprivation = rng.choice(np.arange(1, 11), count, p=[.25, .16, .13, .11, .09, .08, .06, .05, .04, .03])
    cases_each = _cases_each(rng, count)
    defendants = pa.table({
        "person_id": person_id,
        "sex": _drawn(rng, SEX, count),
        "birth_year": birth_year,
        "ethnicity": _drawn(rng, ETHNICITY, count),
        "region": rng.choice(REGIONS, count, p=REGION_SHARES),
        "deprivation_decile": deprivation,
        "cases": cases_each,
    })
    return {"defendants": defendants, "cases": _cases(rng, person_id, birth_year, cases_each)}


def _cases_each(rng: Rng, count: int) -> np.ndarray:
    """Cases per person: 44% one, 17% two, 21% three to six, 18% seven or more."""
    band = rng.choice(4, count, p=[0.44, 0.17, 0.21, 0.18])
    many = 7 + np.minimum(rng.geometric(0.22, count) - 1, 33)
    return np.select([band == 0, band == 1, band == 2], [1, 2, rng.integers(3, 7, count)], many)


def _cases(rng: Rng, person_id: np.ndarray, birth_year: np.ndarray, cases_each: np.ndarray) -> pa.Table:
    owner = np.repeat(np.arange(len(person_id)), cases_each)
    count = len(owner)
    heard = FIRST_DAY + rng.integers(0, DAYS, count)
    kept = (heard < COVERAGE_BREAK) | (rng.random(count) < 0.2)
    owner, heard = owner[kept], heard[kept]
    count = len(owner)
    offence, plea, disposal = (_drawn(rng, choice, count) for choice in (OFFENCES, PLEAS, DISPOSALS))
    custody = disposal == "CU"
    months = np.where(custody, np.clip(np.exp(rng.normal(np.log(6), 0.8, count)), 0.25, 120).round(1), np.nan)
    fine = np.where(disposal == "FI", np.clip(np.exp(rng.normal(5.3, 0.8, count)), 10, 20_000).round(), np.nan)
    age = heard.astype("datetime64[Y]").astype(int) + 1970 - birth_year[owner]
    order = rng.permutation(count)
    return pa.table({
        "person_id": person_id[owner],
        "case_id": _identifiers(rng, count, "c"),
        "result_year": heard.astype("datetime64[Y]").astype(int) + 1970,
        "result_date": pa.array(heard.astype(str), pa.string()),
        "age_at_result": np.clip(age, 10, 100),
        "offence_group": offence,
        "plea": plea,
        "disposal": disposal,
        "custody_months": pa.array(months, pa.float64(), from_pandas=True),
        "fine_pounds": pa.array(fine, pa.float64(), from_pandas=True),
        "sent_to_crown": pa.array((rng.random(count) < 0.06).astype(int), pa.int64()),
        "hearing_note": pa.array(np.where(rng.random(count) < 0.9, None, "synthetic note"), pa.string()),
    }).take(order)


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
