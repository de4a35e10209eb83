"""`python -m readingroom.demo` writes the synthetic tables as plain files that say what they are."""

import pyarrow.parquet as pq
import pytest

from readingroom.demo import generate
from readingroom.demo.__main__ import main


def test_the_command_writes_every_table_and_says_synthetic(tmp_path, capsys):
    main(["--people", "50", "--seed", "3", "--out", str(tmp_path)])
    for dataset, tables in generate(50, seed=3).items():
        assert "Nobody in it exists" in (tmp_path / dataset / "SYNTHETIC.txt").read_text()
        for name, table in tables.items():
            written = pq.read_table(tmp_path / dataset / f"{name}.parquet")
            assert written.schema.metadata[b"synthetic"] == b"true"
            assert written.num_rows == table.num_rows
    assert capsys.readouterr().out.count("synthetic rows") == 5


@pytest.mark.parametrize("people", ["0", "-1", "many"])
def test_a_number_of_people_that_is_none_is_refused(tmp_path, people):
    with pytest.raises(SystemExit) as ended:
        main(["--people", people, "--out", str(tmp_path)])
    assert ended.value.code == 2
    assert not list(tmp_path.iterdir())
