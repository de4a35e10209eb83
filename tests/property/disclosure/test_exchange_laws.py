"""Laws of what comes from ACRO and goes to SACRO-Viewer, on hostile records."""

import hashlib
import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from readingroom.core.disclosure.exchange.acro import is_plain_name, read_acro
from readingroom.core.disclosure.exchange.sacro import ToExport, plain_name, sacro_directory
from readingroom.core.disclosure.verdict import Verdict
from readingroom.core.policy import Policy
from readingroom.errors import InvalidInput

POLICY = Policy(threshold=10, threshold_inclusive=False, zeros_disclosive=True, dominance=frozenset({(2, 90.0)}),
                p_percent=10, residual_degrees_of_freedom=10, output_types=frozenset({"csv", "txt"}),
                max_file_bytes=1_000_000, max_table_rows=5000)
TABLE = b"g,x\nA,75\nB,59\n"

values = st.recursive(st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=6),
                      lambda inner: st.lists(inner, max_size=3)
                      | st.dictionaries(st.text(max_size=6), inner, max_size=3), max_leaves=6)
names = st.sampled_from(["t.csv", "../t.csv", "/t.csv", "", "a/b"]) | st.text(max_size=8)
cells = st.dictionaries(st.sampled_from(["MinimumThresholdCheck", "NKCheck", "other"]), values, max_size=2)
files = st.lists(values | st.fixed_dictionaries({"name": names | values, "sdc": values | st.fixed_dictionaries(
    {"cells": cells | values})}), max_size=3) | values
results = st.fixed_dictionaries({
    "files": files, "status": st.sampled_from(["pass", "Review", "fail"]) | values}, optional={
    "type": st.just("regression") | values, "properties": values, "exception": values, "summary": values})


class TestARecordOfTheResearchersEarnsNothing:
    @settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.dictionaries(st.text(max_size=5), results | values, min_size=1, max_size=2), values)
    def test_law(self, said, version):
        record = json.dumps({"version": version, "results": said}).encode()
        made = {"results.json": record, "t.csv": TABLE,
                "checksums/t.csv.txt": hashlib.sha256(TABLE).hexdigest().encode()}
        try:
            found = read_acro(made, POLICY)
        except InvalidInput:
            return
        assert found.verdict is not Verdict.PASS
        assert all(output.verdict is not Verdict.PASS for output in found.outputs)
        assert all(is_plain_name(file) for output in found.outputs for file in output.files)


class TestNoNameLeavesTheDirectory:
    @settings(max_examples=150)
    @given(st.text(max_size=120), st.integers(1, 9), st.sets(st.sampled_from(["output", "a.csv"])))
    def test_law(self, name, number, taken):
        made = plain_name(name, number, taken)
        assert is_plain_name(made)
        assert made.isascii()
        assert made not in {"outputs.json", "config.json", *taken}


class TestEveryExportHasItsChecksums:
    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30), min_size=1, max_size=4))
    def test_law(self, texts):
        outputs = [ToExport(f"{at}.txt", f"x {text}".encode(), None, text) for at, text in enumerate(texts)]
        made = sacro_directory(outputs, POLICY, "2026-01-01T00:00:00+00:00")
        for name, content in made.items():
            if not name.startswith("checksums/"):
                assert made[f"checksums/{name}.txt"].decode() == hashlib.sha256(content).hexdigest()
        assert len(json.loads(made["outputs.json"])["results"]) == len(texts)
