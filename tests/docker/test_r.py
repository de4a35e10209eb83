"""R in a workspace: what it holds, and that granted data and the pre-flight reach it, under the real confinement."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import date, datetime

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from readingroom import installed
from readingroom.hub.confinement import seccomp_profile
from readingroom.ops import images
from readingroom.ops.engine import client
from readingroom.ops.progress import Progress
from readingroom.settings import Settings

pytestmark = pytest.mark.docker

CASES = pa.table({
    "person": ["a", "b", "c", "a"],
    "sex": pa.array([1, 2, None, 1], pa.int64()),
    "age": pa.array([20, 30, None, 20], pa.int32()),
    "score": [1.5, None, float("inf"), -0.1],
    "note": ['x "q"\n, y', None, "é", "NA"],
    "seen": pa.array([datetime(2024, 1, 2, 3, 4, 5, 500_000), None, datetime(1969, 12, 31), None], pa.timestamp("us")),
    "big": [2**40, 1, 2, 3],
    "huge": [2**60, 1, None, 3],
    "flag": [True, False, None, True],
    "day": pa.array([date(2024, 2, 29), None, date(1960, 1, 1), None]),
})


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    made = Settings(state_dir=tmp_path_factory.mktemp("images"))
    images.provide(made, Progress(), ["notebook-r"])
    return made


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    folder.chmod(0o755)
    (folder / "courts").mkdir()
    parquet.write_table(CASES, folder / "courts" / "cases.parquet")
    columns = [{"name": name, "label": name.title(), "type": "x", "codes": {"1": "Male", "2": "Female"} if name == "sex"
                else {}, "lower": None, "upper": None, "identifier": name == "person"} for name in CASES.column_names]
    (folder / "courts" / "dataset.json").write_text(json.dumps({
        "slug": "courts", "title": "Courts", "version": "v1", "synthetic": True, "known_issues": [],
        "tables": [{"name": "cases", "label": "Cases", "privacy_unit": "person", "columns": columns}]}))
    return folder


@pytest.fixture
def r(settings, data):
    def run(code: str) -> str:
        (data / "script.R").write_text(code)
        with closing(client(settings)) as engine:
            return engine.containers.run(
                installed.image_id(settings, "notebook-r"), ["/data/script.R"], entrypoint="Rscript", remove=True,
                network_mode="none", read_only=True, cap_drop=["ALL"], labels={"readingroom.test": "r"},
                security_opt=["no-new-privileges:true", f"seccomp={seccomp_profile()}"], tmpfs={"/tmp": "noexec"},
                volumes={str(data): {"bind": "/data", "mode": "ro"}}, environment={"HOME": "/tmp"},
                working_dir="/tmp").decode().strip()

    return run


LOADED = """
x <- readingroom::load("courts")
stopifnot(
  identical(x$person, c("a", "b", "c", "a")), is.data.frame(x), nrow(x) == 4,
  is.ordered(x$sex), identical(levels(x$sex), c("Male", "Female")), identical(as.integer(x$sex), c(1L, 2L, NA, 1L)),
  identical(x$age[c(1, 3)], c(20, NA)), identical(x$score[c(1, 3)], c(1.5, Inf)), is.na(x$score[2]),
  identical(x$note, c("x \\"q\\"\\n, y", NA, "\\u00e9", "NA")),
  inherits(x$seen, "POSIXct"), attr(x$seen, "tzone") == "UTC", identical(as.numeric(x$seen[1]), 1704164645.5),
  identical(as.numeric(x$seen[3]), -86400), is.na(x$seen[2]), identical(x$big[1], 2^40),
  identical(x$flag, c(TRUE, FALSE, NA, TRUE)), identical(x$day[c(1, 3)], as.Date(c("2024-02-29", "1960-01-01"))),
  identical(attr(x, "privacy_unit"), "person"),
  identical(names(readingroom::load("courts", "cases", c("day", "age"))), c("day", "age")),
  identical(readingroom::load("courts", labels = FALSE)$sex[1:3], c(1, 2, NA)))
cat("held\n")
"""


def test_every_type_arrives_as_rs_own_and_missing_stays_missing(r):
    assert r(LOADED) == "held"


def test_a_table_of_people_is_saved_with_evidence_and_checked(r):
    """Person a is in two rows and counts once, as in Python."""
    said = r("""
x <- readingroom::load("courts")
made <- readingroom::people_table(x, "sex", path = "t.csv", totals = TRUE)
again <- readingroom::preflight("t.csv")
cat(made$verdict, readLines("t.csv"), file.exists("t.csv.evidence.json"), again$verdict, "\n", sep = "|")
""")
    assert said == "FAIL|sex,people|Male,1|Female,1|Total,2|TRUE|FAIL|"


def test_a_refusal_names_rule_and_next_step_in_r_too(r):
    said = r("""for (call in expression(readingroom::load("nope", "t"), readingroom::load("courts", "cases", "zz"),
                                        readingroom::workspace(), readingroom::preflight("none.csv"),
                                        readingroom::resubmit(7, "t.csv", drop = "u.csv"), readingroom::withdraw(7)))
  cat(conditionMessage(tryCatch(eval(call), error = identity)), "\\n")""")
    for rule in ("data.dataset", "data.column", "door.workspace", "output.file"):
        assert f"Rule: {rule}" in said
    assert said.count("Next: ") == 6 and said.count("Rule: door.workspace") == 3


def test_what_analysts_use_loads_and_draws_under_the_confinement(r):
    assert r("""suppressMessages({ library(dplyr); library(tidyr); library(ggplot2); library(data.table)
library(survival); library(lme4); library(survey); library(mice); library(haven); library(lubridate) })
fit <- lmer(Reaction ~ Days + (Days | Subject), sleepstudy)
ggsave("p.png", ggplot(mtcars, aes(mpg, wt)) + geom_point(), width = 4, height = 3)
stopifnot(file.size("p.png") > 5000, abs(fixef(fit)["Days"] - 10.467) < 0.001)
cat(coxph(Surv(time, status) ~ age, lung)$n, "\n")""") == "228"


def test_its_kernel_answers(settings):
    """R's kernel under Jupyter, with nothing but a noexec temporary directory to write to."""
    with closing(client(settings)) as engine:
        said = engine.containers.run(
            installed.image_id(settings, "notebook-r"), ["-c", """
from jupyter_client.manager import start_new_kernel
manager, kernel = start_new_kernel(kernel_name="ir")
kernel.execute_interactive("1:3 * 2; plot(1:3)", timeout=60, output_hook=lambda m: print(
    m["msg_type"], sorted(m["content"].get("data", {}))))
manager.shutdown_kernel(now=True)"""], entrypoint="/opt/venv/bin/python", remove=True, network_mode="none",
            read_only=True, tmpfs={"/tmp": "noexec"}, environment={"HOME": "/tmp"}, working_dir="/tmp", stderr=False,
            cap_drop=["ALL"], security_opt=["no-new-privileges:true", f"seccomp={seccomp_profile()}"],
            labels={"readingroom.test": "r"}).decode()
    assert "display_data" in said and "image/png" in said
